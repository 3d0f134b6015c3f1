"""The job that does an act on many cases: each case in a transaction of its own."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    phrase,
)
from hotline.core.jobs.task import Task
from triage.cases.bulk.deeds import Deed, Look
from triage.cases.bulk.models import (
    BulkAct,
    BulkCase,
    BulkEvent,
    BulkState,
    Outcome,
)
from triage.cases.bulk.service import count_progress, post_run
from triage.cases.bulk.why import write_refusal
from triage.cases.locking import lock_case

BATCH = 50
"""Cases of one job: what is urgent waits for no more than these."""
REFUSALS = (Conflict, Forbidden, InvalidInput, NotFound)
NO_LONGER = phrase("The person may no longer do this.")


def run_bulk(task: Task, *, deeds: Mapping[str, Deed]) -> None:
    """Do the next cases, and post what is left. A case that is done is not done again."""
    bulk_id = task.id_of("bulk_id")
    for row_id in _begin(task, bulk_id):
        _do_one(task, row_id, deeds)
    # The job ends and the next one is posted in one transaction: an act is
    # never left without somebody who goes on with it.
    with task.finishing() as session:
        bulk = session.get_one(
            BulkAct, bulk_id, with_for_update={"of": BulkAct}
        )
        act = Act(session, task.context, bulk.person.actor, task.now)
        if bulk.state != BulkState.RUNNING:
            return
        if count_progress(session, bulk).open:
            post_run(act, bulk)
        else:
            act.advance(bulk, BulkEvent.FINISHED)


def _begin(task: Task, bulk_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """The cases of this job; none where the act was taken back."""
    with task.context.database.writing() as session:
        bulk = session.get_one(
            BulkAct, bulk_id, with_for_update={"of": BulkAct}
        )
        act = Act(session, task.context, bulk.person.actor, task.now)
        # The first job finds it waiting, each later one running.
        if bulk.state == BulkState.WAITING:
            act.advance(bulk, BulkEvent.BEGUN)
        if bulk.state != BulkState.RUNNING:
            return ()
        return session.scalars(
            select(BulkCase.id)
            .where(
                BulkCase.bulk_id == bulk.id, BulkCase.outcome == Outcome.OPEN
            )
            .order_by(BulkCase.id)
            .limit(BATCH)
        ).all()


def _do_one(task: Task, row_id: uuid.UUID, deeds: Mapping[str, Deed]) -> None:
    try:
        with task.context.database.writing() as session:
            row = session.get_one(BulkCase, row_id)
            bulk = session.get_one(BulkAct, row.bulk_id)
            # The case before the row: everybody locks in that order.
            case = lock_case(session, row.case_id)
            # Anew under the lock: a job that ran twice may just have done this
            # one.
            session.refresh(row, with_for_update=True)
            if row.outcome != Outcome.OPEN:
                return
            act = Act(session, task.context, bulk.person.actor, task.now)
            deed = deeds[bulk.act]
            _require_still_allowed(bulk.person, deed)
            look = Look(
                session, task.context, bulk.person, act.now, bulk.values
            )
            # The case may be another one than when the act was drafted.
            foreseen = deed.foresee(look, case)
            if foreseen.obstacle:
                row.outcome, row.why = Outcome.LEFT, foreseen.obstacle
                return
            deed.do(act, case, bulk.person, bulk.values, bulk.reason)
            row.outcome = Outcome.DONE
            act.record(
                "case.done_in_bulk",
                "case",
                case.id,
                case=case.reference,
                deed=deed.name,
                bulk=str(bulk.id),
                why=bulk.reason,
            )
    except REFUSALS as refusal:
        # What was begun is rolled back, so the reason is kept in a transaction
        # of its own.
        _leave(task, row_id, write_refusal(refusal))


def _require_still_allowed(person: Person, deed: Deed) -> None:
    """A minute is long enough for a role to change."""
    if not person.may(deed.permission):
        raise Forbidden(NO_LONGER)


def _leave(task: Task, row_id: uuid.UUID, why: str) -> None:
    with task.context.database.writing() as session:
        row = session.get_one(BulkCase, row_id, with_for_update=True)
        if row.outcome == Outcome.OPEN:
            row.outcome, row.why = Outcome.LEFT, why
