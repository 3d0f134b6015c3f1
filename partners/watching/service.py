"""Watching: start with what was there, ask which are due, move forward when a host says "gone"."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core import machine, outbox
from hotline.core.context import Context
from hotline.core.ids import new_id
from partners.watching.models import Watch
from triage.availability.evidence import baseline_from_report
from triage.availability.policy import Policy, load_policy, policy_file
from triage.cases.models import Case
from triage.items.models import Visit

# A check that was posted and whose worker died is posted again after this long.
CHECK_LEASE = timedelta(minutes=10)
POSTED_A_TICK = 200


def policy_of(context: Context) -> Policy:
    """The availability policy that the settings name."""
    name = policy_file(context.settings.availability_policy)
    return load_policy(context.settings.data_dir, name=name)


def start_watch(
    session: Session, context: Context, case: Case, *, actor: str, now: datetime
) -> Watch | None:
    """Watch the case's item from now on; None where there is nothing that could be looked at.

    The baseline is the newest visit that showed something: what is looked for later.
    """
    item = case.item
    if not item.fetchable:
        return None
    known = session.scalar(select(Watch).where(Watch.item_id == item.id).with_for_update())
    if known is not None:
        if known.state == "ended":
            machine.advance(session, known, "restarted", actor=actor, now=now)
        known.next_at = now
        return known
    visit = session.scalar(
        select(Visit)
        .where(Visit.item_id == item.id, Visit.outcome == "ok")
        .order_by(Visit.at.desc())
        .limit(1)
    )
    report = visit.report if visit else {"requested": item.canonical}
    watch = Watch(
        id=new_id(),
        item_id=item.id,
        case_id=case.id,
        host=item.host or "",
        policy=context.settings.availability_policy,
        baseline=baseline_from_report(report).to_json(),
        next_at=now,
    )
    machine.begin(session, watch, actor=actor, now=now, case=case.reference)
    return watch


def post_due_checks(session: Session, context: Context, now: datetime) -> int:
    """Post the checks whose time has come: one indexed question; one look at a host at a time."""
    due = session.scalars(
        select(Watch)
        .where(Watch.next_at <= now)
        .order_by(Watch.next_at)
        .limit(POSTED_A_TICK)
        .with_for_update(skip_locked=True)
    ).all()
    if not due:
        return 0
    gap = policy_of(context).host_gap
    free = {host: max(now, at + gap) for host, at in _last_looks(session, due).items()}
    for watch in due:
        at = free.get(watch.host, now)
        free[watch.host] = at + gap
        outbox.post(
            session,
            "watch.check",
            key=f"check:{watch.id}:{watch.checks}:{watch.next_at}",
            payload={"watch_id": str(watch.id)},
            now=now,
            queue="checks",
            delay=at - now,
        )
        watch.next_at = at + CHECK_LEASE
    return len(due)


def _last_looks(session: Session, due: Sequence[Watch]) -> dict[str, datetime]:
    """When each of these watches' hosts was last looked at, whatever the item."""
    rows = session.execute(
        select(Watch.host, func.max(Watch.last_at))
        .where(Watch.host.in_({watch.host for watch in due}), Watch.last_at.is_not(None))
        .group_by(Watch.host)
    )
    return {row[0]: row[1] for row in rows if row[1] is not None}


def look_soon(session: Session, case_id: uuid.UUID, *, now: datetime) -> None:
    """A host says that it is gone: see for ourselves."""
    watch = session.scalar(select(Watch).where(Watch.case_id == case_id).with_for_update(of=Watch))
    if watch is not None and watch.state != "ended":
        watch.next_at = now
