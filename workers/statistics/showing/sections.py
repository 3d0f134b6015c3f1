"""A page's view of figures: each table with its words, its plot and the period before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask_babel import format_decimal, format_percent
from markupsafe import Markup

from workers.statistics.comparing import rows_before
from workers.statistics.showing import words
from workers.statistics.showing.drawing import Drawing, to_svg
from workers.statistics.showing.folding import (
    Step,
    choose_step,
    fold_figures,
)
from workers.statistics.showing.plots import (
    Ahead,
    Point,
    draw_bars,
    draw_columns,
    draw_lines,
)
from workers.statistics.tables import (
    BY_DAY,
    Figures,
    FigureTable,
    TableName,
    Value,
)

NOTHING = "–"
SHARE_COLUMNS = ("agreed",)
SHARE_ROWS = ("share_who_wrote_again",)
SLOTS_AHEAD: Mapping[Step, int] = {Step.DAY: 28, Step.WEEK: 4, Step.MONTH: 1}
"""The days for which the backlog is foreseen, in the steps of a plot."""
MOST_ROWS = 9
"""More are folded up below the plot."""
MOST_COLUMNS = 4
"""More need the width of the page."""
MOST_LINES = 40
"""A page shows as many places or contacts, the largest; the files have all."""

BARS: Mapping[TableName, str] = {
    TableName.REPORTS_BY_KIND: "count",
    TableName.REPORTS_BY_CHANNEL: "count",
    TableName.REPORTS_BY_LANGUAGE: "count",
    TableName.REPORTS_BY_REPORTER: "count",
    TableName.BACKLOG_BY_STATE: "end",
    TableName.BACKLOG_BY_AGE: "count",
    TableName.DURATIONS: "median_hours",
    TableName.DECISIONS: "count",
    TableName.VIEWS_AVOIDED: "count",
    TableName.TOLD: "told",
    TableName.OUTCOMES: "count",
    TableName.BY_COUNTRY: "found",
    TableName.BY_NETWORK: "found",
    TableName.BY_PROVIDER: "notices",
    TableName.NOTICES_BY_KIND: "notices",
    TableName.AGREEMENT: "kappa",
    TableName.LANZAROTE: "reports",
}
"""Which column the bars of a table are drawn from."""


@dataclass(frozen=True, slots=True)
class Cell:
    now: str
    before: str


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """``plotted``: what the plot is drawn from; empty where there is none.

    ``is_folded``: a line is of more than the days that are counted and kept.
    """

    name: TableName
    title: str
    note: str
    key: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    plotted: str
    drawing: Drawing | None
    is_folded: bool

    @property
    def shown(self) -> tuple[Line, ...]:
        """The lines of a page; what happened when is never cut."""
        return self.lines if self.name in BY_DAY else self.lines[:MOST_LINES]

    @property
    def left_out(self) -> int:
        return len(self.lines) - len(self.shown)

    @property
    def has_more(self) -> bool:
        """Whether the files say more than the page."""
        return self.is_folded or self.left_out > 0

    @property
    def svg(self) -> Markup | None:
        return None if self.drawing is None else to_svg(self.drawing)

    @property
    def is_wide(self) -> bool:
        return self.name in BY_DAY or len(self.columns) > MOST_COLUMNS

    @property
    def is_long(self) -> bool:
        """Whether the table is folded up below its plot."""
        return self.drawing is not None and len(self.lines) > MOST_ROWS


def describe_figures(
    figures: Figures, before: Figures, days: int
) -> list[Section]:
    """Of a period of so many ``days``: a long one is told by weeks or months."""
    step = choose_step(days)
    earlier = fold_figures(before, step)
    ahead = _look_ahead(figures, step)
    return [
        _describe_table(table, earlier[table.name], step, ahead)
        for table in fold_figures(figures, step).tables
    ]


def _look_ahead(figures: Figures, step: Step) -> Ahead | None:
    """How long the backlog will be in 28 days; None where too few days are known."""
    totals = [
        table for table in figures.tables if table.name is TableName.TOTALS
    ]
    value = totals[0].value("backlog_in_28_days", "count") if totals else None
    return None if value is None else Ahead(float(value), SLOTS_AHEAD[step])


def write_value(value: Value, row: str, column: str) -> str:
    """A number in the language of the page; a share as a percentage."""
    if value is None:
        return NOTHING
    is_share = column.startswith("within_") or column in SHARE_COLUMNS
    if is_share or row in SHARE_ROWS:
        return str(format_percent(value, format="#,##0.#%"))
    return str(format_decimal(value, format="#,##0.##"))


def _describe_table(
    table: FigureTable, before: FigureTable, step: Step, ahead: Ahead | None
) -> Section:
    title = words.name_table(table.name, step)
    column = BARS.get(table.name, "")
    drawing = _draw(table, before, title, column, ahead)
    has_choice = drawing and column and len(table.columns) > 1
    return Section(
        name=table.name,
        title=title,
        note=words.note_table(table.name, step),
        key=str(words.KEYS[table.key]),
        columns=tuple(str(words.COLUMNS[name]) for name in table.columns),
        lines=tuple(_describe_rows(table, before)),
        plotted=str(words.COLUMNS[column]) if has_choice else "",
        drawing=drawing,
        is_folded=table.name in BY_DAY and step is not Step.DAY,
    )


def _describe_rows(table: FigureTable, before: FigureTable) -> list[Line]:
    return [
        Line(
            words.name_row(table.name, row.key),
            tuple(
                Cell(
                    write_value(value, row.key, column),
                    write_value(value_before, row.key, column),
                )
                for column, value, value_before in zip(
                    table.columns, row.values, earlier, strict=True
                )
            ),
        )
        for row, earlier in zip(
            table.rows, rows_before(table, before), strict=True
        )
    ]


def _draw(
    table: FigureTable,
    before: FigureTable,
    title: str,
    column: str,
    ahead: Ahead | None,
) -> Drawing | None:
    """None where there is nothing to draw, as where nothing could be measured."""
    if not table.rows:
        return None
    if table.name is TableName.REPORTS_BY_HOUR:
        points = _points(table, before, "count", _as_is)
        return draw_columns(title, points, _write_number)
    if table.name is TableName.REPORTS_BY_DAY:
        points = _points(table, None, "count", _short_day)
        return draw_columns(title, points, _write_number)
    if table.name is TableName.BACKLOG_BY_DAY:
        points = _points(table, None, "waiting", _short_day)
        place = before.columns.index("waiting")
        earlier = [float(row.values[place] or 0) for row in before.rows]
        return draw_lines(title, points, earlier, ahead, _write_number)
    if not column:
        return None

    def name(key: str) -> str:
        return words.name_row(table.name, key)

    points = _points(table, before, column, name)
    return draw_bars(title, points, _write_number) if points else None


def _points(
    table: FigureTable,
    before: FigureTable | None,
    column: str,
    name: Callable[[str], str],
) -> list[Point]:
    place = table.columns.index(column)
    earlier = rows_before(table, before) if before else None
    points = []
    for number, row in enumerate(table.rows):
        now = row.values[place]
        if now is None:
            continue
        value = earlier[number][place] if earlier else None
        points.append(
            Point(
                name(row.key),
                float(now),
                None if value is None else float(value),
            )
        )
    return points


def _write_number(value: float) -> str:
    return write_value(value, "", "")


def _as_is(key: str) -> str:
    return key


def _short_day(day: str) -> str:
    """The day and the month of 2026-10-03: "3.10."; a whole month as it is written."""
    month, *number = day.split("-")[1:]
    return f"{int(number[0])}.{int(month)}." if number else day
