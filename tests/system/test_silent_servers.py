"""Everybody outside stays silent at once: danger is registered, and who answers gets its letter."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context, build_context
from hotline.core.settings import load_settings
from hotline.core.storage import machine
from hotline.core.storage.ids import new_id
from partners.directory.models import Partner
from partners.referrals import service as referrals
from partners.referrals.models import Plan
from partners.referrals.routes import PlannedRoute
from triage.cases.models import Case
from workers.queues.transport import Transport

# What the service promises is two seconds; a machine that also runs other tests gets some more.
PROMISED_SECONDS = 2.0
NOISE = 5


class SilentServer:
    """Accepts connections and says nothing; ``asked`` counts them. ``udp``: swallows questions."""

    def __init__(self, *, udp: bool = False) -> None:
        kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.asked = 0
        self._held: list[socket.socket] = []
        if not udp:
            self._socket.listen(200)
        threading.Thread(
            target=self._swallow if udp else self._accept, daemon=True
        ).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._held.append(self._socket.accept()[0])
                self.asked += 1

    def _swallow(self) -> None:
        with contextlib.suppress(OSError):
            while self._socket.recv(4096):
                self.asked += 1

    def close(self) -> None:
        for each in (self._socket, *self._held):
            each.close()


@pytest.fixture
def silent() -> Iterator[Callable[..., SilentServer]]:
    made: list[SilentServer] = []

    def make(**options: Any) -> SilentServer:
        made.append(SilentServer(**options))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def healthy() -> Iterator[tuple[str, list[str]]]:
    """A partner's endpoint that takes what it is sent: its address, and the messages' ids."""
    taken: list[str] = []

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            taken.append(self.headers["Idempotency-Key"])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/referrals", taken
    server.shutdown()
    server.server_close()


def _context_of(up: Any, monkeypatch: pytest.MonkeyPatch) -> Context:
    for name, value in up.settings.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    return build_context(
        settings, after_commit=Transport(settings).after_commit
    )


def _refer(context: Context, kind: str, channel: str, address: str) -> None:
    """A referral of some case to an office with this address, as an approved plan makes it."""
    now = datetime.now(UTC)
    with context.database.writing() as session:
        case = session.scalars(select(Case).limit(1)).one()
        partner = Partner(
            id=new_id(),
            code=f"office-{new_id()}",
            kind="hotline",
            country="RS",
            name="An office",
            languages=["en"],
            channel=channel,
            address=address,
            created_at=now,
            approved_at=now,
            approved_by="test",
            details={},
            source="test",
        )
        session.add(partner)
        plan = Plan(
            id=new_id(),
            case_id=case.id,
            case=case,
            routes=[],
            note="",
            requested_at=now,
            requested_by="test",
            two_person=False,
        )
        machine.begin_state(session, plan, actor="test", now=now)
        machine.advance_state(session, plan, "approved", actor="test", now=now)
        session.flush()
        route = PlannedRoute.from_json(
            {
                "to": kind,
                "partner_id": str(partner.id),
                "urgency": "high",  # what is normal waits for its hour
                "why": "-",
            }
        )
        act = Act(session, context, "test", now)
        referrals.create_referral(act, plan, route)


def _danger_is_registered(up: Any) -> bool:
    found = up.query(
        "SELECT state, danger_now, routing FROM case_file WHERE danger_now"
    )
    if not found:
        return False
    state, danger_now, routing = found[0]
    return bool(
        state == "waiting" and danger_now and '"emergency"' in str(routing)
    )


def _open(up: Any, job: str) -> int:
    where = f"job = '{job}' AND done_at IS NULL AND dead_at IS NULL"
    return int(
        up.query(f"SELECT count(*) FROM outbox_entry WHERE {where}")[0][0]
    )


def test_danger_is_registered_while_everybody_outside_is_silent(
    service: Callable[..., Any],
    silent: Callable[..., SilentServer],
    redis_server: Any,
    healthy: tuple[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    smtp, desk, host, dns = silent(), silent(), silent(), silent(udp=True)
    address, taken = healthy
    up = service(
        REDIS_URL=redis_server.url,
        SANDBOX="true",
        SMTP_HOST="127.0.0.1",
        SMTP_PORT=str(smtp.port),
        SMTP_SECURITY="none",
        DNS_SERVER=f"127.0.0.1:{dns.port}",
        RDAP_ENABLED="true",
    ).start()
    for number in range(4):
        up.post_report(locations=[f"http://127.0.0.1:{host.port}/{number}"])
        up.post_report(locations=[f"http://silent-name-{number}.example/"])
    up.wait(lambda: up.query("SELECT count(*) FROM case_file")[0][0] >= 8)
    context = _context_of(up, monkeypatch)
    try:
        for _ in range(2):
            _refer(context, "hotline", "email", "desk@office.example")
            _refer(
                context,
                "hotline",
                "http",
                f"http://127.0.0.1:{desk.port}/referrals",
            )
        up.wait(lambda: host.asked and smtp.asked)

        begun = time.monotonic()
        up.post_report(
            kind="grooming",
            danger_now=True,
            locations=["http://danger.example/x"],
        )
        stored = time.monotonic()
        up.wait(lambda: _danger_is_registered(up), PROMISED_SECONDS * NOISE)
        took = time.monotonic() - begun
        assert _open(up, "item.examine") > 1, "who looks is held up"
        assert _open(up, "delivery.attempt") == 4, "and who sends is, too"
        _refer(context, "hotline", "http", address)
        up.wait(lambda: taken, 300)
        sent = time.monotonic() - stored
    finally:
        context.close()
    print(
        f"danger registered after {took:.2f} s, the healthy server's letter after {sent:.1f} s"
    )
    assert desk.asked
