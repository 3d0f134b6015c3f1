"""What became of each place that a report names, for the page of its receipt.

Who was told, and what our checks found, is known above this layer. Whoever builds the application
hands a teller in (``register_teller``), who decides what a reporter may learn; without one the page
says how far each part of the report has come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self, cast

from flask import Flask, current_app
from sqlalchemy.orm import Session

from hotline.core.language.words import public_words
from hotline.intake.models import Report
from hotline.intake.registry.vocabulary import PartState
from hotline.intake.service import PartStatus

_EXTENSION = "hotline.intake.place_news"


@dataclass(frozen=True, slots=True)
class NewsWords:
    """One sentence for grown-ups and one for children; ``%(day)s`` is the news' own day."""

    said: str = ""
    to_child: str = ""


NO_WORDS = NewsWords()


class News(StrEnum):
    """What a reporter can be told of a place. Files of rules name the codes."""

    words: NewsWords

    def __new__(cls, code: str, words: NewsWords = NO_WORDS) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.words = words
        return member

    RECEIVED = (
        "received",
        NewsWords(
            public_words("We have it. Nobody has looked at it yet."),
            public_words("We have it. Somebody will look at it soon."),
        ),
    )
    LOOKING = (
        "looking",
        NewsWords(
            public_words("We are looking at it."),
            public_words("Somebody here is looking at it."),
        ),
    )
    PASSED_ON = (
        "passed_on",
        NewsWords(
            public_words("We passed it on to those who can act."),
            public_words("We told the people who can do something."),
        ),
    )
    WITH_POLICE = (
        "with_police",
        NewsWords(
            public_words("The police have it."),
            public_words(
                "The police know of it. They look for who did this; you did nothing wrong."
            ),
        ),
    )
    HOST_ASKED = (
        "host_asked",
        NewsWords(
            public_words(
                "On %(day)s we asked those who run the page or the service to remove it."
            ),
            public_words(
                "On %(day)s we asked the people of the page or the app to take it away."
            ),
        ),
    )
    STILL_THERE = (
        "still_there",
        NewsWords(
            public_words(
                "When we looked on %(day)s, it was still there. We go on asking."
            ),
            public_words(
                "We looked on %(day)s, and it was still there. We do not give up."
            ),
        ),
    )
    SAID_GONE = (
        "said_gone",
        NewsWords(
            public_words(
                "Those who run it say that it is gone. We are checking that ourselves."
            ),
            public_words(
                "They say that it is gone. We look for ourselves whether that is true."
            ),
        ),
    )
    GONE = (
        "gone",
        NewsWords(
            public_words(
                "It is gone. We checked on %(day)s, and go on looking."
            ),
            public_words(
                "It is gone. We looked on %(day)s, and we look again so that it stays away."
            ),
        ),
    )
    CAME_BACK = (
        "came_back",
        NewsWords(
            public_words(
                "It was gone, and on %(day)s it was there again. We act against it again."
            ),
            public_words(
                "It was gone, but on %(day)s it was there again. We do it all once more."
            ),
        ),
    )
    MOVED = (
        "moved",
        NewsWords(
            public_words(
                "It lies with another company now. That one is to be told next."
            ),
            public_words(
                "It is at another company now. We tell that one next."
            ),
        ),
    )
    NO_ANSWER = (
        "no_answer",
        NewsWords(
            public_words(
                "They have not done what we asked. A person here decides what to do next."
            ),
            public_words(
                "They have not done it yet. Somebody here decides what to do next."
            ),
        ),
    )
    NO_HOST = (
        "no_host",
        NewsWords(
            public_words(
                "We cannot have it removed: in such a network nobody runs the place whom we could "
                "ask. Only the police can act there."
            ),
            public_words(
                "We cannot take it away ourselves: nobody runs that place whom we could ask. Only "
                "the police can do something there."
            ),
        ),
    )
    NOTHING_TO_REMOVE = (
        "nothing_to_remove",
        NewsWords(
            public_words(
                "There is nothing here to remove: it is a name, a number or an address. It helps "
                "to find out who can act."
            ),
            public_words(
                "There is nothing here to take away, but it helps us to find out who can help."
            ),
        ),
    )
    UNREADABLE = (
        "unreadable",
        NewsWords(
            public_words(
                "We cannot find a place by what is written here. A person reads it; tell us below "
                "if you know more."
            ),
            public_words(
                "We cannot find it by what is written here. If you know more, write it below; "
                "nobody is cross if you do not."
            ),
        ),
    )
    NOT_ILLEGAL = (
        "not_illegal",
        NewsWords(
            public_words(
                "We looked at it. We cannot act against it under the law."
            ),
            public_words(
                "We looked at it. The law does not let us take it away. If it hurts you, somebody "
                "can still help you."
            ),
        ),
    )
    CLOSED = (
        "closed",
        NewsWords(
            public_words("We have finished with it."),
            public_words("We have done what we can with it."),
        ),
    )
    SET_ASIDE = (
        "set_aside",
        NewsWords(
            public_words("We have set it aside for now."),
            public_words("We have put it aside for now."),
        ),
    )


NEWS_OF_STATE: Mapping[PartState, News] = {
    PartState.RECEIVED: News.RECEIVED,
    PartState.IN_REVIEW: News.LOOKING,
    PartState.PASSED_ON: News.PASSED_ON,
    PartState.REMOVED: News.GONE,
    PartState.NOT_ILLEGAL: News.NOT_ILLEGAL,
    PartState.CLOSED: News.CLOSED,
    PartState.SET_ASIDE: News.SET_ASIDE,
}


@dataclass(frozen=True, slots=True)
class Said:
    """One piece of news. ``day``: when it was so, for words that name a day."""

    news: News
    day: datetime


@dataclass(frozen=True, slots=True)
class PlaceNews:
    """A reported place and what became of it.

    ``name`` is enough for who wrote it to know it again, and too little to lead anybody there; ""
    where it is not known yet, and for what was told in words (``is_in_words``). What is known by a
    fingerprint alone (``is_fingerprint``) lies at no place of its own. ``since``: when it changed
    last. ``next_at``: from when on there can be more to tell; None where nothing more is to come.
    """

    name: str
    said: tuple[Said, ...]
    since: datetime
    next_at: datetime | None = None
    is_in_words: bool = False
    is_fingerprint: bool = False

    @property
    def is_set_aside(self) -> bool:
        return any(saying.news is News.SET_ASIDE for saying in self.said)


def join_fingerprints(places: Sequence[PlaceNews]) -> list[PlaceNews]:
    """Fingerprints of which there is the same news once: a device makes two of one picture, and
    whoever gave the picture reads of that."""
    joined: list[PlaceNews] = []
    of_fingerprints: set[tuple[News, ...]] = set()
    for place in places:
        news = tuple(saying.news for saying in place.said)
        if place.is_fingerprint and news in of_fingerprints:
            continue
        if place.is_fingerprint:
            of_fingerprints.add(news)
        joined.append(place)
    return joined


class Teller(Protocol):
    """Says what the reporter may learn of each place, in the order in which they were named."""

    def __call__(
        self, session: Session, report: Report, now: datetime
    ) -> Sequence[PlaceNews]: ...


def register_teller(app: Flask, teller: Teller) -> None:
    app.extensions[_EXTENSION] = teller


def tell_places(
    session: Session,
    report: Report,
    parts: Sequence[PartStatus],
    now: datetime,
) -> Sequence[PlaceNews]:
    teller = cast("Teller | None", current_app.extensions.get(_EXTENSION))
    if teller is not None:
        return teller(session, report, now)
    return [news_of_part(part.state, part.since) for part in parts]


def news_of_part(state: str, since: datetime, name: str = "") -> PlaceNews:
    """What a part's state alone says."""
    said = Said(NEWS_OF_STATE[PartState(state)], since)
    return PlaceNews(name, (said,), since)
