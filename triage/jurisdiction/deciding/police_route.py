"""Whether the police of home are told, by whatever leads there, and what must happen before."""

from __future__ import annotations

from collections.abc import Iterator

from triage.jurisdiction.deciding.drafts import Draft
from triage.jurisdiction.messages import Reason
from triage.jurisdiction.situation import Situation
from triage.jurisdiction.vocabulary import Destination, Gate

CHILD_HERE_BY_OTHERS = "police.child_in_contact"
"""Nobody said where the child is: it is taken to be here, and a person looks at that."""
CHILD_ELSEWHERE = "police.child_elsewhere"
UNSURE = frozenset(
    {
        "police.host_unknown",
        "police.in_words",
        CHILD_HERE_BY_OTHERS,
        CHILD_ELSEWHERE,
    }
)
"""Reasons for the police that a person has to look at first."""


def draft_police(situation: Situation) -> Draft | None:
    """Rows 1, 2, 3, 5, 8 and 9: the police of home, by whatever leads there."""
    facts = situation.facts
    reasons = tuple(_reasons_for_police(situation))
    country = facts.home
    # A child in danger is told to somebody even where home is not set.
    if country is None and situation.danger:
        country = facts.victim.country
    if not reasons or (country is None and not situation.danger):
        return None
    is_sure = any(reason.key not in UNSURE for reason in reasons)
    after = _gate_of_police(situation, is_sure=is_sure)
    if situation.child:
        key = "police.child_danger" if situation.danger else "police.child"
        reasons = (*reasons, Reason(key))
    if situation.child_is_cared_for and not situation.danger:
        reasons = (*reasons, Reason("police.child_cared_for"))
    if situation.child_acted and not situation.danger:
        reasons = (*reasons, Reason("police.child_acted"))
    if after is Gate.PERSON and _needs_saying_why(situation, reasons):
        reasons = (*reasons, Reason("police.met_on_platform"))
    rules = situation.rules.countries.get(country or "")
    return Draft(
        Destination.POLICE,
        country,
        rules.names.police if rules else "",
        reasons,
        after=after,
        urgency=situation.urgency,
        automatic=after is None,
    )


def _needs_saying_why(
    situation: Situation, reasons: tuple[Reason, ...]
) -> bool:
    """Whether nothing else says yet that a person decides because of where the child is met."""
    is_said = CHILD_HERE_BY_OTHERS in {reason.key for reason in reasons}
    is_met_there = situation.child_is_met_on_foreign_platform
    return is_met_there and not situation.in_words and not is_said


def _gate_of_police(situation: Situation, *, is_sure: bool) -> Gate | None:
    if situation.danger:
        return None
    # No child is passed on by a machine: a person decides, with the child.
    if situation.support_comes_first or not is_sure:
        return Gate.PERSON
    # Whatever else leads to the police, too: a platform without a hotline of
    # its country, or a child of whom it was said that it is here.
    if situation.child_is_met_on_foreign_platform:
        return Gate.PERSON
    return None if situation.illegal else Gate.ASSESSMENT


def _reasons_for_police(situation: Situation) -> Iterator[Reason]:
    if situation.danger:
        yield Reason("police.danger")
    # Found lawful, only danger is left to tell: a person may be at risk all the same.
    if situation.lawful:
        return
    facts, rules = situation.facts, situation.home_rules
    home = (facts.home,) if facts.home else ()
    yield from _where_the_child_is(situation, home)
    if situation.hosted_home:
        key = by_storage_or_seat(
            situation, facts.home, "police.hosted_home", "police.seat_home"
        )
        yield Reason(key, countries=home)
    # Such an address counts as hidden too, and has a reason of its own.
    if facts.is_person_s_address:
        yield Reason("police.address_used")
    elif situation.hidden:
        yield Reason("police.hidden")
    for place in situation.unreached_hosts:
        key = by_storage_or_seat(
            situation, place, "police.no_hotline", "police.seat_no_hotline"
        )
        yield Reason(key, countries=(place,))
    if situation.abroad:
        yield Reason("police.abroad", facts=situation.abroad)
    if situation.foreign_hosts and rules and rules.foreign_hosting_to_police:
        yield Reason("police.law", countries=home)
    if situation.host_unknown:
        yield Reason("police.host_unknown", countries=home)
    if situation.in_words and not situation.nexus:
        yield Reason("police.in_words")


def _where_the_child_is(
    situation: Situation, home: tuple[str, ...]
) -> Iterator[Reason]:
    """What is noted goes before what is taken to be so."""
    if situation.nexus:
        yield Reason("police.nexus", facts=situation.nexus, countries=home)
    elif situation.child_is_taken_to_be_here:
        key = "police.child_here" if situation.child else CHILD_HERE_BY_OTHERS
        yield Reason(key, countries=home)
    elif situation.child_is_said_elsewhere:
        yield Reason(CHILD_ELSEWHERE)


def by_storage_or_seat(
    situation: Situation, place: str | None, stored: str, seat: str
) -> str:
    """The key of the reason by which ``place`` is concerned."""
    # A company's seat says who can act, and nothing about where it keeps its
    # machines.
    return stored if place == situation.facts.stored_in else seat
