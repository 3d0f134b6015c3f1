"""Where the people and the items of a case are, as far as plans ask for it."""

from __future__ import annotations

from collections.abc import Sequence

from triage.cases.models import Case, CaseItem
from triage.jurisdiction import HELPERS, Route, Routing


def municipality_of(case: Case) -> str | None:
    """The affected child's municipality, which decides whose unit and whose local police it is."""
    name = (case.facts.get("victim") or {}).get("municipality")
    return str(name) if name else None


def places_on_route(case: Case, route: Route) -> Sequence[CaseItem]:
    """The located items that the route is about: those whose own answer of the rules names it.

    Whoever helps a child or looks for a person is told of the whole case.
    """
    located = case.located
    # The case's only item, and those from before items had answers of their own.
    if route.to in HELPERS or not any(place.routing for place in located):
        return located
    return [
        place
        for place in located
        if Routing.from_json(place.routing).route(route.id) is not None
    ]
