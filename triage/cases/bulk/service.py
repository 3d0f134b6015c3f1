"""An act on many cases: drafted, asked for, taken back within a minute, done case by case."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput, NotFound, phrase
from hotline.core.jobs.names import JobName
from hotline.core.storage.ids import new_id
from triage.cases.bulk.deeds import Deed, Foreseen, Look, Values
from triage.cases.bulk.models import (
    BulkAct,
    BulkCase,
    BulkEvent,
    BulkState,
    Outcome,
)
from triage.cases.models import Case

JOB = JobName.BULK_RUN
QUEUE = "checks"
"""Behind everything that is about one case: danger first."""
MOST = 1_000
UNDO_FOR = timedelta(minutes=1)
LONGEST_REASON = 300
NAMED = 20
"""Cases that are named of those that were left for one reason."""


Counts = Mapping[str, int]
"""A sentence -> of how many cases it is true."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an act has come: what is still to happen, what has, and why cases were left."""

    open: Counts
    done: Counts
    left: Counts

    @property
    def total(self) -> int:
        counts = (self.open, self.done, self.left)
        return sum(sum(each.values()) for each in counts)


def draft_act(
    act: Act,
    deed: Deed,
    person: Person,
    case_ids: Sequence[uuid.UUID],
    values: Values,
    reason: str,
) -> BulkAct:
    """Keep what would be done to which cases, with what it would do to each. Nothing is done."""
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise InvalidInput(
            phrase("Say why, in at most 300 characters."),
            fields={"/reason": "length"},
        )
    if not case_ids:
        raise InvalidInput(
            phrase("Choose at least one case."), fields={"/case": "is missing"}
        )
    if len(case_ids) > MOST:
        raise InvalidInput(
            phrase("At most 1000 cases are done in one go. Narrow it down.")
        )
    _drop_drafts(act.session, person)
    drafted = BulkAct(
        id=new_id(),
        person_id=person.id,
        act=deed.name,
        values=dict(values),
        reason=reason,
        asked_at=act.now,
    )
    act.begin(drafted, deed=deed.name, cases=len(case_ids))
    # The rows below are inserted past the session and refer to the act.
    act.session.flush()
    look = Look(act.session, act.context, person, act.now, values)
    cases = act.session.scalars(
        select(Case).where(Case.id.in_(case_ids)).order_by(Case.id)
    ).all()
    act.session.execute(
        insert(BulkCase),
        [_row_of(drafted, case, deed.foresee(look, case)) for case in cases],
    )
    return drafted


def _row_of(drafted: BulkAct, case: Case, each: Foreseen) -> dict[str, object]:
    return {
        "id": new_id(),
        "bulk_id": drafted.id,
        "case_id": case.id,
        "outcome": Outcome.LEFT if each.obstacle else Outcome.OPEN,
        "why": each.obstacle or each.effect,
    }


def ask_for(act: Act, drafted: BulkAct) -> None:
    """It begins in a minute; until then it can be taken back."""
    act.advance(drafted, BulkEvent.ASKED)
    drafted.runs_at = act.now + UNDO_FOR
    post_run(act, drafted, delay=UNDO_FOR)


def post_run(
    act: Act, bulk: BulkAct, *, delay: timedelta = timedelta()
) -> None:
    """Have a worker begin, or go on with what is left."""
    progress = count_progress(act.session, bulk)
    # With the number that is left in its key, each job of the act is posted
    # once.
    act.post(
        JOB,
        key=f"bulk:{bulk.id}:{sum(progress.open.values())}",
        payload={"bulk_id": str(bulk.id)},
        queue=QUEUE,
        delay=delay,
    )


def take_back(act: Act, bulk: BulkAct) -> None:
    """Nothing is done. ``Conflict`` once it has begun."""
    if not bulk.machine.allows(bulk.state, BulkEvent.TAKEN_BACK):
        raise Conflict(
            phrase("It has begun: what is done is undone case by case.")
        )
    act.advance(bulk, BulkEvent.TAKEN_BACK)


def own_act_of(
    session: Session, person: Person, bulk_id: uuid.UUID
) -> BulkAct:
    """Nobody else is shown it: what somebody answered may be blind to others."""
    bulk = session.get(BulkAct, bulk_id)
    if bulk is None or bulk.person_id != person.id:
        raise NotFound(phrase("There is no such act."))
    return bulk


def list_own(session: Session, person: Person) -> Sequence[BulkAct]:
    """The newest acts of the person that were asked for."""
    return session.scalars(
        select(BulkAct)
        .where(
            BulkAct.person_id == person.id,
            BulkAct.state != BulkState.DRAFTED,
        )
        .order_by(BulkAct.asked_at.desc())
        .limit(20)
    ).all()


def count_progress(session: Session, bulk: BulkAct) -> Progress:
    # The worker sets outcomes in the session; the count asks the database.
    session.flush()
    rows = session.execute(
        select(BulkCase.outcome, BulkCase.why, func.count())
        .where(BulkCase.bulk_id == bulk.id)
        .group_by(BulkCase.outcome, BulkCase.why)
        .order_by(func.count().desc(), BulkCase.why)
    ).all()
    counts: dict[str, dict[str, int]] = {outcome: {} for outcome in Outcome}
    for outcome, why, count in rows:
        counts[outcome][why] = count
    return Progress(
        counts[Outcome.OPEN], counts[Outcome.DONE], counts[Outcome.LEFT]
    )


def list_left(session: Session, bulk: BulkAct) -> Mapping[str, Sequence[str]]:
    """Why cases were left -> some of those that were, by their references."""
    number = (
        func.row_number()
        .over(partition_by=BulkCase.why, order_by=Case.reference)
        .label("number")
    )
    left = (
        select(BulkCase.why, Case.reference, number)
        .join(Case, Case.id == BulkCase.case_id)
        .where(BulkCase.bulk_id == bulk.id, BulkCase.outcome == Outcome.LEFT)
        .subquery()
    )
    named: dict[str, list[str]] = {}
    for why, reference in session.execute(
        select(left.c.why, left.c.reference)
        .where(left.c.number <= NAMED)
        .order_by(left.c.reference)
        .limit(MOST)
    ):
        named.setdefault(why, []).append(reference)
    return named


def _drop_drafts(session: Session, person: Person) -> None:
    """Of each person one draft is kept; what was never asked for leaves only its history."""
    drafts = session.scalars(
        select(BulkAct.id).where(
            BulkAct.person_id == person.id, BulkAct.state == BulkState.DRAFTED
        )
    ).all()
    # The cases first: they refer to the act.
    session.execute(delete(BulkCase).where(BulkCase.bulk_id.in_(drafts)))
    session.execute(delete(BulkAct).where(BulkAct.id.in_(drafts)))
