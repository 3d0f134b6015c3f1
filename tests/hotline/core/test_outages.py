"""A database that takes nothing: 503, when to come back, and what was typed is still there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from hotline.accounts import service
from hotline.accounts.models import PersonRequest
from hotline.accounts.permissions import Role
from hotline.core import readiness
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.storage import audit
from hotline.core.web.pulse import SILENT_SECONDS, Pulse
from hotline.intake.models import Report
from tests.support import outages
from tests.support.outages import outage
from workers.app import create_app

WORDS = "words of a frightened person, who will not write them twice"
PASSWORD = "a long enough one"
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


@pytest.fixture(params=outages.KINDS, ids="-".join)
def trouble(
    request: pytest.FixtureRequest, make_context: Callable[..., Context]
) -> tuple[Context, str]:
    backend, kind = request.param
    return make_context(backend, smtp_host="mail.test"), kind


def hidden_fields(page: str) -> dict[str, str]:
    return dict(HIDDEN.findall(page))


def expect_come_back(answer: TestResponse) -> None:
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "noted" not in answer.text


def count_reports(context: Context) -> int:
    with context.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Report)) or 0


def test_a_report_comes_back_as_typed_and_is_stored_once_later(
    trouble: tuple[Context, str], capfd: pytest.CaptureFixture[str]
) -> None:
    context, kind = trouble
    client = create_app(context).test_client()
    hidden = hidden_fields(client.get("/report/all").text)
    typed = {"locations": "https://bad.example/1", "narrative": WORDS}
    with outage(context, kind):
        answer = client.post("/report/all", data=hidden | typed)
        expect_come_back(answer)
        assert WORDS in answer.text
        assert "https://bad.example/1" in answer.text
        assert hidden_fields(answer.text)["form_id"] == hidden["form_id"]
    assert count_reports(context) == 0
    again = hidden_fields(answer.text) | typed
    assert client.post("/report/all", data=again).status_code == 200
    assert client.post("/report/all", data=again).status_code == 200
    assert count_reports(context) == 1
    written = capfd.readouterr()
    assert WORDS not in written.out + written.err


def test_one_question_comes_back_as_typed_with_the_draft_unharmed(
    trouble: tuple[Context, str],
) -> None:
    context, kind = trouble
    client = create_app(context).test_client()
    page = client.get("/report/where")
    first = hidden_fields(page.text) | {"locations": "https://bad.example/1"}
    assert client.post("/report/where", data=first).status_code == 302
    page = client.get("/report/more")
    with outage(context, kind):
        answer = client.post(
            "/report/more",
            data=hidden_fields(page.text) | {"narrative": WORDS},
        )
        expect_come_back(answer)
        assert WORDS in answer.text
        check = hidden_fields(client.get("/report/check").text)
        expect_come_back(client.post("/report/check", data=check))
    assert "https://bad.example/1" in client.get("/report/check").text


def test_an_addition_comes_back_as_typed(trouble: tuple[Context, str]) -> None:
    context, kind = trouble
    client = create_app(context).test_client()
    report = {"language": "en", "narrative": "x"}
    receipt = client.post("/api/v1/reports", json=report).get_json()["receipt"]
    with outage(context, kind):
        answer = client.post(
            "/status/information", data={"receipt": receipt, "text": WORDS}
        )
        expect_come_back(answer)
        assert WORDS in answer.text
        assert receipt in answer.text


def test_who_stops_leaves_nothing_that_can_be_read(
    trouble: tuple[Context, str],
) -> None:
    context, kind = trouble
    client = create_app(context).test_client()
    page = client.get("/report/where")
    typed = hidden_fields(page.text) | {"locations": "https://bad.example/1"}
    client.post("/report/where", data=typed)
    with outage(context, kind):
        answer = client.post("/report/discard", data=hidden_fields(page.text))
        assert answer.status_code == 302
    assert "https://bad.example/1" not in client.get("/report/where").text


def test_programs_are_told_when_to_come_back(
    trouble: tuple[Context, str],
) -> None:
    context, kind = trouble
    client = create_app(context).test_client()
    with outage(context, kind):
        answer = client.post("/api/v1/reports", json={"narrative": WORDS})
        expect_come_back(answer)
        assert answer.content_type == "application/problem+json"
    assert count_reports(context) == 0


@pytest.fixture
def console(trouble: tuple[Context, str]) -> tuple[Flask, FlaskClient]:
    context, _ = trouble
    with context.database.writing() as session:
        service.add_person(
            Act(session, context, actor="test", now=utc_now()),
            username="admin",
            display_name="Admin",
            role=Role.ADMINISTRATOR,
            password=PASSWORD,
        )
    app = create_app(context)
    client = app.test_client()
    form = hidden_fields(client.get("/console/sign-in").text)
    form |= {"username": "admin", "password": PASSWORD}
    assert client.post("/console/sign-in", data=form).status_code == 303
    return app, client


def test_a_form_of_the_console_comes_back_to_be_sent_again(
    trouble: tuple[Context, str], console: tuple[Flask, FlaskClient]
) -> None:
    context, kind = trouble
    _, client = console
    form = hidden_fields(client.get("/console/people").text)
    form |= {"username": "ana", "role": "analyst", "display_name": WORDS}
    form |= {"why": "a new colleague", "email": "ana@hotline.test"}
    with outage(context, kind):
        answer = client.post("/console/people", data=form)
        expect_come_back(answer)
        assert WORDS in answer.text
    again = hidden_fields(answer.text) | {"display_name": WORDS}
    assert client.post("/console/people", data=again).status_code == 303
    with context.database.reading() as session:
        asked = session.scalars(select(PersonRequest)).one()
        assert asked.display_name == WORDS


def test_a_password_is_never_shown_again(
    trouble: tuple[Context, str], console: tuple[Flask, FlaskClient]
) -> None:
    context, kind = trouble
    client = console[0].test_client()
    form = hidden_fields(client.get("/console/sign-in").text)
    form |= {"username": "admin", "password": PASSWORD}
    with outage(context, kind):
        answer = client.post("/console/sign-in", data=form)
        expect_come_back(answer)
        assert PASSWORD not in answer.text


def test_ready_is_not_said_while_nothing_can_be_stored(
    trouble: tuple[Context, str],
) -> None:
    context, kind = trouble
    pulse = Pulse(context.database)
    client = create_app(context, pulse).test_client()
    pulse.beat(utc_now())
    assert client.get("/readyz").status_code == 200
    with outage(context, kind):
        pulse.beat(utc_now())
        answer = client.get("/readyz")
        assert answer.status_code == 503
        told = answer.get_json()["faults"]["writing"]
        assert told == "the database takes nothing"
    pulse.beat(utc_now())
    assert client.get("/readyz").status_code == 200


def test_a_write_that_never_comes_back_is_told_too(context: Context) -> None:
    passed = [0.0]
    pulse = Pulse(context.database, clock=lambda: passed[0])
    pulse.beat(utc_now())
    assert not pulse.find_fault(utc_now())
    passed[0] = SILENT_SECONDS + 1
    assert pulse.find_fault(utc_now())


def test_sealing_that_stands_still_is_told(context: Context) -> None:
    client = create_app(context).test_client()
    with context.database.writing() as session:
        audit.record_entry(
            session,
            actor="t",
            action="t",
            entity="t",
            entity_id="t",
            now=utc_now() - audit.SEAL_WITHIN - timedelta(seconds=1),
        )
    told = client.get("/readyz").get_json()
    assert told["status"] == "degraded"
    assert told["faults"]["sealing"] == "the audit log is not being sealed"
    with context.database.writing() as session:
        audit.seal_entries(session)
    assert client.get("/readyz").get_json()["status"] == "ok"


def test_a_disk_that_is_nearly_full_is_told(
    make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "LEAST_FREE", 2**62)
    told = create_app(make_context()).test_client().get("/readyz").get_json()
    assert told["faults"]["disk"] == "the disk is nearly full"
