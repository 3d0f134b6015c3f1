"""The person's own last act on a case, where it may still be taken back: one guard for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from flask_babel import LazyString, lazy_gettext
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from triage.cases.assessing.closing_again import find_own_reopening
from triage.cases.assessing.taking_back import find_own_last
from triage.cases.assessing.untouched import Past
from triage.cases.handling.hand_back import find_own_hand_over
from triage.cases.models import Case
from triage.cases.pages.history.happening import Happening


class Undoable(StrEnum):
    """Acts that a person can take back."""

    ASSESSMENT = "assessment"
    HAND_OVER = "hand_over"
    REOPENING = "reopening"


SAID: Mapping[Undoable, LazyString] = MappingProxyType(
    {
        Undoable.ASSESSMENT: lazy_gettext("You assessed this case"),
        Undoable.HAND_OVER: lazy_gettext("You handed this case over"),
        Undoable.REOPENING: lazy_gettext("You opened this case again"),
    }
)


@dataclass(frozen=True, slots=True)
class OwnAct:
    """``endpoint``: of the view that takes it back."""

    what: Undoable
    at: datetime
    said: LazyString
    endpoint: str


def find_own_act(
    session: Session,
    case: Case,
    person: Person,
    past: Past,
    elsewhere: Iterable[Happening],
) -> OwnAct | None:
    """The newest of them, if nobody has built on it in this package or in any other, where
    ``elsewhere`` happened."""
    acts = [
        (at, what)
        for what, find in FINDERS.items()
        if (at := find(session, case, person, past)) is not None
    ]
    if not acts:
        return None
    at, what = max(acts)
    # Somebody else's newer work on the case may build on it.
    if any(happening.at > at for happening in elsewhere):
        return None
    return OwnAct(what, at, SAID[what], f"triage.take_{what}_back")


def _assessed_at(
    session: Session, case: Case, person: Person, past: Past
) -> datetime | None:
    last = find_own_last(session, case, person, past)
    return None if last is None else last.made.at


def _handed_over_at(
    session: Session, case: Case, person: Person, past: Past
) -> datetime | None:
    handed = find_own_hand_over(session, case, person, past)
    return None if handed is None else handed.at


def _reopened_at(
    session: Session, case: Case, person: Person, past: Past
) -> datetime | None:
    opened = find_own_reopening(session, case, person, past)
    return None if opened is None else opened.entry.at


FINDERS: Mapping[
    Undoable, Callable[[Session, Case, Person, Past], datetime | None]
] = MappingProxyType(
    {
        Undoable.ASSESSMENT: _assessed_at,
        Undoable.HAND_OVER: _handed_over_at,
        Undoable.REOPENING: _reopened_at,
    }
)
