"""All figures of one period, from tables and the history of events. Nothing personal is read.

Each figure is of what happened in the period: what came in, and the steps that ended. So the past
does not change when work goes on, and months add up.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import Session

from triage.cases.assessing.assessment import Schema
from workers.statistics.counting import decisions, incoming, places, steps
from workers.statistics.counting.agreement import measure_agreement
from workers.statistics.counting.backlog import count_backlog, forecast_backlog
from workers.statistics.counting.steps import measure_steps
from workers.statistics.periods import Period
from workers.statistics.tables import (
    Figures,
    FigureTable,
    TableName,
    Value,
    make_table,
)


def collect_figures(
    session: Session,
    period: Period,
    schema: Schema,
    now: datetime,
    *,
    returned: int | None = None,
) -> Figures:
    """``schema``: the questions whose answers are compared. ``returned``: how many reporters came
    back, where that is known from months whose messages may be erased since."""
    if returned is None:
        returned = incoming.count_returned(session, period)
    backlog = count_backlog(session, period, now)
    tables = [
        *incoming.count_incoming(session, period),
        *backlog,
        measure_steps(session, period),
        decisions.count_decisions(session, period),
        decisions.count_views_avoided(session, period),
        decisions.count_told(session, period),
        decisions.count_outcomes(session, period),
        places.count_by_country(session, period),
        places.count_by_network(session, period),
        places.count_by_provider(session, period),
        places.count_notices_by_kind(session, period),
        measure_agreement(session, period, schema),
        decisions.count_for_lanzarote(session, period),
    ]
    totals = _count_totals(session, period, returned, backlog[-1])
    # In the order of the page, and a table that nobody counts fails here.
    by_name = {table.name: table for table in (totals, *tables)}
    return Figures(tuple(by_name[name] for name in TableName))


def _count_totals(
    session: Session, period: Period, returned: int, days: FigureTable
) -> FigureTable:
    reports = incoming.count_totals(session, period)
    counts: dict[str, Value] = {
        **reports,
        "reporters_who_wrote_again": returned,
        "share_who_wrote_again": _share(returned, reports["reports"]),
        "cases_opened": _sum_column(days, "opened"),
        "cases_assessed": _count_rows(session, steps.first_assessed(period)),
        "cases_of_which_support_was_told": decisions.count_supported(
            session, period
        ),
        "locations_removed": places.count_removed(session, period),
        "locations_back_again": places.count_reappeared(session, period),
        "backlog_in_28_days": forecast_backlog(days),
    }
    rows = {name: (count,) for name, count in counts.items()}
    return make_table(TableName.TOTALS, "total", ("count",), rows)


def _count_rows(session: Session, chosen: Subquery) -> int:
    return session.scalar(select(func.count()).select_from(chosen)) or 0


def _sum_column(table: FigureTable, column: str) -> int:
    place = table.columns.index(column)
    return sum(int(row.values[place] or 0) for row in table.rows)


def _share(part: int, whole: Value) -> float | None:
    return round(part / whole, 4) if whole else None
