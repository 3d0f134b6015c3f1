"""Letting notices go: after the police, and after one more look at where the item lies."""

from __future__ import annotations

from sqlalchemy import select

from hotline.core.jobs.task import Task
from hotline.core.storage import machine
from partners.notices import judging
from partners.notices.contacts import dispatch_notice
from partners.notices.models import Notice
from partners.notices.preservation import PRESERVATION
from partners.states import NoticeEvent, NoticeState
from triage.cases.examination.examine import (
    host_moved,
    is_elsewhere,
    store_facts,
)
from triage.cases.locking import lock_case
from triage.cases.models import Case
from triage.hosting.lookup import Lookup
from triage.items.origin import observe_item, told_origins


def release_notices(task: Task, *, lookup: Lookup) -> None:
    """Let go every notice of the case that no hold stops any more.

    The host is looked up again first: what was true at the assessment may be another's server now.
    """
    case_id = task.id_of("case_id")
    with task.context.database.reading() as session:
        item = session.get_one(Case, case_id).item
        origins = told_origins(session, item.id)
    facts = observe_item(lookup, item, origins, now=task.now)
    with task.context.database.writing() as session:
        item = lock_case(session, case_id).item
        task.mark_done(session)
        if is_elsewhere(item, facts) and store_facts(session, item, facts):
            host_moved(session, task.context, item, task.now)
        waiting = session.scalars(
            select(Notice)
            .where(
                Notice.case_id == case_id,
                Notice.state == NoticeState.AWAITING_RELEASE,
            )
            # Data is asked to be kept before anybody is asked to remove it.
            .order_by(Notice.kind != PRESERVATION, Notice.id)
            .with_for_update(of=Notice)
        ).all()
        for notice in waiting:
            if not judging.is_of_this_round(session, notice):
                continue
            if not judging.may_leave(session, task.context, notice, task.now):
                continue
            machine.advance_state(
                session,
                notice,
                NoticeEvent.RELEASED,
                actor="system",
                now=task.now,
            )
            dispatch_notice(session, task.context, notice, now=task.now)
