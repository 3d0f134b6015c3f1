"""Pure: what makes a long period short enough for a page. The files have every row of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from enum import StrEnum

from workers.statistics.tables import (
    BY_DAY,
    FigureRow,
    Figures,
    FigureTable,
    Value,
)

MOST_ROWS_OF_TIME = 62
"""The days of two months, or the weeks of a year and a bit."""
DAYS_OF_WEEK = 7
STANDING = ("waiting",)
"""Columns that say what was at the end of a day, and not what happened on it."""


class Step(StrEnum):
    """How much time one row is of; the values are keys of words."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def choose_step(days: int) -> Step:
    """The shortest that leaves a table which can be read."""
    if days <= MOST_ROWS_OF_TIME:
        return Step.DAY
    if days <= MOST_ROWS_OF_TIME * DAYS_OF_WEEK:
        return Step.WEEK
    return Step.MONTH


def fold_figures(figures: Figures, step: Step) -> Figures:
    """The same figures, with the tables of days in steps."""
    return Figures(
        tuple(
            _fold(table, step) if table.name in BY_DAY else table
            for table in figures.tables
        )
    )


def _fold(table: FigureTable, step: Step) -> FigureTable:
    if step is Step.DAY:
        return table
    rows = tuple(
        FigureRow(key, _join(table.columns, days))
        for key, days in _group(table.rows, step)
    )
    return replace(table, key=step.value, rows=rows)


def _group(
    rows: tuple[FigureRow, ...], step: Step
) -> Iterator[tuple[str, list[FigureRow]]]:
    """Days of one week or month, by the first of them that is in the period.

    Weeks begin where the period does, so that the first of two years are as long as each other.
    """
    group: list[FigureRow] = []
    for number, row in enumerate(rows):
        begins = (
            number % DAYS_OF_WEEK == 0
            if step is Step.WEEK
            else date.fromisoformat(row.key).day == 1
        )
        if begins and group:
            yield _name(group, step), group
            group = []
        group.append(row)
    if group:
        yield _name(group, step), group


def _name(days: list[FigureRow], step: Step) -> str:
    first = days[0].key
    return first if step is Step.WEEK else first[: len("2026-10")]


def _join(
    columns: tuple[str, ...], days: list[FigureRow]
) -> tuple[Value, ...]:
    return tuple(
        days[-1].values[place]
        if column in STANDING
        else sum(day.values[place] or 0 for day in days)
        for place, column in enumerate(columns)
    )
