"""Which news there is of a place, and which of it its reporter may learn. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hotline.intake.form.receipt.place_news import NEWS_OF_STATE, News, Said
from hotline.intake.registry.vocabulary import PartKind, PartState
from partners.reporters.rules import NewsRule, Rules
from triage.availability.model import VerdictName
from triage.cases.vocabulary import PlaceState
from triage.hosting.kinds import HostingKind

BEFORE_ANY_WORK = frozenset({PartState.RECEIVED, PartState.SET_ASIDE})
"""Whoever asks without having been heard yet must not learn from us what others reported."""

NO_PLACE = frozenset({"phone", "email", "ip"})
"""Kinds of item that lead to a person; nothing lies there."""

_OF_POLICE = frozenset({News.WITH_POLICE})
_OF_THOSE_ASKED = frozenset(
    {News.HOST_ASKED, News.STILL_THERE, News.SAID_GONE, News.NO_ANSWER}
)
IN_WORDS = "narrative"
"""The kind of an item that is no location."""


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """What is known of one reported place.

    ``held_since``: since when the police want its case left alone. ``police_have_it``: they were
    told; ``police_since``: since when a reporter could read so, before any hold of now.
    ``is_near``: the reported person may be near the reporter. ``asked_at``: when somebody who can
    remove it was asked first; ``is_unanswered``: without effect, so that a person decides now.
    ``verdict`` and ``seen_at``: what our newest look found, and when.
    """

    part_kind: str
    part_state: str
    part_since: datetime
    item_kind: str = IN_WORDS
    hosting_kind: str = HostingKind.UNKNOWN
    place_state: str = ""
    place_since: datetime | None = None
    held_since: datetime | None = None
    is_near: bool = False
    police_have_it: bool = False
    police_since: datetime | None = None
    asked_at: datetime | None = None
    is_unanswered: bool = False
    verdict: str = ""
    seen_at: datetime | None = None


def choose_news(facts: PlaceFacts, rules: Rules) -> tuple[Said, ...]:
    """What the reporter reads of the place; never empty, and nothing twice."""
    open_news: dict[News, Said] = {}
    in_place_of: dict[News, Said] = {}
    for said in find_news(_before_the_hold(facts)):
        news = _allowed_in_place_of(said.news, rules[said.news], facts)
        chosen = open_news if news is said.news else in_place_of
        chosen.setdefault(news, Said(news, said.day))
    # Beside what could be read before, a new line would tell that something is kept back.
    is_told_of_work = bool(open_news.keys() & (_OF_THOSE_ASKED | _OF_POLICE))
    if facts.held_since is not None and is_told_of_work:
        return tuple(open_news.values())
    return tuple((in_place_of | open_news).values())


def keeps_back(facts: PlaceFacts, rules: Rules) -> bool:
    """Whether something is so that the reporter does not read."""
    readable = {said.news for said in choose_news(facts, rules)}
    return any(said.news not in readable for said in find_news(facts))


def _before_the_hold(facts: PlaceFacts) -> PlaceFacts:
    """Its move to another host while the police look is left out: the place is as it was."""
    if (
        facts.held_since is not None
        and facts.place_state == PlaceState.MOVED
        and _is_since(facts.held_since, facts.place_since)
    ):
        return replace(facts, place_state=PlaceState.NOTICED)
    return facts


def _is_since(moment: datetime, since: datetime | None) -> bool:
    return since is None or since >= moment


def _allowed_in_place_of(
    news: News, rule: NewsRule, facts: PlaceFacts
) -> News:
    is_held = facts.held_since is not None
    if is_held and rule.while_held and not _could_be_read(news, facts):
        return rule.while_held
    if facts.is_near and rule.where_near:
        return rule.where_near
    return news


def _could_be_read(news: News, facts: PlaceFacts) -> bool:
    """Whether it, or what it follows from, stood on the page before the hold began.

    What is taken back shows that the police came; who is looked for may read it.
    """
    if facts.held_since is None:
        return True
    if news in _OF_POLICE:
        began = facts.police_since
    elif news in _OF_THOSE_ASKED:
        began = facts.asked_at
    else:
        began = facts.place_since
    return began is not None and began < facts.held_since


def find_news(facts: PlaceFacts) -> Sequence[Said]:
    """All that is so, whether or not it may be told."""
    basic = Said(NEWS_OF_STATE[PartState(facts.part_state)], facts.part_since)
    # Else anybody could report an address and read here what is known of it.
    if facts.part_state in BEFORE_ANY_WORK:
        return (basic,)
    if facts.place_state == PlaceState.VERIFIED_REMOVED:
        return (Said(News.GONE, facts.place_since or facts.part_since),)
    if facts.part_state in (PartState.NOT_ILLEGAL, PartState.CLOSED):
        return (basic,)
    news = list(_of_police(facts)) + list(_of_removal(facts))
    if not news:
        news = [_of_those_who_look(basic)]
    return (*news, *_of_limits(facts))


def _of_those_who_look(basic: Said) -> Said:
    """One of several places of a part that is gone as a whole may be in another case again."""
    if basic.news is News.GONE:
        return Said(News.LOOKING, basic.day)
    return basic


def _of_police(facts: PlaceFacts) -> Iterator[Said]:
    if facts.police_have_it:
        yield Said(News.WITH_POLICE, facts.part_since)


def _of_removal(facts: PlaceFacts) -> Iterator[Said]:
    """How far its removal is."""
    since = facts.place_since or facts.part_since
    if facts.place_state == PlaceState.CAME_BACK:
        yield Said(News.CAME_BACK, since)
    elif facts.place_state == PlaceState.MOVED:
        yield Said(News.MOVED, since)
    elif facts.asked_at is not None:
        yield Said(News.HOST_ASKED, facts.asked_at)
        yield from _of_those_asked(facts, since)


def _of_those_asked(facts: PlaceFacts, since: datetime) -> Iterator[Said]:
    was_seen = facts.verdict == VerdictName.ONLINE
    if facts.place_state == PlaceState.CLAIMED_REMOVED:
        yield Said(News.SAID_GONE, since)
    elif facts.is_unanswered:
        yield Said(News.NO_ANSWER, since)
    elif (
        facts.seen_at
        and was_seen
        and facts.seen_at > (facts.asked_at or since)
    ):
        yield Said(News.STILL_THERE, facts.seen_at)


def _of_limits(facts: PlaceFacts) -> Iterator[Said]:
    """What cannot be done, whatever else is."""
    if facts.hosting_kind in (HostingKind.ONION, HostingKind.P2P):
        yield Said(News.NO_HOST, facts.part_since)
    elif facts.item_kind in NO_PLACE:
        yield Said(News.NOTHING_TO_REMOVE, facts.part_since)
    elif facts.item_kind == IN_WORDS and facts.part_kind == PartKind.LOCATION:
        yield Said(News.UNREADABLE, facts.part_since)
