"""A plot says what its table says: also of what is below 0, was not measured, or lies ahead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale

from workers.statistics.showing.drawing import Words
from workers.statistics.showing.plots import Ahead, Point, draw_lines
from workers.statistics.showing.sections import Section, describe_figures
from workers.statistics.tables import (
    Figures,
    FigureTable,
    TableName,
    Value,
    make_table,
)

Row = tuple[Value, ...]
ROOM_OF_A_DAY = 48
"""As wide as "28.11." is at least, with a little between two of them."""


@pytest.fixture
def app(browse: Callable[[str], FlaskClient]) -> Iterator[Flask]:
    app = browse("auditor").application
    with app.test_request_context(), force_locale("sq"):
        yield app


def describe(
    name: TableName, columns: str, now: dict[str, Row], before: dict[str, Row]
) -> Section:
    def figures(rows: dict[str, Row]) -> Figures:
        return Figures((make_table(name, "kind", columns.split(), rows),))

    (section,) = describe_figures(figures(now), figures(before), 30)
    return section


def numbers(section: Section) -> list[str]:
    return re.findall(r'class="number"[^>]*>([^<]*)<', str(section.svg))


def bars(section: Section) -> list[tuple[str, str]]:
    return re.findall(
        r'<rect class="(\w+)" [^>]*width="([\d.]+)"', str(section.svg)
    )


def test_what_was_not_measured_before_is_not_drawn_as_nothing(
    app: Flask,
) -> None:
    section = describe(
        TableName.DURATIONS,
        "count median_hours",
        {"hold": (4, 2.5), "receipt_to_police": (2, 1.5)},
        {"hold": (0, None), "receipt_to_police": (3, 0.5)},
    )
    assert numbers(section) == ["2,5", "1,5", "0,5"]
    assert [tone for tone, _ in bars(section)] == ["now", "now", "before"]
    assert [cell.before for cell in section.lines[0].cells] == ["0", "–"]


def test_what_had_no_row_before_was_counted_and_is_nothing(app: Flask) -> None:
    section = describe(
        TableName.BY_COUNTRY,
        "found removed median_hours p90_hours",
        {"AL": (3, 0, None, None)},
        {},
    )
    assert numbers(section) == ["3", "0"]
    (line,) = section.lines
    assert [cell.before for cell in line.cells] == ["0", "0", "–", "–"]


def test_a_disagreement_keeps_its_sign(app: Flask) -> None:
    section = describe(
        TableName.AGREEMENT,
        "pairs agreed kappa",
        {"class": (9, 0.4, -0.25)},
        {"class": (9, 0.4, 0.5)},
    )
    assert numbers(section) == ["-0,25", "0,5"]
    assert bars(section)[0] == ("now", "0")


def test_nothing_is_drawn_where_nothing_was_measured(app: Flask) -> None:
    rows: dict[str, Row] = {"class": (0, None, None)}
    section = describe(TableName.AGREEMENT, "pairs agreed kappa", rows, rows)
    assert section.svg is None and not section.plotted
    assert section.lines and not section.is_long


def totals(forecast: Value) -> FigureTable:
    rows: dict[str, Row] = {"backlog_in_28_days": (forecast,)}
    return make_table(TableName.TOTALS, "total", ("count",), rows)


@pytest.mark.parametrize(("forecast", "is_drawn"), [(12, True), (None, False)])
def test_the_backlog_goes_on_to_what_is_foreseen(
    app: Flask, forecast: Value, is_drawn: bool
) -> None:
    days: dict[str, Row] = {f"2026-03-{n:02}": (1, 0, n) for n in range(1, 11)}
    columns = ("opened", "settled", "waiting")
    table = make_table(TableName.BACKLOG_BY_DAY, "day", columns, days)
    figures = Figures((totals(forecast), table))
    section = describe_figures(figures, figures, 10)[1]
    svg = str(section.svg)
    assert ('class="ahead"' in svg) is is_drawn
    assert (">12<" in svg) is is_drawn


def test_the_way_ahead_begins_at_the_last_day_and_stays_in_the_frame() -> None:
    points = [Point(str(day), day) for day in range(20)]
    drawing = draw_lines("Backlog", points, ahead=Ahead(40.0, 28))
    paths = {
        str(shape.tone): shape.points
        for shape in drawing.shapes
        if hasattr(shape, "points")
    }
    assert paths["ahead"][0] == paths["now"][-1]
    (_, top), (right, _) = paths["ahead"][1], paths["ahead"][1]
    assert right <= drawing.width and top >= 0
    ticks = [
        shape.x
        for shape in drawing.shapes
        if isinstance(shape, Words) and shape.tone == "words"
    ]
    assert len(ticks) > 1
    assert min(later - x for x, later in pairwise(ticks)) > ROOM_OF_A_DAY
    assert not any(
        shape.tone == "ahead"
        for shape in draw_lines("Backlog", [], ahead=Ahead(4.0, 28)).shapes
    )
