"""Whose browser takes no cookie reports, reads and answers like anyone else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.intake import service
from hotline.intake.models import Report, ReportMessage

CODE = re.compile(r'<code id="receipt">([^<]+)</code>')


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client(use_cookies=False)


def reports(context: Context) -> list[Report]:
    with context.database.reading() as session:
        return list(session.scalars(select(Report)))


def test_reading_and_reporting_leaves_no_cookie(
    person: Any, client: FlaskClient
) -> None:
    code = CODE.search(person.send("/report/all", narrative="x").text)[1]
    for answer in (
        client.get("/"),
        client.get("/about"),
        client.get("/report/all"),
        person.send("/report/all", narrative="x"),
        client.get("/status"),
        person.send("/status", receipt=code),
        client.get("/report/kept"),
        client.get("/api/v1/docs"),
    ):
        assert answer.status_code == 200 and "Set-Cookie" not in answer.headers


def test_a_question_of_the_hotline_is_read_and_answered(
    person: Any, client: FlaskClient, context: Context
) -> None:
    code = CODE.search(person.send("/report/all", narrative="x").text)[1]
    now = datetime.now(UTC)
    with context.database.writing() as session:
        (report,) = session.scalars(select(Report))
        service.ask_reporter(
            Act(session, context, "user:ana", now), report, "Which group?"
        )
    page = person.send("/status?lang=en", receipt=code).text
    assert "Which group?" in page
    hidden = person.fields(page)
    answer = client.post(
        "/status/information?lang=en", data=hidden | {"text": "The blue one"}
    )
    assert answer.status_code == 200 and "The blue one" in answer.text
    with context.database.reading() as session:
        assert len(list(session.scalars(select(ReportMessage)))) == 2


@pytest.mark.parametrize(
    ("page", "typed"),
    [
        ("where", {"locations": "https://a.example/1"}),
        ("who", {"reporter_role": "public"}),
        ("more", {"narrative": "swordfish"}),
    ],
)
def test_the_questions_one_by_one_go_over_into_one_page(
    person: Any,
    client: FlaskClient,
    context: Context,
    page: str,
    typed: dict[str, str],
) -> None:
    """They need a cookie; without one nothing that was typed may be lost, and there is a way on."""
    answer = person.send(f"/report/{page}?lang=en", **typed)
    assert (
        answer.status_code == 400
        and "Here are all questions on one page" in answer.text
    )
    assert (
        '<html lang="en">' in answer.text
        and 'action="/report/all?lang=en"' in answer.text
    )
    for value in typed.values():
        assert re.search(
            rf">\s*{value}</textarea>|value=\"{value}\" checked", answer.text
        )
    hidden = person.fields(answer.text)
    sent = client.post(
        "/report/all?lang=en", data={"narrative": "x", **typed, **hidden}
    )
    assert CODE.search(sent.text) and len(reports(context)) == 1


def test_a_child_that_begins_on_the_help_page_comes_to_the_same_page(
    person: Any, client: FlaskClient, context: Context
) -> None:
    answer = person.send("/help?lang=en", age="child")
    assert answer.status_code == 405  # the button leads elsewhere
    hidden = person.fields(client.get("/help?lang=en").text)
    begun = client.post("/report?lang=en", data=hidden | {"age": "child"})
    assert (
        begun.status_code == 400 and 'value="child_self" checked' in begun.text
    )
    hidden = person.fields(begun.text)
    helped = client.post(
        "/report/all",
        data=hidden | {"reporter_role": "child_self", "narrative": "x"},
    )
    assert "tel:116111" in helped.text and not reports(context)
    assert CODE.search(
        client.post("/report/all", data=person.fields(helped.text)).text
    )
    assert [report.reporter_role for report in reports(context)] == [
        "child_self"
    ]


def test_the_language_goes_from_link_to_link(client: FlaskClient) -> None:
    page = client.get("/?lang=en").text
    seen = set()
    for _ in range(3):
        links = re.findall(r'href="(/[^"]*)"', page)
        inside = [link for link in links if not link.startswith("/static/")]
        assert inside and all("lang=en" in link for link in inside), inside
        seen.update(inside)
        page = client.get(sorted(inside)[-1], follow_redirects=True).text
        assert '<html lang="en">' in page
    assert len(seen) >= 5


def test_with_the_cookie_links_stay_short(app: APIFlask) -> None:
    client = app.test_client()
    assert "lang=en" in client.get("/?lang=en").text
    page = client.get("/").text
    assert '<html lang="en">' in page
    assert not re.search(r'href="/[^"]*lang=en', page)
    assert 'action="/report/all"' in client.get("/report/all").text
