"""The dashboard and its files: who may, what they see, and that nothing in them runs."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from html import unescape
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from hotline.accounts.permissions import PERMISSIONS, Role
from hotline.core.context import utc_now
from hotline.core.spreadsheets import guard_text
from workers.statistics.showing.drawing import to_svg
from workers.statistics.showing.exports import to_csv, to_xlsx
from workers.statistics.showing.plots import (
    Point,
    draw_bars,
    draw_columns,
    draw_lines,
)
from workers.statistics.showing.sections import (
    MOST_LINES,
    describe_figures,
)
from workers.statistics.tables import Figures, TableName, make_table

Browse = Callable[[str], FlaskClient]
PAGE = "/console/figures"
MARCH = {"period": "2026-03", "lang": "en"}
HOSTILE = '=cmd|"/c calc"!A1</text><script>alert(1)</script>'


@pytest.mark.parametrize("role", list(Role))
def test_the_page_is_for_those_who_may(browse: Browse, role: Role) -> None:
    expected = 200 if role in PERMISSIONS["stats.see"] else 403
    client = browse(role)
    for path in (PAGE, f"{PAGE}/csv", f"{PAGE}/xlsx", f"{PAGE}/json"):
        assert client.get(path, query_string=MARCH).status_code == expected


def test_every_table_is_there_with_its_plot(browse: Browse) -> None:
    page = browse("auditor").get(PAGE, query_string=MARCH).text
    for name in TableName:
        assert f'<h2 id="{name.value}">' in page, name
    drawn = page.count('<svg class="plot"')
    assert drawn == len(TableName) - 1  # what is at a glance is no plot
    assert page.count("<table>") == len(TableName)
    assert "2026-03" in page and "beside 2026-02" in page


def test_nothing_on_the_page_runs_or_is_styled_by_itself(
    browse: Browse,
) -> None:
    answer = browse("auditor").get(PAGE, query_string=MARCH)
    assert "style=" not in answer.text and "<style" not in answer.text
    assert not re.search(r"\son\w+=", answer.text)
    scripts = re.findall(r"<script[^>]*>", answer.text)
    assert scripts and all(" src=" in tag for tag in scripts)
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]


def test_albanian_is_whole(browse: Browse) -> None:
    page = browse("analyst").get(
        PAGE, query_string={"period": "2026-03", "lang": "sq"}
    )
    assert "Raportimet sipas llojit" in page.text
    assert "Reports by kind" not in page.text


@pytest.mark.parametrize(
    "query",
    [
        {"period": "yesterday"},
        {"first": "2026-03-09", "last": "2026-03-01"},
        {"first": "2026-02-30"},
        {"first": "x" * 500},
    ],
)
def test_what_is_no_period_is_answered_in_words(
    browse: Browse, query: dict[str, str]
) -> None:
    assert browse("auditor").get(PAGE, query_string=query).status_code == 422


def test_days_of_ones_own_choice(browse: Browse) -> None:
    query = {"first": "2026-03-03", "last": "2026-03-09", "lang": "en"}
    page = browse("auditor").get(PAGE, query_string=query).text
    assert "2026-03-03..2026-03-09" in page
    assert "beside 2026-02-24..2026-03-02" in page
    one_day = {"first": "2026-03-03"}
    assert browse("auditor").get(PAGE, query_string=one_day).status_code == 200


def test_the_files_say_what_the_page_says(browse: Browse) -> None:
    client = browse("supervisor")
    written = json.loads(client.get(f"{PAGE}/json", query_string=MARCH).data)
    assert written["period"]["first"] == "2026-03-01"
    rows = dict(written["tables"]["totals"]["rows"])
    assert rows["reports"] > 0
    text = client.get(f"{PAGE}/csv", query_string=MARCH).data
    table = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    (reports,) = (
        row["value"]
        for row in table
        if (row["table"], row["row"]) == ("totals", "reports")
    )
    assert int(reports) == rows["reports"]
    answer = client.get(f"{PAGE}/xlsx", query_string=MARCH)
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="figures-2026-03.xlsx"'
    )
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        sheets = book.read("xl/workbook.xml").decode()
    assert all(name.value in sheets for name in TableName)
    assert client.get(f"{PAGE}/exe").status_code == 404


def test_a_long_period_is_told_by_weeks_and_its_file_by_days(
    browse: Browse,
) -> None:
    client = browse("auditor")
    year = {"period": "2026", "lang": "en"}
    page = client.get(PAGE, query_string=year).text
    assert "Reports by week" in page and "Reports by day" not in page
    assert "Week from" in page and "The file has every day." in page
    assert page.count('<svg class="plot"') == page.count("<table>") - 1
    (link,) = re.findall(r'href="([^"]*table=reports_by_day)"', page)
    answer = client.get(unescape(link))
    table = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
    rows = [(row["table"], row["row"]) for row in table]
    assert len(rows) == 365 and {name for name, _ in rows} == {
        "reports_by_day"
    }
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="figures-reports_by_day-2026.csv"'
    )
    unknown = client.get(f"{PAGE}/csv", query_string={"table": "person"})
    assert unknown.status_code == 404


def test_this_month_and_this_year_are_one_click_away(
    browse: Browse,
) -> None:
    page = browse("auditor").get(PAGE, query_string={"lang": "en"}).text
    today = utc_now().astimezone(ZoneInfo("Europe/Tirane"))
    for period in (f"{today.year}-{today.month:02}", f"{today.year}"):
        assert f'href="{PAGE}?period={period}"' in page


def test_many_places_are_cut_on_the_page_and_said_to_be(
    browse: Browse,
) -> None:
    rows = {f"AS{number}": (100 - number,) for number in range(60)}
    table = make_table(TableName.BY_NETWORK, "network", ("found",), rows)
    figures = Figures((table,))
    with browse("auditor").application.test_request_context():
        (section,) = describe_figures(figures, figures, 30)
    assert (len(section.shown), section.left_out) == (MOST_LINES, 20)
    assert section.has_more and len(section.lines) == len(rows)
    assert section.shown[0].label == "AS0"


def test_no_cell_of_a_spreadsheet_is_a_formula() -> None:
    rows = {HOSTILE: (1,), "http://x.example": (2,), "+1": (3,), "5": (None,)}
    table = make_table(TableName.BY_PROVIDER, "provider", ("count",), rows)
    with zipfile.ZipFile(
        io.BytesIO(to_xlsx([table], Figures((table,))))
    ) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        names = book.namelist()
    assert "<f>" not in sheet and "hyperlink" not in sheet
    assert not any("external" in name for name in names)
    lines = to_csv([table], Figures((table,))).decode("utf-8-sig").splitlines()
    assert lines[1].startswith("by_provider,\"'=cmd")
    assert lines[3].startswith("by_provider,'+1")


@given(st.text())
def test_no_guarded_text_begins_like_a_formula(text: str) -> None:
    assert not guard_text(text).startswith(
        ("=", "+", "-", "@", "\t", "\r", "\n")
    )
    assert guard_text(text).endswith(text)


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["C"]), max_size=60),
            st.floats(0, 1e9),
        ),
        max_size=40,
    )
)
def test_every_plot_is_well_formed_and_inside_its_frame(
    rows: list[tuple[str, float]],
) -> None:
    points = [Point(label, value, value / 2) for label, value in rows]
    before = [value / 3 for _, value in rows]
    for drawing in (
        draw_bars("Name & more", points),
        draw_columns('"Name"', points),
        draw_lines("<Name>", points, before),
    ):
        svg = ElementTree.fromstring(str(to_svg(drawing)))
        for box in svg.iter("rect"):
            values = {k: float(box.attrib[k]) for k in ("x", "y")}
            size = {k: float(box.attrib[k]) for k in ("width", "height")}
            assert values["x"] + size["width"] <= drawing.width + 0.2
            assert values["y"] + size["height"] <= drawing.height + 0.2
            assert min(*values.values(), *size.values()) >= 0


def test_what_a_plot_is_called_cannot_leave_it() -> None:
    svg = str(to_svg(draw_bars(HOSTILE, [Point(HOSTILE, 1, 2)])))
    assert "<script" not in svg
    assert (
        len(list(ElementTree.fromstring(svg))) == 6
    )  # the label takes two lines
