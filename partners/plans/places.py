"""Where the people of a case are, as far as anybody said."""

from __future__ import annotations

from triage.cases.models import Case


def municipality_of(case: Case) -> str | None:
    """The affected child's municipality, which decides whose unit and whose local police it is."""
    name = (case.facts.get("victim") or {}).get("municipality")
    return str(name) if name else None
