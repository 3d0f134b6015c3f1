"""A long period is told by weeks or months, and nothing of it is lost or counted twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.statistics.periods import LONGEST_DAYS
from workers.statistics.showing.folding import (
    BY_DAY,
    MOST_ROWS_OF_TIME,
    Step,
    choose_step,
    fold_figures,
)
from workers.statistics.tables import (
    Figures,
    FigureTable,
    TableName,
    make_table,
)

LONGEST_FOLDED = 125
"""Months of the longest period there is."""


def days_of(first: date, count: int) -> FigureTable:
    """Each day has another number, so that a day in a wrong place shows."""
    rows = {
        (first + timedelta(days=number)).isoformat(): (
            number + 1,
            2 * number,
            1000 + number,
        )
        for number in range(count)
    }
    columns = ("opened", "settled", "waiting")
    return make_table(TableName.BACKLOG_BY_DAY, "day", columns, rows)


def fold(table: FigureTable, step: Step) -> FigureTable:
    return fold_figures(Figures((table,)), step)[table.name]


@given(
    st.dates(date(2001, 1, 1), date(2050, 1, 1)),
    st.integers(1, LONGEST_DAYS),
)
def test_what_happened_adds_up_and_what_waits_is_that_of_the_last_day(
    first: date, count: int
) -> None:
    days = days_of(first, count)
    folded = fold(days, choose_step(count))
    for place in (0, 1):
        assert sum(int(row.values[place] or 0) for row in folded.rows) == sum(
            int(row.values[place] or 0) for row in days.rows
        )
    assert folded.rows[-1].values[2] == days.rows[-1].values[2]
    assert len(folded.rows) <= LONGEST_FOLDED
    keys = [row.key for row in folded.rows]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize(
    ("days", "step"),
    [
        (1, Step.DAY),
        (MOST_ROWS_OF_TIME, Step.DAY),
        (92, Step.WEEK),
        (366, Step.WEEK),
        (731, Step.MONTH),
    ],
)
def test_the_longer_the_period_the_longer_the_step(
    days: int, step: Step
) -> None:
    assert choose_step(days) is step


def test_weeks_begin_with_the_period_and_months_with_the_month() -> None:
    days = days_of(date(2026, 1, 30), 40)
    weeks = fold(days, Step.WEEK)
    assert [row.key for row in weeks.rows][:2] == ["2026-01-30", "2026-02-06"]
    assert weeks.rows[0].values == (28, 42, 1006)
    months = fold(days, Step.MONTH)
    assert [row.key for row in months.rows] == [
        "2026-01",
        "2026-02",
        "2026-03",
    ]
    assert months.rows[0].values == (3, 2, 1001)
    assert (weeks.key, months.key) == ("week", "month")


def test_only_tables_of_days_are_folded() -> None:
    countries = make_table(
        TableName.BY_COUNTRY, "country", ("found",), {"AL": (3,)}
    )
    assert countries.name not in BY_DAY
    assert fold(countries, Step.MONTH) == countries
