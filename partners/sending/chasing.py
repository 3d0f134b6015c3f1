"""Whoever does not answer in time: reminded, rung by rung, and then it is a person's matter.

One mechanism for everything that is answered by a deadline. What is chased says which letters there
are, in which order, and what is done when all of them stayed without an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage.machine import Stateful
from partners.states import Purpose
from triage.cases.models import Case

AT_A_TIME = 100

Row = TypeVar("Row", bound=Stateful)


class Chased(Protocol):
    """Something that was sent and waits for an answer. Its case is locked."""

    @property
    def rungs(self) -> Sequence[Purpose]:
        """Purposes of the letters that are written, in their order."""
        ...

    def may_write(self, act: Act) -> bool:
        """Whether anything about it may leave now; else it is looked at again later."""
        ...

    def count_letters(self, act: Act) -> int:
        """How many of the rungs were climbed since it was told."""
        ...

    def write(self, act: Act, purpose: Purpose) -> bool:
        """Queue such a letter; False where there is nobody to write to."""
        ...

    def wait(self, act: Act) -> None:
        """Have it looked at again when the time for the next rung has come."""
        ...

    def escalate(self, act: Act) -> None:
        """No letter helped: from now on it waits for a person, and for no clock."""
        ...


def chase_overdue(
    session: Session,
    context: Context,
    table: type[Row],
    chased: Callable[[Row], Chased],
    *,
    states: Sequence[str],
    clock: InstrumentedAttribute[datetime | None],
    case_id: InstrumentedAttribute[object],
    now: datetime,
) -> int:
    """Go one rung up with each row in these states whose ``clock`` has run out; returns how many.

    Rows are locked with their cases; a case that somebody is busy with is left for the next time.
    """
    overdue = session.scalars(
        select(table)
        .join(Case, Case.id == case_id)
        .where(table.state.in_(states), clock <= now)
        .order_by(clock)
        .limit(AT_A_TIME)
        .with_for_update(skip_locked=True, of=(Case, table))
    ).all()
    act = Act(session, context, "scheduler", now)
    for row in overdue:
        chase(act, chased(row))
    return len(overdue)


def chase(act: Act, chased: Chased) -> None:
    """Its time is over: one rung up."""
    # First of all, so that one which may not be written about now is not asked
    # at every tick.
    chased.wait(act)
    if not chased.may_write(act):
        return
    # A rung on which nobody can be written to is skipped, not waited for.
    for purpose in chased.rungs[chased.count_letters(act) :]:
        if chased.write(act, purpose):
            return
    chased.escalate(act)
