"""What was done about a case, and what is due: one time line of everything, whoever tells it.

This package knows the case's own history. What others did about it (plans, notices, the police) is
told by those who keep it: a ``Diary`` that the application registers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from flask_babel import gettext
from sqlalchemy.orm import Session

from hotline.core.storage.machine import HistoryEntry, list_history
from triage.cases.assessing.untouched import Past, list_hand_overs
from triage.cases.handling.playbook import Sign
from triage.cases.models import Case
from triage.cases.pages.history.handled import list_handled
from triage.cases.pages.history.happening import Happening
from triage.cases.pages.words import EVENTS, say_why, word_for
from triage.cases.places import list_parts
from triage.cases.vocabulary import CaseEvent

DIARIES = "triage_diaries"
OTHER_CASE = ("part", "into", "new_case")
"""Under which names a step keeps the case that was merged or split with this one."""
TOLD_BY_OTHERS = frozenset({CaseEvent.PLAN_APPROVED})
"""Steps of a case that follow from another thing's step at once: its own keeper tells of that."""


@dataclass(frozen=True, slots=True)
class Due:
    """A step that has a time, in words."""

    at: datetime
    said: str


class Diary(Protocol):
    """Whoever keeps something that was done about cases, or that is due."""

    def list_happenings(
        self, session: Session, case: Case
    ) -> Iterable[Happening]: ...

    def list_due(self, session: Session, case: Case) -> Iterable[Due]: ...

    def list_signs(self, session: Session, case: Case) -> Iterable[Sign]:
        """By which steps of the case's playbook are seen to be done."""
        ...


def list_elsewhere(
    session: Session, case: Case, diaries: Sequence[Diary]
) -> list[Happening]:
    """What happened of which this package knows nothing, in the order of the tellers."""
    return [
        happening
        for diary in diaries
        for happening in diary.list_happenings(session, case)
    ]


def tell_history(
    session: Session,
    case: Case,
    past: Past,
    elsewhere: Sequence[Happening],
    diaries: Sequence[Diary],
) -> list[Happening]:
    """Everything that happened, oldest first; at one time in the order of the tellers.

    With what happened in the cases that became a part of this one: a call of the police, an
    assessment of before are nowhere else to be read.
    """
    happenings = [
        *_tell_of(past.history),
        *list_handled(session, case, past.hand_overs),
        *elsewhere,
    ]
    took_in = any(entry.event == CaseEvent.TOOK_IN for entry in past.history)
    for part in list_parts(session, case) if took_in else ():
        of_part = [
            *_tell_of(list_history(session, part.id)),
            *list_handled(session, part, list_hand_overs(session, part)),
            *list_elsewhere(session, part, diaries),
        ]
        happenings += [
            replace(happening, part=part.reference) for happening in of_part
        ]
    # Sorting keeps what happened at one moment in the order in which it came.
    return sorted(happenings, key=lambda happening: happening.at)


def _tell_of(history: Sequence[HistoryEntry]) -> list[Happening]:
    return [
        Happening(entry.at, _say(entry), entry.actor, _note(entry))
        for entry in history
        if entry.event not in TOLD_BY_OTHERS
    ]


def _say(entry: HistoryEntry) -> str:
    origin = entry.details.get("split_off")
    if origin:
        return str(gettext("Split off from %(case)s", case=origin))
    return word_for(EVENTS, entry.event)


def _note(entry: HistoryEntry) -> str:
    """The other case, where there is one, and why."""
    texts = [entry.details.get(name) for name in (*OTHER_CASE, "why")]
    return ", ".join(say_why(str(text)) for text in texts if text)


def list_due(
    session: Session,
    case: Case,
    diaries: Sequence[Diary],
    now: datetime,
) -> list[Due]:
    """What has a time, the first one first."""
    due = [step for diary in diaries for step in diary.list_due(session, case)]
    if case.due_at is not None:
        due.append(Due(case.due_at, str(gettext("The case is to be decided"))))
    if case.claimed_until is not None and case.claimed_until > now:
        due.append(
            Due(case.claimed_until, str(gettext("The case is free again")))
        )
    return sorted(due, key=lambda step: step.at)
