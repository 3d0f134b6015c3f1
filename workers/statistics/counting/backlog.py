"""What waited at the end of a period, for how long, and how it grew or shrank day by day."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Subquery,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from hotline.core.storage.machine import HistoryEntry
from triage.cases.models import Case
from triage.cases.vocabulary import CaseState
from workers.statistics.counting.incoming import (
    SLOT_SECONDS,
    fold_slots,
    list_days,
)
from workers.statistics.counting.sql import (
    count_groups,
    is_within,
    unix_seconds,
)
from workers.statistics.periods import Period
from workers.statistics.tables import FigureTable, TableName, make_table

WAITING = (
    CaseState.RECEIVED,
    CaseState.HELD,
    CaseState.WAITING,
    CaseState.SECOND_ASSESSMENT,
    CaseState.THIRD_ASSESSMENT,
    CaseState.ASSESSED,
)
"""The backlog: somebody here, or the machine, has something to do before others can act."""
OPEN = (*WAITING, CaseState.IN_PROGRESS)
FORECAST_DAYS = 28


@dataclass(frozen=True, slots=True)
class Age:
    """Cases that are younger than ``below`` days, and not of an earlier row."""

    name: str
    below: int | None


AGES = (
    Age("under_1_day", 1),
    Age("1_to_3_days", 3),
    Age("3_to_6_days", 6),
    Age("6_to_30_days", 30),
    Age("over_30_days", None),
)


def count_backlog(
    session: Session, period: Period, now: datetime
) -> list[FigureTable]:
    """``now``: of a period that is not over, the end is now."""
    end = min(period.end, now)
    before = _count_states(session, period.start)
    after = _count_states(session, end)
    states = {
        state.value: (before[state.value], after[state.value])
        for state in OPEN
    }
    waiting_before = sum(before[state] for state in WAITING)
    return [
        make_table(
            TableName.BACKLOG_BY_STATE, "state", ("start", "end"), states
        ),
        make_table(
            TableName.BACKLOG_BY_AGE,
            "age",
            ("count",),
            _count_ages(session, end),
        ),
        make_table(
            TableName.BACKLOG_BY_DAY,
            "day",
            ("opened", "settled", "waiting"),
            _follow_days(session, period, waiting_before, end),
        ),
    ]


def forecast_backlog(days: FigureTable) -> int | None:
    """How much would wait in 28 days if it went on as in the last 28 of the table; a straight line.

    None for a period that is too short to say.
    """
    rows = days.rows[-FORECAST_DAYS:]
    # A line through a few days would tell the accident of those days.
    if len(rows) < FORECAST_DAYS:
        return None
    change = 0
    for row in rows:
        opened, settled, _ = row.values
        change += int(opened or 0) - int(settled or 0)
    waiting = int(rows[-1].values[2] or 0)
    return max(0, waiting + change)


def _open_cases(at: datetime) -> Subquery:
    """(state, opened_at) of the cases that were open at a moment.

    The state of a case at a moment is what its next event found, or its present one where nothing
    happened since. So only what happened since is read, however long the history is.
    """
    untouched = select(Case.state.label("state"), Case.opened_at).where(
        Case.state.in_(OPEN), Case.state_since < at
    )
    following = aliased(HistoryEntry)
    between = aliased(HistoryEntry)
    came_between = exists().where(
        between.entity_id == following.entity_id,
        between.entity == "case",
        between.at >= at,
        or_(
            between.at < following.at,
            and_(between.at == following.at, between.id < following.id),
        ),
    )
    moved_since = (
        select(following.from_state, Case.opened_at)
        .join(Case, Case.id == following.entity_id)
        .where(
            following.entity == "case",
            following.at >= at,
            following.from_state.in_(OPEN),
            ~came_between,
        )
    )
    return union_all(untouched, moved_since).subquery()


def _count_states(session: Session, at: datetime) -> Counter[str]:
    cases = _open_cases(at)
    counted = select(cases.c.state, func.count()).group_by(cases.c.state)
    return Counter(count_groups(session, counted))


def _count_ages(session: Session, at: datetime) -> dict[str, tuple[int]]:
    cases = _open_cases(at)
    is_of_age: list[tuple[ColumnElement[bool], str]] = [
        (cases.c.opened_at > at - timedelta(days=age.below), age.name)
        for age in AGES
        if age.below is not None
    ]
    named = case(*is_of_age, else_=AGES[-1].name)
    counted = (
        select(named, func.count())
        .where(cases.c.state.in_(WAITING))
        .group_by(named)
    )
    counts = Counter(count_groups(session, counted))
    return {age.name: (counts[age.name],) for age in AGES}


def _follow_days(
    session: Session, period: Period, waiting: int, end: datetime
) -> dict[str, tuple[int, int, int]]:
    """Each day's cases that joined and left the backlog, and how many waited at its end."""
    was = HistoryEntry.from_state.in_(WAITING)
    will = HistoryEntry.to_state.in_(WAITING)
    opened = _sum_days(session, period, ~was & will)
    settled = _sum_days(session, period, was & ~will)
    last = end.astimezone(period.start.tzinfo)
    rows = {}
    for day in list_days(period):
        waiting += opened[day] - settled[day]
        rows[day] = (opened[day], settled[day], waiting)
    return _cut_at(rows, last, period)


def _sum_days(session: Session, period: Period, happened: Any) -> Counter[str]:
    slot = unix_seconds(HistoryEntry.at) // SLOT_SECONDS
    rows = session.execute(
        select(slot, func.count())
        .where(
            HistoryEntry.entity == "case",
            is_within(HistoryEntry.at, period),
            happened,
        )
        .group_by(slot)
    )
    days: Counter[str] = Counter()
    slots = fold_slots(
        ((number, count) for number, count in rows), period.zone
    )
    for moment, count in slots.items():
        days[moment.date().isoformat()] += count
    return days


def _cut_at(
    rows: dict[str, tuple[int, int, int]], end: datetime, period: Period
) -> dict[str, tuple[int, int, int]]:
    """Days that have not begun yet say nothing."""
    begun = int((end - period.start) / timedelta(days=1)) + 1
    return dict(list(rows.items())[: max(0, begun)])
