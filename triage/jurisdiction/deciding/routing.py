"""From facts to an explained answer: jurisdiction, routes, priority. Advisory: a person decides.

The rows that this follows: a child in danger, a domestic nexus, hosting at home, hosting with and
without a hotline, platforms, CDNs, hidden hosting, persons abroad, the stop list, the unknown, the
lawful. When a host moves, the facts change and this is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from triage import priority
from triage.jurisdiction.answer import Ground, Route, Routing
from triage.jurisdiction.deciding.drafts import Draft
from triage.jurisdiction.facts import Facts
from triage.jurisdiction.grounds import Finding, assess_grounds
from triage.jurisdiction.messages import (
    Catalog,
    Reason,
    catalog_of,
    render_reasons,
)
from triage.jurisdiction.routes import draft_routes
from triage.jurisdiction.rules import Rules
from triage.jurisdiction.situation import Situation
from triage.jurisdiction.vocabulary import (
    Answer,
    AssessmentClass,
    Destination,
)
from triage.priority import ListClass


def route_facts(
    facts: Facts,
    rules: Rules,
    language: str = "en",
    *,
    for_office: bool = False,
) -> Routing:
    """Who has jurisdiction and who must be told. Raises ``InvalidInput`` for another language.

    ``for_office``: in the words that an office reads, without what concerns only us.

    ::

        facts = Facts(home=country, hosting_country=country)
        for route in route(facts, load_rules()).routes:
            print(route.id, route.why)
    """
    catalog = catalog_of(rules.messages, language)
    voice = _Voice(language, catalog, for_office)
    situation = Situation(facts, rules)
    grounds = tuple(
        voice.say_ground(ground) for ground in assess_grounds(facts, rules)
    )
    signals = priority_signals(
        facts, grounds, urgent_kind=situation.urgent_kind
    )
    return Routing(
        jurisdiction=grounds,
        routes=tuple(
            voice.say_route(draft, situation)
            for draft in draft_routes(situation)
        ),
        priority=priority.score_case(signals, rules.weights, language),
    )


@dataclass(frozen=True, slots=True)
class _Voice:
    """Puts findings and drafts into the words of one language."""

    language: str
    catalog: Catalog
    for_office: bool

    def say_ground(self, finding: Finding) -> Ground:
        return Ground(
            country=finding.country,
            ground=finding.ground,
            basis=finding.basis,
            status=finding.status,
            why=self._say(finding.reasons),
        )

    def say_route(self, draft: Draft, situation: Situation) -> Route:
        return Route(
            to=draft.to,
            country=draft.country,
            name=draft.name or self.catalog[f"name.{draft.to}"],
            after=draft.after,
            urgency=draft.urgency,
            automatic=draft.automatic,
            why=self._say(draft.reasons),
            basis=_legal_basis(draft, situation),
        )

    def _say(self, reasons: Iterable[Reason]) -> str:
        return render_reasons(
            reasons, self.catalog, self.language, for_office=self.for_office
        )


def _legal_basis(draft: Draft, situation: Situation) -> str:
    """The offence for the police; home's own rule for who is at home; else that of the channel."""
    home_rules, kind = situation.home_rules, situation.facts.kind
    channel_basis = situation.rules.network.bases[draft.to]
    is_abroad = draft.country not in {None, situation.facts.home}
    # A host in another country is bound by that country's law, not by ours.
    if home_rules is None or is_abroad:
        return channel_basis
    if draft.to is Destination.POLICE and kind is not None:
        offence = home_rules.police_bases.get(kind)
        return offence or home_rules.bases.get(draft.to) or channel_basis
    return home_rules.bases.get(draft.to) or channel_basis


def priority_signals(
    facts: Facts,
    grounds: Iterable[Ground],
    *,
    urgent_kind: bool = False,
    time_presses: bool = False,
    words: frozenset[priority.Slug] = frozenset(),
    sightings: int = 1,
    age_hours: float = 0.0,
    deadline_hours: float | None = None,
) -> priority.Signals:
    """What the facts say about urgency, joined with what only the queue knows of the case."""
    victim = facts.victim
    may_be_illegal = facts.assessment is not AssessmentClass.NOT_ILLEGAL
    home_has_it = any(
        _gives_home_jurisdiction(ground, facts) for ground in grounds
    )
    return priority.Signals(
        # These two count even for what was found lawful: the child may need
        # help all the same.
        danger_now=victim.at_immediate_risk is True,
        child_reporting=facts.is_child_reporting,
        time_presses=may_be_illegal and time_presses,
        words=words if may_be_illegal else frozenset(),
        child_contacted=may_be_illegal and urgent_kind,
        unknown_victim=may_be_illegal and victim.known_identity is False,
        new_material=may_be_illegal and facts.known_list is False,
        list_class=read_list_class(facts.known_list),
        home_jurisdiction=may_be_illegal and home_has_it,
        sightings=sightings,
        age_hours=age_hours,
        deadline_hours=deadline_hours,
    )


def _gives_home_jurisdiction(ground: Ground, facts: Facts) -> bool:
    if ground.country != facts.home or ground.status is not Answer.YES:
        return False
    return ground.ground.founds_jurisdiction


def read_list_class(known_list: bool | str | None) -> ListClass:
    """Lists name their classes in their own way ("INTERPOL baseline"): look for the word."""
    if not known_list:
        return ListClass.NONE
    name = known_list.casefold() if isinstance(known_list, str) else ""
    # Baseline first: "national baseline" is the stronger of the two words.
    if ListClass.BASELINE in name:
        return ListClass.BASELINE
    if ListClass.NATIONAL in name:
        return ListClass.NATIONAL
    return ListClass.LISTED
