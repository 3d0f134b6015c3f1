"""Watching: start with what was there, ask which are due, move forward when a host says "gone"."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.jobs.names import JobName
from hotline.core.storage import outbox
from hotline.core.storage.ids import new_id
from partners.watching.models import Watch, WatchEvent, WatchState
from triage.availability.evidence import baseline_from_report
from triage.availability.model import Baseline
from triage.availability.policy import Policy, load_policy, policy_file
from triage.availability.schedule import in_line
from triage.cases.examination.appraise import agreed_class
from triage.cases.models import Case
from triage.items.models import Item, Visit
from triage.jurisdiction import AssessmentClass

# A check that was posted and whose worker died is posted again after this long.
CHECK_LEASE = timedelta(minutes=10)
POSTED_A_TICK = 200
# What has its place later than this waits in its own row, not in the queue.
AHEAD = timedelta(minutes=2)


def policy_of(context: Context) -> Policy:
    """The availability policy that the settings name."""
    name = policy_file(context.settings.availability_policy)
    return load_policy(context.settings.data_dir, name=name)


def start_watches(act: Act, case: Case) -> None:
    """Watch the case's items from now on, as far as they can be looked at and are not lawful."""
    for place in case.places:
        is_lawful = agreed_class(case, place) is AssessmentClass.NOT_ILLEGAL
        # Looking at what is lawful would be watching people.
        if place.item.fetchable and not is_lawful:
            _start_watch(act, case, place.item)


def _start_watch(act: Act, case: Case, item: Item) -> Watch:
    """The baseline is the newest visit that showed something: what is looked for later."""
    earlier = act.session.scalar(
        select(Watch).where(Watch.item_id == item.id).with_for_update()
    )
    if earlier is not None:
        if earlier.state == WatchState.ENDED:
            act.advance(earlier, WatchEvent.RESTARTED)
        # An item has one watch, in whatever case it is decided now.
        earlier.next_at = earlier.planned_at = act.now
        earlier.case_id = case.id
        return earlier
    watch = Watch(
        id=new_id(),
        item_id=item.id,
        case_id=case.id,
        host=item.host or "",
        policy=act.context.settings.availability_policy,
        baseline=_baseline_of(act.session, item).to_json(),
        next_at=act.now,
    )
    act.begin(watch, case=case.reference)
    return watch


def _baseline_of(session: Session, item: Item) -> Baseline:
    visit = session.scalar(
        select(Visit)
        .where(Visit.item_id == item.id, Visit.outcome == "ok")
        .order_by(Visit.at.desc())
        .limit(1)
    )
    report = visit.report if visit else {"requested": item.canonical}
    return baseline_from_report(report)


def post_due_checks(session: Session, context: Context, now: datetime) -> int:
    """Post the checks whose time has come, and give those of a busy host a place in its line.

    One question by two indexes a tick, whatever is watched. Returns how many were posted.
    """
    due = session.execute(due_checks(now)).all()
    if not due:
        return 0
    gap = policy_of(context).host_gap
    busy_until: dict[str, datetime | None] = {}
    posted = 0
    for watch, last_planned in due:
        busy = busy_until.get(watch.host, last_planned)
        place = in_line(
            now,
            gap,
            planned=watch.planned_at,
            looked=watch.last_at,
            busy_until=busy,
        )
        if watch.planned_at is None or place > watch.planned_at:
            watch.planned_at = place
        # Several of one host may be due at this tick, and the database does
        # not know their places yet.
        busy_until[watch.host] = max(place, busy or place)
        if place > now + AHEAD:
            watch.next_at = place
        else:
            _post_check(session, watch, place, now)
            posted += 1
    return posted


def _post_check(
    session: Session, watch: Watch, at: datetime, now: datetime
) -> None:
    outbox.post_work(
        session,
        JobName.WATCH_CHECK,
        # Each look is work of its own, and so is one that is posted again
        # because its worker died.
        key=f"check:{watch.id}:{watch.checks}:{watch.next_at}",
        payload={"watch_id": str(watch.id)},
        now=now,
        queue="checks",
        delay=at - now,
    )
    # Set when it is posted: else every tick would post it again until a worker
    # has it.
    watch.next_at = at + CHECK_LEASE


def due_checks(now: datetime) -> Select[Watch, datetime | None]:
    """What is due, oldest first, each with the last place that is taken in its host's line."""
    other = aliased(Watch)
    last = (
        select(func.max(other.planned_at))
        .where(other.host == Watch.host)
        .scalar_subquery()
    )
    return (
        select(Watch, last)
        .where(Watch.next_at <= now)
        .order_by(Watch.next_at)
        .limit(POSTED_A_TICK)
        .with_for_update(skip_locked=True, of=Watch)
    )


def look_soon(session: Session, item_id: uuid.UUID, *, now: datetime) -> None:
    """A host says that it is gone: see for ourselves."""
    watch = session.scalar(
        select(Watch).where(Watch.item_id == item_id).with_for_update(of=Watch)
    )
    if watch is not None and watch.state != WatchState.ENDED:
        # Not at the end of its host's line: somebody waits for what it shows.
        watch.next_at = watch.planned_at = now
