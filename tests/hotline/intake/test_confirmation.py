"""A professional takes a confirmation to the files: once, within the hour, and nothing is left."""

from __future__ import annotations

import re
import zlib
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from hotline.core.context import Context, utc_now
from hotline.intake.form.receipt import confirmation
from hotline.intake.models import Draft, Report

KEY = re.compile(r'name="confirmation" value="([^"]+)"')
WORDS = "A pupil told me. Ученик ми је рекао. Një nxënës më tha. \N{SNOWMAN}"
PLACE = "https://a.example/what-was-seen"


def report_as(person: Any, role: str, language: str = "en") -> str:
    answer = person.send(
        f"/report/all?lang={language}",
        reporter_role=role,
        narrative=WORDS,
        locations=PLACE,
    )
    assert answer.status_code == 200
    return str(answer.text)


def take(client: FlaskClient, page: str, language: str = "en") -> Any:
    key = KEY.search(page)
    assert key is not None
    return client.post(
        f"/report/confirmation?lang={language}",
        data={"confirmation": key[1]},
    )


def drafts(context: Context) -> int:
    with context.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Draft)) or 0


def letters_of(document: bytes) -> str:
    """The letters of a PDF, by the table of its font from glyphs to characters."""
    bodies = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", document, re.S)
    (table,) = [text for text in map(opened, bodies) if b"beginbfchar" in text]
    pairs = re.findall(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4})>", table)
    return "".join(chr(int(character, 16)) for _, character in pairs)


def opened(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error:
        return body


def test_it_is_fetched_once_and_nothing_is_left(
    person: Any, client: FlaskClient, context: Context
) -> None:
    page = report_as(person, "professional")
    assert drafts(context) == 1
    answer = take(client, page)
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data.startswith(b"%PDF-")
    # Both alphabets are in it, and what the font cannot show is in no log and in no document.
    assert set("ëУч") <= set(letters_of(answer.data))
    assert "\N{SNOWMAN}" not in letters_of(answer.data)
    assert drafts(context) == 0
    assert take(client, page).status_code == 404


@pytest.mark.parametrize(
    "role", ["parent", "public", "child_self", "provider"]
)
def test_nobody_else_is_offered_one(
    person: Any, client: FlaskClient, context: Context, role: str
) -> None:
    client.get("/?lang=en")
    page = report_as(person, role)
    assert not KEY.search(page)
    assert drafts(context) == 0


def test_it_holds_the_words_and_neither_the_code_nor_a_place(
    person: Any, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def record(
        title: str, lines: Any, heading: str, words: str, incomplete: str
    ) -> bytes:
        drawn.extend([title, *lines, heading, words, incomplete])
        return b"%PDF-"

    monkeypatch.setattr(confirmation, "draw_pdf", record)
    page = report_as(person, "professional")
    code = re.search(r'id="receipt">([^<]+)<', page)
    assert code is not None
    take(person.client, page)
    text = "\n".join(drawn)
    with context.database.reading() as session:
        report_id = session.scalars(select(Report.id)).one()
    assert WORDS in text
    assert f"Reference: {report_id}" in text
    assert "Places that were named: 1." in text
    assert code[1] not in text
    assert PLACE not in text


def test_a_page_that_is_sent_again_leads_to_the_same_one(
    person: Any, client: FlaskClient, context: Context
) -> None:
    hidden = person.fields(client.get("/report/all?lang=en").text)
    typed = hidden | {"reporter_role": "professional", "narrative": "x"}
    first = client.post("/report/all?lang=en", data=typed).text
    again = client.post("/report/all?lang=en", data=typed).text
    assert KEY.findall(first) == KEY.findall(again)
    assert take(client, first).status_code == 200
    client.post("/report/all?lang=en", data=typed)
    assert take(client, again).status_code == 404
    assert drafts(context) == 0


@pytest.mark.parametrize("words", ["Ένα παιδί.\t?", "Fëmijë ☃"])
def test_a_letter_without_a_picture_is_an_empty_square_that_is_explained(
    words: str,
) -> None:
    is_whole = "☃" not in words
    document = confirmation.draw_pdf("", [], "", words, "§")
    assert ("§" in letters_of(document)) != is_whole
    assert ("□" in letters_of(document)) != is_whole


def test_after_an_hour_it_is_gone(
    person: Any, client: FlaskClient, context: Context
) -> None:
    key = KEY.search(report_as(person, "professional"))
    assert key is not None
    late: datetime = utc_now() + timedelta(minutes=61)
    with context.database.writing() as session:
        taken = confirmation.take_confirmation(session, context, key[1], late)
    assert taken is None


def test_a_half_filled_form_is_no_confirmation(
    person: Any, client: FlaskClient, context: Context
) -> None:
    person.send("/report/more", narrative="words")
    with client.session_transaction() as session:
        secret = session["draft"]
    sent = client.post("/report/confirmation", data={"confirmation": secret})
    assert sent.status_code == 404
    assert drafts(context) == 1


@pytest.mark.parametrize("language", ["en", "sq"])
def test_no_letter_is_written_into_the_log(
    person: Any,
    client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    language: str,
) -> None:
    page = report_as(person, "professional", language)
    assert take(client, page, language).status_code == 200
    assert not [
        r for r in caplog.records if r.name.startswith(("fpdf", "font"))
    ]
