"""Whom to tell: one small rule for each kind of addressee, advisory and additive.

A ``Gate`` says what must have happened before a route may be taken. ``automatic`` means that a
route may start without anybody choosing it; the approvals of the referral itself still hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hotline.intake.registry.kinds import ReportKind
from triage.jurisdiction.deciding.drafts import Draft
from triage.jurisdiction.deciding.notice_routes import draft_notices
from triage.jurisdiction.deciding.police_route import (
    by_storage_or_seat,
    draft_police,
)
from triage.jurisdiction.deciding.review import draft_review
from triage.jurisdiction.messages import Reason
from triage.jurisdiction.situation import Situation
from triage.jurisdiction.vocabulary import (
    AssessmentClass,
    Destination,
    Gate,
    PlaceFact,
    Urgency,
)

READING_ORDER = {
    destination: place for place, destination in enumerate(Destination)
}


def draft_routes(situation: Situation) -> tuple[Draft, ...]:
    """All routes, in the order in which a person should read them; never empty."""
    police = draft_police(situation)
    drafts = [*_draft_support(situation)]
    drafts += _draft_anti_trafficking(situation)
    drafts += _draft_school(situation)
    if police:
        drafts.append(police)
        drafts += _draft_prosecutor(situation)
    if not situation.lawful:
        drafts += _draft_interpol(situation, police)
        drafts += _draft_partners(situation)
        drafts += draft_notices(situation, police)
        drafts += _draft_regulator(situation)
    drafts += _draft_closing(situation)
    # Last, since it asks whether anything else applies.
    drafts += draft_review(situation, drafts)
    # After all of them, so that no new kind of route can go round the stop
    # list.
    guarded = [_guard_stop_list(situation, draft) for draft in drafts]
    return tuple(sorted(guarded, key=lambda draft: READING_ORDER[draft.to]))


def _draft_support(situation: Situation) -> Iterator[Draft]:
    """Row 1 and the child's path: help comes before everything else and waits for nobody."""
    facts = situation.facts
    if situation.danger:
        place = facts.home or facts.victim.country
        rules = situation.rules.countries.get(place or "")
        yield Draft(
            Destination.EMERGENCY,
            place,
            rules.names.emergency if rules else "",
            (Reason("emergency.danger"),),
            urgency=Urgency.IMMEDIATE,
            automatic=True,
        )
    if situation.support_comes_first:
        home_rules = situation.home_rules
        reasons = []
        if situation.child:
            reasons.append(Reason("helpline.child"))
        if situation.child_is_cared_for:
            reasons.append(Reason("helpline.child_cared_for"))
        if situation.child_acted:
            reasons.append(Reason("helpline.child_acted"))
        yield Draft(
            Destination.HELPLINE,
            facts.home,
            home_rules.names.helpline if home_rules else "",
            tuple(reasons),
            urgency=situation.urgency,
            automatic=True,
        )
    yield from _draft_protection_unit(situation)


def _draft_protection_unit(situation: Situation) -> Iterator[Draft]:
    """The unit near a child of whom somebody knows who or where it is, or who acted itself."""
    home, victim = situation.facts.home, situation.facts.victim
    rules = situation.home_rules
    if rules is None or not rules.names.child_protection_unit:
        return
    is_known = victim.known_identity is True or victim.municipality is not None
    lives_here = home in {victim.country, victim.residence}
    is_near = lives_here or MUNICIPALITY in situation.nexus
    in_need = situation.danger or not situation.lawful
    reasons = []
    if is_known and is_near:
        reasons.append(Reason("unit.known_child"))
    if situation.child_acted:
        reasons.append(Reason("unit.child_acted"))
    if reasons and in_need:
        unit = rules.names.child_protection_unit
        yield Draft(
            Destination.CHILD_PROTECTION_UNIT,
            home,
            f"{unit}, {victim.municipality}" if victim.municipality else unit,
            tuple(reasons),
            after=Gate.PERSON,
            urgency=situation.urgency,
        )


def _draft_anti_trafficking(situation: Situation) -> Iterator[Draft]:
    """A child that is offered or sold: the country's own mechanism identifies and protects it."""
    rules = situation.home_rules
    if rules is None or not rules.names.anti_trafficking_unit:
        return
    is_of_kind = situation.facts.kind is ReportKind.TRAFFICKING
    if is_of_kind and (situation.danger or not situation.lawful):
        yield Draft(
            Destination.ANTI_TRAFFICKING_UNIT,
            situation.facts.home,
            rules.names.anti_trafficking_unit,
            (Reason("trafficking.offered"),),
            after=Gate.PERSON,
            urgency=situation.urgency,
        )


def _draft_school(situation: Situation) -> Iterator[Draft]:
    """Harmful, not illegal: no police, and yet a child that somebody should talk with."""
    rules, facts = situation.home_rules, situation.facts
    if rules is None or not rules.names.school_psychologist:
        return
    is_no_offence = situation.lawful or facts.is_elsewhere
    is_child_known = facts.victim.known_identity is True or bool(
        facts.victim.municipality
    )
    is_about_child = situation.support_comes_first or is_child_known
    if is_no_offence and is_about_child:
        yield Draft(
            Destination.SCHOOL_PSYCHOLOGIST,
            facts.home,
            rules.names.school_psychologist,
            (Reason("school.harmful"),),
            after=Gate.PERSON,
        )


def _draft_prosecutor(situation: Situation) -> Iterator[Draft]:
    """Beside the police, where proceedings are to be expected in which a known child is heard."""
    rules, victim = situation.home_rules, situation.facts.victim
    if rules is None or not rules.names.prosecutor:
        return
    is_known = victim.known_identity is True or victim.municipality is not None
    if situation.illegal and situation.nexus and is_known:
        yield Draft(
            Destination.PROSECUTOR,
            situation.facts.home,
            rules.names.prosecutor,
            (Reason("prosecutor.known_child"),),
            after=Gate.PERSON,
            urgency=situation.urgency,
        )


MUNICIPALITY = "victim.municipality"


def _draft_interpol(
    situation: Situation, police: Draft | None
) -> Iterator[Draft]:
    """Rows 5 and 9: the police of another country, by way of the police of home."""
    rules = situation.home_rules
    unreached = tuple(sorted(situation.unreached_hosts))
    if police is None or rules is None or not (situation.abroad or unreached):
        return
    reasons = []
    if situation.abroad:
        reasons.append(Reason("ncb.abroad", facts=situation.abroad))
    if unreached:
        reasons.append(Reason("ncb.no_hotline", countries=unreached))
    places = {
        situation.facts.place(PlaceFact(path)) for path in situation.abroad
    }
    is_free = not any(
        situation.stops(place) for place in places.union(unreached)
    )
    yield Draft(
        Destination.INTERPOL_NCB,
        situation.facts.home,
        rules.names.interpol_ncb,
        tuple(reasons),
        # The bureau belongs to the police and acts for them: it is told after them.
        after=Gate.POLICE if is_free else Gate.PERSON,
        urgency=situation.urgency,
        automatic=police.automatic and is_free,
    )


def _draft_partners(situation: Situation) -> Iterator[Draft]:
    """Rows 3, 4 and 6: hotlines, clearing houses and the exchange between hotlines."""
    for place in situation.foreign_hosts:
        yield from _draft_partners_of(situation, place)
    home = situation.facts.home
    if home is None or not situation.hotlines(home):
        return
    # Hotlines record what they handle at home as well: the exchange counts on it.
    if situation.hosted_home and situation.illegal:
        yield _draft_partner(
            situation,
            Destination.ICCAM,
            home,
            situation.rules.network.exchange,
            by_storage_or_seat(
                situation, home, "iccam.own_record", "iccam.own_seat"
            ),
        )


def _draft_partners_of(situation: Situation, place: str) -> Iterator[Draft]:
    network = situation.rules.network
    hotlines = situation.hotlines(place)
    clearing_house = network.clearing_houses.get(place)
    # It takes reports in place of the hotlines there, and would hear of it twice.
    if clearing_house is not None:
        key = by_storage_or_seat(situation, place, "ncmec.takes", "ncmec.seat")
        yield _draft_partner(
            situation, Destination.NCMEC, place, clearing_house, key
        )
    elif hotlines:
        names = " / ".join(hotline.name for hotline in hotlines)
        key = by_storage_or_seat(
            situation, place, "hotline.there", "hotline.seat"
        )
        yield _draft_partner(situation, Destination.HOTLINE, place, names, key)
    home = situation.facts.home
    if hotlines and home and situation.hotlines(home):
        yield _draft_partner(
            situation,
            Destination.ICCAM,
            place,
            network.exchange,
            "iccam.exchange",
        )


def _draft_partner(
    situation: Situation, to: Destination, place: str, name: str, key: str
) -> Draft:
    return Draft(
        to,
        place,
        name,
        (Reason(key, countries=(place,)),),
        after=_gate_of_partner(situation),
        urgency=situation.urgency,
        automatic=situation.may_leave_by_itself,
    )


def _gate_of_partner(situation: Situation) -> Gate | None:
    if situation.support_comes_first:
        return Gate.PERSON
    return None if situation.illegal else Gate.ASSESSMENT


def _draft_regulator(situation: Situation) -> Iterator[Draft]:
    """Row 3: a provider at home that does not act is the regulator's matter."""
    if situation.hidden:
        return
    if situation.facts.assessment is AssessmentClass.CANNOT_DETERMINE:
        return
    rules = situation.home_rules
    if situation.hosted_home and rules and rules.names.regulator:
        yield Draft(
            Destination.REGULATOR,
            situation.facts.home,
            rules.names.regulator,
            (Reason("regulator.late"),),
            after=Gate.NOTICE_DEADLINE,
        )


def _draft_closing(situation: Situation) -> Iterator[Draft]:
    """Row 13, and what was never this hotline's field."""
    home = situation.facts.home
    if situation.lawful and not situation.danger:
        reasons = (Reason("close.not_illegal"),)
        yield Draft(Destination.CLOSE, home, "", reasons, automatic=True)
    is_elsewhere = situation.facts.is_elsewhere
    if situation.lawful or is_elsewhere:
        key = (
            "signpost.not_illegal"
            if situation.lawful
            else "signpost.other_kind"
        )
        reasons = (Reason(key),)
        yield Draft(
            Destination.SIGNPOST, home, "", reasons, automatic=situation.lawful
        )


def _guard_stop_list(situation: Situation, draft: Draft) -> Draft:
    """Row 11: what would reach a country of the stop list waits for a person, release or not."""
    is_at_home = draft.country == situation.facts.home
    if is_at_home or draft.to.helps_now or not situation.stops(draft.country):
        return draft
    waits = Reason("stop.waits", countries=(draft.country or "",))
    return replace(
        draft,
        after=Gate.PERSON,
        automatic=False,
        reasons=(*draft.reasons, waits),
    )
