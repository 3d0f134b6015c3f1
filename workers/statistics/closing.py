"""Closing a period: its figures are counted once, kept, and from then on only read.

A period can be closed when it is over. Nothing that happens later belongs to it, so that a kept
figure and one that is counted anew say the same; but what is erased can be counted no more.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.jobs.names import JobName
from hotline.core.jobs.task import Task
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from hotline.core.storage.outbox import post_work
from hotline.intake.models import Report
from triage.cases.assessing.assessment import load_schema
from workers.statistics.counting.collect import collect_figures
from workers.statistics.models import ClosedPeriod
from workers.statistics.periods import (
    Period,
    last_over,
    month_of,
    parse_period,
)
from workers.statistics.tables import Figures, TableName

JOB = JobName.FIGURES_CLOSE
RETURNED = "reporters_who_wrote_again"


def read_figures(
    session: Session, context: Context, period: Period, now: datetime
) -> Figures:
    """As they were kept, else counted now; a table that is new since is counted, too."""
    kept = load_closed(session, period)
    if kept is not None and kept.is_whole:
        return kept
    schema = load_schema(context.settings.data_dir)
    counted = collect_figures(
        session,
        period,
        schema,
        now,
        returned=_count_returned(session, period),
    )
    return counted if kept is None else kept.completed_by(counted)


def load_closed(session: Session, period: Period) -> Figures | None:
    """The figures of a closed period; None where it is not closed."""
    closed = session.scalar(_select_closed(period))
    return None if closed is None else Figures.from_json(closed.tables)


def list_closed(session: Session, zone: str) -> list[Period]:
    """The newest first, and the longer one first of those that end together."""
    rows = session.execute(
        select(ClosedPeriod.first, ClosedPeriod.last)
        .where(ClosedPeriod.zone == zone)
        .order_by(ClosedPeriod.last.desc(), ClosedPeriod.first)
    )
    return [Period(first, last, zone) for first, last in rows]


def keep_figures(
    session: Session, period: Period, figures: Figures, now: datetime
) -> bool:
    """Close the period with these; False where it is closed already.

    What was kept stays as it is: only tables that it lacks are added.
    """
    is_new = insert_once(
        session,
        ClosedPeriod,
        ["first", "last", "zone"],
        id=new_id(),
        first=period.first,
        last=period.last,
        zone=period.zone,
        closed_at=now,
        tables=figures.to_json(),
    )
    if not is_new:
        closed = session.scalars(_select_closed(period)).one()
        # What was counted then may be counted no more: the kept one wins.
        closed.tables = {**figures.to_json(), **closed.tables}
    return is_new


def list_due(session: Session, zone: str, now: datetime) -> list[Period]:
    """What is over and not closed: every month since the first report, the last quarter and year.

    Months come before what they are part of: a longer period is counted from them where it must.
    """
    first = session.scalar(select(func.min(Report.received_at)))
    if first is None:
        return []
    kept = session.scalars(
        select(ClosedPeriod).where(ClosedPeriod.zone == zone)
    )
    closed = {
        Period(row.first, row.last, zone)
        for row in kept
        if Figures.from_json(row.tables).is_whole
    }
    newest = last_over(now, zone)
    wanted = [*_months_between(first, newest[0]), *newest]
    due = [
        period
        for period in wanted
        if period.end > first and period not in closed
    ]
    return list(dict.fromkeys(due))


def post_closing(session: Session, context: Context, *, now: datetime) -> int:
    """Have a worker close what is due: counting must keep no tick and no writer waiting."""
    zone = context.country.time_zone
    for period in list_due(session, zone, now):
        post_work(
            session,
            JOB,
            # Once for each set of tables: a new one is added to what was closed before.
            key=f"{JOB}:{len(TableName)}:{period.name}:{zone}",
            payload={"period": period.name, "zone": zone},
            now=now,
        )
    return 0


def close_period(task: Task) -> None:
    """Count outside of any transaction that writes, then keep it."""
    period = parse_period(task.text_of("period"), task.text_of("zone"))
    with task.context.database.reading() as session:
        figures = read_figures(session, task.context, period, task.now)
    with task.finishing() as session:
        keep_figures(session, period, figures, task.now)


def _select_closed(period: Period) -> Select[ClosedPeriod]:
    return select(ClosedPeriod).where(
        ClosedPeriod.first == period.first,
        ClosedPeriod.last == period.last,
        ClosedPeriod.zone == period.zone,
    )


def _months_between(first: datetime, last: Period) -> list[Period]:
    day = first.astimezone(ZoneInfo(last.zone)).date()
    since = month_of(day.year, day.month, last.zone)
    return Period(since.first, last.last, last.zone).months()


def _count_returned(session: Session, period: Period) -> int | None:
    """The sum of the months, where all of them are closed: messages may be erased since."""
    months = period.months()
    days = sum(month.days for month in months)
    # Of weeks or single days no month can be the part.
    if len(months) < 2 or days != period.days:
        return None
    closed = [load_closed(session, month) for month in months]
    if any(figures is None for figures in closed):
        return None
    return sum(
        int(figures[TableName.TOTALS].value(RETURNED, "count") or 0)
        for figures in closed
        if figures is not None
    )
