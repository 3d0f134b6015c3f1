"""A plot says what its table says: also of what is below 0, was not measured, or lies ahead."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from itertools import pairwise

import pytest
from flask import Flask
from flask_babel import force_locale

from workers.statistics.comparing import rows_before
from workers.statistics.counting.durations import Step
from workers.statistics.showing.drawing import Words
from workers.statistics.showing.exports import to_csv, to_xlsx
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
LONGEST = 30
ROOM_OF_A_DAY = 48
"""As wide as "28.11." is at least, with a little between two of them."""


@pytest.fixture
def albanian(app: Flask) -> Iterator[Flask]:
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
    albanian: Flask,
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


def test_what_had_no_row_before_was_counted_and_is_nothing(
    albanian: Flask,
) -> None:
    section = describe(
        TableName.BY_COUNTRY,
        "found removed median_hours p90_hours",
        {"AL": (3, 0, None, None)},
        {},
    )
    assert numbers(section) == ["3", "0"]
    (line,) = section.lines
    assert [cell.before for cell in line.cells] == ["0", "0", "–", "–"]


def test_a_disagreement_keeps_its_sign(albanian: Flask) -> None:
    section = describe(
        TableName.AGREEMENT,
        "pairs agreed kappa",
        {"class": (9, 0.4, -0.25)},
        {"class": (9, 0.4, 0.5)},
    )
    assert numbers(section) == ["-0,25", "0,5"]
    assert bars(section)[0] == ("now", "0")


def test_nothing_is_drawn_where_nothing_was_measured(albanian: Flask) -> None:
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


def test_files_have_what_was_before_as_the_page_does() -> None:
    now = make_table(
        TableName.BY_COUNTRY,
        "country",
        ("found", "median_hours"),
        {"AL": (3, 1.5), "RS": (1, None)},
    )
    before = Figures(
        (
            make_table(
                TableName.BY_COUNTRY,
                "country",
                ("found", "median_hours"),
                {"RS": (2, 0.5)},
            ),
        )
    )
    lines = to_csv([now], before).decode("utf-8-sig").splitlines()
    assert lines == [
        "table,row,column,value,before",
        "by_country,AL,found,3,0",
        "by_country,AL,median_hours,1.5,",
        "by_country,RS,found,1,2",
        "by_country,RS,median_hours,,0.5",
    ]
    with zipfile.ZipFile(io.BytesIO(to_xlsx([now], before))) as book:
        words = book.read("xl/sharedStrings.xml").decode()
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "median_hours_before" in words and "found_before" in words
    assert re.findall(r'r="([BD][23])"[^>]*><v>(\d+)<', sheet) == [
        ("B2", "3"),
        ("D2", "0"),
        ("B3", "1"),
        ("D3", "2"),
    ]


def test_days_are_compared_by_their_number() -> None:
    def days(month: str, counts: dict[int, int]) -> FigureTable:
        rows: dict[str, Row] = {
            f"2026-{month}-{day:02}": (count,) for day, count in counts.items()
        }
        return make_table(TableName.REPORTS_BY_DAY, "day", ("count",), rows)

    earlier = rows_before(
        days("03", {1: 5, 2: 6, 3: 7}), days("02", {1: 8, 2: 9})
    )
    assert earlier == [(8,), (9,), (None,)]


def test_what_an_older_program_did_not_count_is_not_said_to_be_nothing() -> (
    None
):
    now = make_table(
        TableName.DURATIONS, "step", ("count",), {"hold": (1,), "new": (2,)}
    )
    before = make_table(
        TableName.DURATIONS, "step", ("count",), {"hold": (3,)}
    )
    assert rows_before(now, before) == [(3,), (None,)]


@pytest.mark.parametrize("language", ["en", "sq", "sr-Latn", "sr-Cyrl", "mk"])
def test_rows_that_begin_alike_are_told_apart(
    app: Flask, language: str
) -> None:
    steps: dict[str, Row] = {step.value: (1, 1.0) for step in Step}
    with (
        app.test_request_context(),
        force_locale(language.replace("-", "_")),
    ):
        section = describe(
            TableName.DURATIONS, "count median_hours", steps, steps
        )
    texts = re.findall(r'class="words"[^>]*>([^<]*)<', str(section.svg))
    drawn = " ".join(unescape(text) for text in texts)
    for line in section.lines:
        assert line.label in drawn
    assert not any(len(text) > LONGEST for text in texts)
