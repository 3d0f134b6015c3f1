"""From facts to an explained answer: jurisdiction, routes, priority. Advisory: a person decides.

The rows that this follows: a child in danger, a domestic nexus, hosting at home, hosting with and
without a hotline, platforms, CDNs, hidden hosting, persons abroad, the stop list, the unknown, the
lawful. When a host moves, the facts change and this is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from triage import priority
from triage.jurisdiction.facts import Facts
from triage.jurisdiction.grounds import Finding, findings
from triage.jurisdiction.messages import Reason, catalog_of, render
from triage.jurisdiction.routes import Draft, drafts
from triage.jurisdiction.rules import Rules
from triage.jurisdiction.situation import Situation


@dataclass(frozen=True, slots=True)
class Ground:
    """Whether a country has jurisdiction on one ground: ``status`` is yes, no or unknown."""

    country: str
    ground: str
    basis: str
    status: str
    why: str


@dataclass(frozen=True, slots=True)
class Route:
    """Whom to tell, when, how urgently, and why. ``name`` is empty where it is yet to be found."""

    to: str
    country: str | None
    name: str
    after: str | None
    urgency: str
    automatic: bool
    why: str
    basis: str


@dataclass(frozen=True, slots=True)
class Routing:
    """The whole answer, in the language it was asked for."""

    jurisdiction: tuple[Ground, ...]
    routes: tuple[Route, ...]
    priority: priority.Priority

    def to_json(self) -> dict[str, Any]:
        return {
            "jurisdiction": [asdict(ground) for ground in self.jurisdiction],
            "routes": [asdict(one) for one in self.routes],
            "priority": {
                "score": self.priority.score,
                "parts": [asdict(part) for part in self.priority.parts],
            },
        }


def route(facts: Facts, rules: Rules, language: str = "en") -> Routing:
    """Who has jurisdiction and who must be told. Raises ``InvalidInput`` for another language."""
    catalog = catalog_of(rules.messages, language)

    def words(reasons: Iterable[Reason]) -> str:
        return render(reasons, catalog, language)

    now = Situation(facts, rules)
    grounds = findings(facts, rules)
    return Routing(
        jurisdiction=tuple(
            Ground(one.country, one.ground, one.basis, one.status, words(one.reasons))
            for one in grounds
        ),
        routes=tuple(
            Route(
                to=draft.to,
                country=draft.country,
                name=draft.name or catalog[f"name.{draft.to}"],
                after=draft.after,
                urgency=draft.urgency,
                automatic=draft.automatic,
                why=words(draft.reasons),
                basis=_basis(draft, now),
            )
            for draft in drafts(now)
        ),
        priority=priority.score(
            signals(facts, grounds, urgent_kind=now.urgent_kind),
            rules.weights,
            language,
        ),
    )


def signals(
    facts: Facts,
    grounds: Iterable[Finding | Ground],
    *,
    urgent_kind: bool = False,
    sightings: int = 1,
    age_hours: float = 0.0,
    deadline_hours: float | None = None,
) -> priority.Signals:
    """What the facts say about urgency, joined with what only the queue knows of the case."""
    lawful = facts.assessment == "not_illegal"
    home_has_it = any(
        one.country == facts.home and one.status == "yes" and one.ground != COMPLAINT
        for one in grounds
    )
    return priority.Signals(
        danger_now=facts.victim.at_immediate_risk is True,
        child_reporting=facts.reporter_is_child is True or facts.own_material is True,
        child_contacted=not lawful and urgent_kind,
        unknown_victim=not lawful and facts.victim.known_identity is False,
        new_material=not lawful and facts.known_list is False,
        list_class=_list_class(facts),
        home_jurisdiction=not lawful and home_has_it,
        sightings=sightings,
        age_hours=age_hours,
        deadline_hours=deadline_hours,
    )


COMPLAINT = "prosecution_without_complaint"
"""Says how a case may be brought, not that the country has jurisdiction."""


def _list_class(facts: Facts) -> priority.ListClass:
    """Lists name their classes in their own way ("INTERPOL baseline"): look for the word."""
    if not facts.known_list:
        return "none"
    named = facts.known_list.casefold() if isinstance(facts.known_list, str) else ""
    if "baseline" in named:
        return "baseline"
    return "national" if "national" in named else "listed"


def _basis(draft: Draft, now: Situation) -> str:
    """The legal basis: home's own where its rules name one, else that of the channel."""
    own = now.home_rules.bases.get(draft.to) if now.home_rules else None
    return own or now.rules.network.bases[draft.to]
