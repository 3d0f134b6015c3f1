"""What the figures' statements share: times as whole seconds, first events, quantiles.

Everything is counted and ranked by the database; a table is never read into Python. The same
statements run on PostgreSQL and on SQLite, so a figure is the same on both.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Subquery,
    case,
    exists,
    func,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.expression import FunctionElement

from hotline.core.storage.machine import HistoryEntry
from workers.statistics.counting.durations import SHARES_WITHIN_DAYS, Durations
from workers.statistics.periods import Period

DAY_SECONDS = 86_400


class unix_seconds(FunctionElement[int]):  # noqa: N801  # reads as SQL does
    """Whole seconds since 1970 of a stored time; a fraction is cut off, on both databases."""

    name = "unix_seconds"
    type = BigInteger()
    inherit_cache = True


@compiles(unix_seconds, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"CAST(floor(extract(epoch FROM {moment})) AS BIGINT)"


@compiles(unix_seconds, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"CAST(strftime('%s', {moment}) AS INTEGER)"


def count_groups(session: Session, statement: Any) -> dict[str, int]:
    """What a statement of (name, count) returns."""
    counts: dict[str, int] = dict(session.execute(statement).all())
    return counts


def seconds_between(start: Any, end: Any) -> ColumnElement[int]:
    return unix_seconds(end) - unix_seconds(start)


def is_within(column: Any, period: Period) -> ColumnElement[bool]:
    inside: ColumnElement[bool] = (column >= period.start) & (
        column < period.end
    )
    return inside


def first_events(
    entity: str, events: Collection[str], period: Period
) -> Subquery:
    """(entity_id, at) of the entities to which one of ``events`` first happened in the period.

    An entity to which it had happened before is not among them, so that no case is counted in
    two periods.
    """
    earlier = aliased(HistoryEntry)
    happened_before = exists().where(
        earlier.entity_id == HistoryEntry.entity_id,
        earlier.entity == entity,
        earlier.event.in_(list(events)),
        earlier.at < period.start,
    )
    return (
        select(HistoryEntry.entity_id, func.min(HistoryEntry.at).label("at"))
        .where(
            HistoryEntry.entity == entity,
            HistoryEntry.event.in_(list(events)),
            is_within(HistoryEntry.at, period),
            ~happened_before,
        )
        .group_by(HistoryEntry.entity_id)
        .subquery()
    )


def first_event_of(
    entity: str,
    events: Collection[str],
    entity_id: ColumnElement[uuid.UUID],
    before: ColumnElement[datetime],
) -> ColumnElement[datetime]:
    """When one of ``events`` first happened to the entity of an outer row; not after ``before``."""
    own = aliased(HistoryEntry)
    return (
        select(func.min(own.at))
        .where(
            own.entity_id == entity_id,
            own.entity == entity,
            own.event.in_(list(events)),
            own.at <= before,
        )
        .scalar_subquery()
    )


def measure_durations(session: Session, taken: Any) -> dict[str, Durations]:
    """``taken`` selects (step, seconds); each step's count, median, p90 and shares, by rank.

    Nearest rank: a value that was really measured, also for three cases.
    """
    # Kept once: else each duration would be computed for every use of it.
    steps = taken.cte("taken").prefix_with("MATERIALIZED")
    # A step whose beginning was never written down has no length.
    is_known = steps.c.seconds.is_not(None)
    ranked = (
        select(
            steps.c.step,
            steps.c.seconds,
            func.row_number()
            .over(partition_by=steps.c.step, order_by=steps.c.seconds)
            .label("rank"),
            func.count().over(partition_by=steps.c.step).label("count"),
        )
        .where(is_known)
        .subquery()
    )
    # The smallest rank that reaches the share, in whole numbers: ceil(count / 2) and so on.
    middle = (ranked.c.count + 1) // 2
    ninth_tenth = (9 * ranked.c.count + 9) // 10
    columns = [
        ranked.c.step,
        func.count(),
        _value_at(ranked, middle),
        _value_at(ranked, ninth_tenth),
    ]
    for days in SHARES_WITHIN_DAYS:
        within = ranked.c.seconds <= days * DAY_SECONDS
        columns.append(count_where(within))
    rows = session.execute(select(*columns).group_by(ranked.c.step))
    return {
        step: Durations.from_ranks(count, median, p90, within)
        for step, count, median, p90, *within in rows
    }


def count_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows of a group fulfil it; 0 where there is no row at all."""
    return func.count(case((condition, 1)))


def _value_at(ranked: Subquery, rank: ColumnElement[Any]) -> Any:
    return func.max(case((ranked.c.rank == rank, ranked.c.seconds)))
