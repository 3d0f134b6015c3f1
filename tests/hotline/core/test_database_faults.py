"""A database that takes nothing: 503, come back later, and what was typed is still there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select

from hotline.core.context import Context, utc_now
from hotline.core.storage import audit
from hotline.core.storage.write_mark import WriteMark
from hotline.core.web import health
from workers.app import create_app

WORDS = "words of a frightened person"


def make_read_only(context: Context) -> None:
    """From here on the real database refuses each write, as one with a full disk does."""
    statement = (
        "PRAGMA query_only = 1"
        if context.database.is_sqlite
        else "SET default_transaction_read_only = on"
    )

    def refuse_writes(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()
        if not context.database.is_sqlite:
            connection.commit()

    context.database.dispose()
    event.listen(context.database.engine, "connect", refuse_writes)
    if context.database._autocommit is not None:
        event.listen(context.database._autocommit, "connect", refuse_writes)


@pytest.fixture
def client(context: Context) -> FlaskClient:
    return create_app(context).test_client()


def _hidden_fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def test_a_report_that_cannot_be_stored_comes_back_as_typed(
    context: Context, client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden = _hidden_fields(client.get("/report/all").text)
    make_read_only(context)
    typed = {"locations": "https://bad.example/1", "narrative": WORDS}
    answer = client.post("/report/all", data=hidden | typed)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert WORDS in answer.text
    assert "https://bad.example/1" in answer.text
    assert "noted" not in answer.text
    assert _hidden_fields(answer.text)["form_id"] == hidden["form_id"]
    written = capsys.readouterr()
    assert WORDS not in written.out + written.err


def test_one_question_that_cannot_be_kept_comes_back_as_typed(
    context: Context, client: FlaskClient
) -> None:
    hidden = _hidden_fields(client.get("/report/where").text)
    make_read_only(context)
    typed = {"locations": "https://bad.example/1"}
    answer = client.post("/report/where", data=hidden | typed)
    assert answer.status_code == 503
    assert "https://bad.example/1" in answer.text


def test_the_interface_for_programs_says_when_to_come_back(
    context: Context, client: FlaskClient
) -> None:
    make_read_only(context)
    answer = client.post(
        "/api/v1/reports", json={"locations": ["https://bad.example/1"]}
    )
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.content_type == "application/problem+json"
    assert "noted" not in answer.text


def test_ready_is_not_said_while_nothing_can_be_stored(
    context: Context, client: FlaskClient
) -> None:
    assert client.get("/readyz").status_code == 200
    make_read_only(context)
    fresh = create_app(context).test_client()
    answer = fresh.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["faults"]["database"] == "the database takes nothing"


def test_many_probes_write_once_in_a_while(
    context: Context, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touched_at() -> Any:
        with context.database.reading() as session:
            return session.scalar(select(WriteMark.touched_at))

    start = utc_now()
    monkeypatch.setattr(health, "utc_now", lambda: start)
    client.get("/readyz")
    monkeypatch.setattr(health, "utc_now", lambda: start + timedelta(seconds=4))
    client.get("/readyz")
    assert touched_at() == start
    later = start + health.WRITE_INTERVAL
    monkeypatch.setattr(health, "utc_now", lambda: later)
    client.get("/readyz")
    assert touched_at() == later


def test_sealing_that_stands_still_is_told(
    context: Context, client: FlaskClient
) -> None:
    def faults() -> Any:
        return client.get("/readyz").get_json()["faults"]

    with context.database.writing() as session:
        entry = audit.AuditEntry(
            at=utc_now() - timedelta(minutes=20),
            actor="t",
            action="t",
            entity="t",
            entity_id="t",
            details={},
        )
        session.add(entry)
    assert "20 minutes" in faults()["sealing"]
    with context.database.writing() as session:
        audit.seal(session)
    assert "sealing" not in faults()
