"""Letting notices go: after the police, and after one more look at where the item lies."""

from __future__ import annotations

import uuid

from sqlalchemy import Select, select

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
from triage.hosting.facts import HostingFacts
from triage.hosting.lookup import Lookup
from triage.items.origin import observe_item, told_origins


def release_notices(task: Task, *, lookup: Lookup) -> None:
    """Let go every notice of the case that no hold stops any more.

    The host is looked up again first: what was true at the assessment may be another's server now.
    """
    case_id = task.id_of("case_id")
    # Registries may take a minute, in which nobody should wait for the case.
    hosts = _look_up_hosts(task, case_id, lookup)
    with task.context.database.writing() as session:
        case = lock_case(session, case_id)
        task.mark_done(session)
        for place in case.places:
            facts = hosts.get(place.item_id)
            # Only what moved is stored: a look that failed must not wipe out
            # what was known.
            if facts is None or not is_elsewhere(place.item, facts):
                continue
            if store_facts(session, place.item, facts):
                host_moved(session, task.context, place.item, task.now)
        waiting = session.scalars(
            _list_waiting(case_id)
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


def _look_up_hosts(
    task: Task, case_id: uuid.UUID, lookup: Lookup
) -> dict[uuid.UUID, HostingFacts]:
    """By the item's id, where those lie about which a notice waits; no transaction is open."""
    with task.context.database.reading() as session:
        waiting = session.scalars(_list_waiting(case_id)).all()
        items = {
            entry.item_id: entry.item
            for notice in waiting
            for entry in notice.items
        }
        origins = {
            item_id: told_origins(session, item_id) for item_id in items
        }
    return {
        item_id: observe_item(lookup, item, origins[item_id], now=task.now)
        for item_id, item in items.items()
    }


def _list_waiting(case_id: uuid.UUID) -> Select[Notice]:
    return select(Notice).where(
        Notice.case_id == case_id,
        Notice.state == NoticeState.AWAITING_RELEASE,
    )
