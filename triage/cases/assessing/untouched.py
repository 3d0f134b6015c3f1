"""What was done to a case so far, and whether nobody has built on what a person did to it: what
every taking back asks first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.errors import Conflict, phrase
from hotline.core.storage.machine import HistoryEntry, list_history
from triage.cases.assessing.rounds import list_assessments
from triage.cases.handling.models import CaseNote, HandOver
from triage.cases.models import Assessment, Case

MOST_HAND_OVERS = 50
"""Of a case that are told."""
BuiltOn = Callable[[], bool]
"""Whether other packages' people built on it; asked once the case is locked, and not before."""


@dataclass(frozen=True, slots=True)
class Past:
    """``history`` and ``assessments`` of the round, the oldest first; ``hand_overs``: the newest
    first."""

    history: Sequence[HistoryEntry]
    assessments: Sequence[Assessment]
    hand_overs: Sequence[HandOver]

    @property
    def handed(self) -> HandOver | None:
        """The newest."""
        return next(iter(self.hand_overs), None)


def read_past(session: Session, case: Case) -> Past:
    """Asked once for a page, and once more under the lock by whoever takes something back."""
    return Past(
        list_history(session, case.id),
        list_assessments(session, case),
        list_hand_overs(session, case),
    )


def list_hand_overs(session: Session, case: Case) -> Sequence[HandOver]:
    """The newest first."""
    return session.scalars(
        select(HandOver)
        .where(HandOver.case_id == case.id)
        .order_by(HandOver.at.desc(), HandOver.id.desc())
        .limit(MOST_HAND_OVERS)
    ).all()


def is_untouched(
    session: Session, case: Case, person: Person, at: datetime
) -> bool:
    """Nothing happened to the case after ``at``, and nobody but ``person`` wrote about it.

    Who holds it is the caller's to look at, as is what other packages did: their diaries tell.
    """
    if case.forgotten_at is not None:
        return False
    happened = exists().where(
        HistoryEntry.entity_id == case.id, HistoryEntry.at > at
    )
    assessed = exists().where(
        Assessment.case_id == case.id, Assessment.at > at
    )
    handed = exists().where(HandOver.case_id == case.id, HandOver.at > at)
    noted = exists().where(
        CaseNote.case_id == case.id,
        CaseNote.at > at,
        CaseNote.author_id != person.id,
    )
    return not session.scalar(select(or_(happened, assessed, handed, noted)))


def refuse_taking_back() -> Conflict:
    """What is said where somebody has built on it, or it was not the last."""
    return Conflict(
        phrase("This can't be taken back any more: it was not the last."),
        hint=phrase("Open the case again if it was decided wrongly."),
    )
