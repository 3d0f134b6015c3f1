"""What came in during a period: by kind, channel, language, reporter, hour and day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from hotline.intake.models import Report, ReportMessage
from hotline.intake.registry.vocabulary import CHILDREN, MessageAuthor
from triage.items.models import Item
from workers.statistics.counting.sql import is_within, unix_seconds
from workers.statistics.periods import Period
from workers.statistics.tables import (
    UNKNOWN,
    FigureTable,
    TableName,
    Value,
    make_table,
)

SLOT_SECONDS = 900
"""No zone's clock differs from UTC by anything but whole quarters of an hour."""
COUNT = ("count",)
Slots = Mapping[datetime, int]
"""The start of a quarter of an hour, in the home zone -> how many."""

BREAKDOWNS: tuple[tuple[TableName, str, Any], ...] = (
    (TableName.REPORTS_BY_KIND, "kind", Report.kind),
    (TableName.REPORTS_BY_CHANNEL, "channel", Report.channel),
    (TableName.REPORTS_BY_LANGUAGE, "language", Report.language),
    (TableName.REPORTS_BY_REPORTER, "reporter", Report.reporter_role),
)


def count_incoming(session: Session, period: Period) -> list[FigureTable]:
    slots = _count_slots(session, period)
    return [
        *(
            make_table(name, key, COUNT, _count_by(session, column, period))
            for name, key, column in BREAKDOWNS
        ),
        _tabulate_hours(slots),
        _tabulate_days(slots, period),
    ]


def count_totals(session: Session, period: Period) -> dict[str, Value]:
    """Counts that are about reports and locations as a whole."""
    received = is_within(Report.received_at, period)
    children = Report.reporter_role.in_(sorted(CHILDREN))
    return {
        "reports": _count(session, Report, received),
        "reports_from_children": _count(session, Report, received, children),
        "reports_with_danger_now": _count(
            session, Report, received, Report.danger_now
        ),
        "reports_held_as_flood": _count(
            session, Report, received, Report.held_for_review
        ),
        "locations_new": _count(
            session,
            Item,
            is_within(Item.first_reported_at, period),
            # What was told in words lies nowhere.
            Item.canonical != "",
        ),
    }


def count_returned(session: Session, period: Period) -> int:
    """Reports whose reporter came back with the receipt and wrote, for the first time.

    Who only looks leaves no trace, which is what the public is promised. The messages go with
    their report, so closed months are what longer periods are counted from.
    """
    # The same table twice: what was written in the period, and whether
    # anything was before it.
    earlier = aliased(ReportMessage)
    wrote_before = (
        select(earlier.id)
        .where(
            earlier.report_id == ReportMessage.report_id,
            earlier.author == MessageAuthor.REPORTER,
            earlier.at < period.start,
        )
        .exists()
    )
    returned = select(
        func.count(func.distinct(ReportMessage.report_id))
    ).where(
        ReportMessage.author == MessageAuthor.REPORTER,
        is_within(ReportMessage.at, period),
        ~wrote_before,
    )
    return session.scalar(returned) or 0


def fold_slots(
    rows: Iterable[tuple[int, int]], zone: str
) -> dict[datetime, int]:
    """Counts by the number of the quarter of an hour since 1970, as times of ``zone``."""
    home = ZoneInfo(zone)
    return {
        datetime.fromtimestamp(slot * SLOT_SECONDS, UTC).astimezone(
            home
        ): count
        for slot, count in rows
    }


def _count(session: Session, model: Any, *conditions: Any) -> int:
    counted = select(func.count()).select_from(model).where(*conditions)
    return session.scalar(counted) or 0


def _count_by(
    session: Session, column: Any, period: Period
) -> dict[str, tuple[int]]:
    rows = session.execute(
        select(column, func.count())
        .where(is_within(Report.received_at, period))
        .group_by(column)
        # By name where counts are equal, so that two runs print the same.
        .order_by(func.count().desc(), column)
    )
    return {value or UNKNOWN: (count,) for value, count in rows}


def _count_slots(session: Session, period: Period) -> Slots:
    # The database knows no time zones that both kinds of it agree on, so it
    # counts in UTC, and finely enough to be put into local hours here.
    slot = unix_seconds(Report.received_at) // SLOT_SECONDS
    rows = session.execute(
        select(slot, func.count())
        .where(is_within(Report.received_at, period))
        .group_by(slot)
    )
    return fold_slots(((number, count) for number, count in rows), period.zone)


def _tabulate_hours(slots: Slots) -> FigureTable:
    hours: Counter[int] = Counter()
    for moment, count in slots.items():
        hours[moment.hour] += count
    # All 24, also those in which nobody reported.
    rows = {f"{hour:02}": (hours[hour],) for hour in range(24)}
    return make_table(TableName.REPORTS_BY_HOUR, "hour", COUNT, rows)


def _tabulate_days(slots: Slots, period: Period) -> FigureTable:
    days: Counter[str] = Counter()
    for moment, count in slots.items():
        days[moment.date().isoformat()] += count
    rows = {day: (days[day],) for day in list_days(period)}
    return make_table(TableName.REPORTS_BY_DAY, "day", COUNT, rows)


def list_days(period: Period) -> list[str]:
    """Every day of the period as ISO 8601 writes it."""
    first = period.first.toordinal()
    return [
        period.first.fromordinal(first + number).isoformat()
        for number in range(period.days)
    ]
