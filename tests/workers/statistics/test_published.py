"""What the public reads: closed quarters alone, in every language, without a small number."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hotline.core.context import Context
from hotline.intake.form.published import PublishedStep, PublishedTable
from tests.workers.statistics.conftest import SPAN
from workers.app import create_app
from workers.statistics import closing
from workers.statistics.periods import parse_period
from workers.statistics.publishing import Quarters, publish_figures
from workers.statistics.suppression import LEAST
from workers.statistics.tables import FigureTable, TableName

ZONE = "Europe/Tirane"
QUARTER = "2026-Q1"
CELL = re.compile(r"<tr><th scope=\"row\">(.*?)</th><td>(.*?)</td></tr>")


def close(context: Context, *names: str) -> None:
    for name in names:
        period = parse_period(name, ZONE)
        with context.database.writing() as session:
            figures = closing.read_figures(session, context, period, SPAN.end)
            closing.keep_figures(session, period, figures, SPAN.end)


@pytest.fixture
def client(house: Context, app: Flask) -> FlaskClient:
    close(house, QUARTER, "2026-02", "2026-03", "2026")
    return app.test_client()


def test_only_quarters_are_offered(
    house: Context, client: FlaskClient
) -> None:
    page = client.get("/statistics", query_string={"lang": "en"}).text
    assert "2026-Q1" in page and "2026-02" not in page
    for other in ("2026-02", "2026", "2025-Q4", "x"):
        answer = client.get("/statistics", query_string={"period": other})
        assert answer.status_code == 404


def test_without_a_closed_quarter_the_page_says_when_there_will_be_one(
    make_context: Callable[..., Context],
) -> None:
    client = create_app(make_context(audiences=("public",))).test_client()
    page = client.get("/statistics", query_string={"lang": "en"})
    assert page.status_code == 200 and "after its end" in page.text
    assert client.get("/statistics/report").status_code == 404


def test_no_small_number_is_on_the_page(client: FlaskClient) -> None:
    page = client.get("/statistics", query_string={"lang": "en"}).text
    numbers = [int(text) for _, text in CELL.findall(page) if text.isdecimal()]
    assert len(numbers) > 5
    assert all(number == 0 or number >= LEAST for number in numbers)
    assert "not shown" in page


@pytest.mark.parametrize("language", ["sq", "en"])
def test_page_and_report_speak_the_languages_of_the_house(
    client: FlaskClient, language: str
) -> None:
    page = client.get("/statistics", query_string={"lang": language})
    assert page.status_code == 200
    assert ("Our figures" in page.text) == (language == "en")
    # Languages, too, are named in the language of the page.
    assert ('<th scope="row">anglisht' in page.text) == (language == "sq")
    report = client.get("/statistics/report", query_string={"lang": language})
    assert report.data.startswith(b"%PDF-")
    assert report.headers["Content-Disposition"] == (
        f'attachment; filename="figures-{QUARTER}.pdf"'
    )


def test_the_report_is_written_in_every_alphabet(
    house: Context, monkeypatch: pytest.MonkeyPatch, caplog: object
) -> None:
    close(house, QUARTER)
    for country, language in (("RS", "sr-Cyrl"), ("MK", "mk")):
        settings = house.settings.model_copy(update={"country": country})
        from hotline.core.context import build_context

        context = build_context(settings)
        client = create_app(context).test_client()
        zone = context.country.time_zone
        with context.database.writing() as session:
            period = parse_period(QUARTER, zone)
            figures = closing.read_figures(session, context, period, SPAN.end)
            closing.keep_figures(session, period, figures, SPAN.end)
        report = client.get(
            "/statistics/report", query_string={"lang": language}
        )
        assert report.data.startswith(b"%PDF-"), language
        context.close()


def test_where_a_row_stands_says_nothing_of_what_is_kept_back(
    house: Context,
) -> None:
    """Figures are sorted by their counts, what is published is not."""
    close(house, QUARTER)
    period = parse_period(QUARTER, ZONE)
    with house.database.reading() as session:
        figures = closing.load_closed(session, period)
    assert figures is not None
    hidden = 0
    for table in publish_figures(period, figures).tables.values():
        kept_back = [name for name, n in table.counts.items() if n is None]
        assert list(table.counts)[-len(kept_back) :] == sorted(kept_back) or (
            not kept_back
        )
        hidden += len(kept_back)
    assert hidden > 1


def test_reports_by_kind_and_by_language_keep_their_sum_back_together(
    house: Context,
) -> None:
    close(house, QUARTER)
    with house.database.reading() as session:
        period = parse_period(QUARTER, ZONE)
        figures = closing.load_closed(session, period)
        assert figures is not None
        shown = Quarters(ZONE).read_period(session, QUARTER)
    totals = {
        shown.tables[name].total
        for name in (PublishedTable.KINDS, PublishedTable.LANGUAGES)
    }
    assert len(totals) == 1
    kinds: FigureTable = figures[TableName.REPORTS_BY_KIND]
    published = publish_figures(period, figures).tables[PublishedTable.KINDS]
    assert set(published.counts) == {row.key for row in kinds.rows}
    timed = shown.durations[PublishedStep.REMOVAL]
    assert timed is None or timed.median_hours > 0
