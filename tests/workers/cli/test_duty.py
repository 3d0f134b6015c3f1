"""``hotline duty``: who would be called, and a test message by each way, at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from hotline.core.act import Act
from hotline.core.context import build_context, utc_now
from hotline.core.datafiles.countries import WEEK
from hotline.core.settings import load_settings
from hotline.core.storage.audit import AuditEntry
from partners.duty import rota
from partners.duty.models import DutyContact, DutyTurn
from tests.support.people import make_person
from workers import cli
from workers.migrations.run import stamp_newest
from workers.migrations.tables import metadata

PHONE = "+355690000001"


class Gateway(ThreadingHTTPServer):
    """Takes SMS and push messages; ``status`` is what it answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.taken: list[tuple[str, dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    server = Gateway()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    base = f"http://127.0.0.1:{gateway.server_address[1]}"
    for name, value in {
        "DATA_DIR": str(tmp_path),
        "SMS_URL": f"{base}/sms",
        "SMS_TOKEN": "for-sms",
        "SMS_NUMBER_FIELD": "phone",
        "PUSH_URL": f"{base}/push",
        "PUSH_TOKEN": "for-push",
    }.items():
        monkeypatch.setenv(f"HOTLINE_{name}", value)
    context = build_context(load_settings())
    metadata.create_all(context.database.engine)
    stamp_newest(context.database)
    with context.database.writing() as session:
        session.add_all([make_person("arta"), make_person("besnik")])
        session.flush()
        act = Act(session, context, "person:drita", utc_now())
        arta = rota.list_candidates(session)[0]
        rota.set_contact(
            act, arta.id, email="", phone=PHONE, topic="topic-of-arta"
        )
        rota.add_turn(
            act,
            arta.id,
            place=1,
            days=map(str, WEEK),
            starts="00:00",
            ends="00:00",
        )
    context.close()


def test_who_would_be_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["duty", "now", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "username": "arta",
        "ways": ["sms", "push"],
    }


def test_where_nobody_is_on_duty_everybody_would_be_called(
    capsys: pytest.CaptureFixture[str],
) -> None:
    delete_all(DutyTurn)
    assert cli.run(["duty", "now"]) == 0
    told = capsys.readouterr()
    assert told.out.split() == ["arta", "sms,", "push"]
    assert "Nobody is on duty now" in told.err
    assert cli.run(["duty", "now", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["username"] == "arta" and not told.err


def test_nobody_to_be_called_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    delete_all(DutyTurn, DutyContact)
    assert cli.run(["duty", "now"]) == 0
    told = capsys.readouterr()
    assert not told.out and "Nobody can be called" in told.err
    assert cli.run(["duty", "now", "--json"]) == 0
    told = capsys.readouterr()
    assert not told.out and not told.err


def delete_all(*tables: type[DutyTurn | DutyContact]) -> None:
    context = build_context(load_settings())
    with context.database.writing() as session:
        for table in tables:
            session.execute(delete(table))
    context.close()


def test_each_way_is_tried_with_its_own_key(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["duty", "test", "arta"]) == 0
    assert capsys.readouterr().out.split() == ["sms", "sent", "push", "sent"]
    (sms_path, sms_headers, sms), (path, headers, push) = gateway.taken
    assert (sms_path, path) == ("/sms", "/push/topic-of-arta")
    assert sms_headers["Authorization"] == "Bearer for-sms"
    assert headers["Authorization"] == "Bearer for-push"
    assert json.loads(sms)["phone"] == PHONE
    assert b"only a test" in push
    context = build_context(load_settings())
    with context.database.reading() as session:
        tested = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "duty.tested")
        ).all()
    context.close()
    assert [entry.details["way"] for entry in tested] == ["sms", "push"]


def test_a_way_that_fails_is_an_exit_code(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.status = 403
    assert cli.run(["duty", "test", "arta", "--json"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["way"] for line in lines] == ["sms", "push"]
    assert all("403" in json.loads(line)["error"] for line in lines)


def test_whoever_cannot_be_reached_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.run(["duty", "test", "besnik"]) == 2
    assert "No way to besnik" in capsys.readouterr().err
