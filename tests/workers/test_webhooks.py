"""Webhooks against a server on this machine: signed, retried, never sent where they must not be."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, NotFound
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake import service
from hotline.intake.api import keys, webhooks
from hotline.intake.batch import Arrival, Received, store_reports
from hotline.intake.models import ReportPart
from hotline.intake.submission import read_submission
from workers import webhooks as sending
from workers.processes.supervise import service_children
from workers.queues.execute import execute as execute_row
from workers.queues.jobs import jobs_of
from workers.queues.pools import Pool
from workers.queues.tools import Tools

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LOOPBACK = ("127.0.0.0/8",)
MakeContext = Callable[..., Context]


def execute(tools: Tools, entry_id: uuid.UUID) -> bool:
    """As a worker does once the row's time has come."""
    with tools.context.database.writing() as session:
        session.get_one(OutboxEntry, entry_id).due_at = NOW
    return execute_row(tools, entry_id, jobs_of([Pool.WEBHOOKS]))


@dataclass
class Server:
    """Answers with ``statuses`` in turn (the last again and again) and keeps what it was sent."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [204])
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    wait: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()
    told.wait.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.seen.append(
                ({k.lower(): v for k, v in self.headers.items()}, body)
            )
            told.wait.wait(20)
            status = (
                told.statuses.pop(0)
                if len(told.statuses) > 1
                else told.statuses[0]
            )
            self.send_response(status)
            self.send_header("Location", told.url + "/elsewhere")
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"words")

        def log_message(self, *_: object) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{made.server_address[1]}"
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield told
    told.wait.set()
    made.shutdown()
    thread.join()
    made.server_close()


def subscribe(context: Context, url: str) -> str:
    with context.database.writing() as session:
        keys.create_key(
            Act(session, context, "test", NOW),
            "app",
            scopes=["reports"],
            daily_quota=9,
        )
        return webhooks.subscribe_sender(
            Act(session, context, "test", NOW), "app", url
        )


def move(
    context: Context, *events: str, source: str = "app", channel: str = "api"
) -> Received:
    """A report of the sender's, moved on by ``events``, an hour each."""
    received = Received()
    with context.database.writing() as session:
        submission = read_submission({"locations": ["https://example.test/a"]})
        store_reports(
            session,
            context,
            [(received, submission)],
            Arrival(channel, NOW, source=source),
        )
        part = session.scalars(
            select(ReportPart).where(
                ReportPart.report_id == received.report_id
            )
        ).one()
        for hours, event in enumerate(events, start=1):
            at = NOW + timedelta(hours=hours)
            assert service.advance_part(
                Act(session, context, "test", at), part, event
            )
    return received


def posted(context: Context) -> list[OutboxEntry]:
    with context.database.reading() as session:
        query = select(OutboxEntry).where(OutboxEntry.job == webhooks.JOB)
        found = list(session.scalars(query.order_by(OutboxEntry.key)))
        session.expunge_all()
        return found


def right_signature(secret: str, headers: dict[str, str], body: bytes) -> str:
    """Worked out from the specification's words, not with the code under test."""
    key = base64.b64decode(secret[len("whsec_") :])
    content = b".".join(
        [
            headers["webhook-id"].encode(),
            headers["webhook-timestamp"].encode(),
            body,
        ]
    )
    return (
        "v1,"
        + base64.b64encode(
            hmac.new(key, content, hashlib.sha256).digest()
        ).decode()
    )


def test_each_change_is_posted_once(context: Context) -> None:
    """On both databases. A change is news also when it leads to a state that was there before."""
    with pytest.raises(InvalidInput):
        subscribe(context, "http://example.test/hook")
    subscribe(context, "https://example.test/hook")
    move(context, "examined", "passed_on", "removed", "reappeared")
    states = [entry.payload["data"]["state"] for entry in posted(context)]
    assert sorted(states) == ["in_review", "passed_on", "passed_on", "removed"]
    assert all(entry.queue == "webhooks" for entry in posted(context))


def test_only_the_sender_s_own_reports_are_told(
    make_context: MakeContext,
) -> None:
    context = make_context()
    subscribe(context, "https://example.test/hook")
    move(context, "examined", source="other")
    move(context, "examined", source="app", channel="operator")
    assert posted(context) == []


def test_the_message_and_its_signature(
    make_context: MakeContext, server: Server
) -> None:
    context = make_context(fetch_allowed_networks=LOOPBACK)
    secret = subscribe(context, server.url + "/hook")
    received = move(context, "examined")
    (entry,) = posted(context)
    assert execute(Tools(context), entry.id)
    (headers, body) = server.seen[0]
    assert json.loads(body)["data"] == {
        "report": str(received.report_id),
        "part": 1,
        "state": "in_review",
        "since": (NOW + timedelta(hours=1)).isoformat(),
    }
    assert headers["webhook-signature"] == right_signature(
        secret, headers, body
    )
    assert headers["webhook-signature"] != right_signature(
        secret, headers, body + b" "
    )
    assert headers["content-type"] == "application/json"
    assert received.receipt not in body.decode()
    assert (
        execute(Tools(context), entry.id) and len(server.seen) == 1
    )  # done is done
    with context.database.reading() as session:
        (key,) = keys.list_keys(session)
        assert (
            key.webhook_secret is not None
            and secret.encode() not in key.webhook_secret
        )


def test_a_failing_server_is_asked_again(
    make_context: MakeContext, server: Server
) -> None:
    context = make_context(fetch_allowed_networks=LOOPBACK)
    subscribe(context, server.url)
    move(context, "examined")
    server.statuses = [503, 429, 200]
    tries = [execute(Tools(context), posted(context)[0].id) for _ in range(3)]
    assert tries == [False, False, True]
    (entry,) = posted(context)
    assert entry.attempts == 2 and entry.done_at is not None
    assert {headers["webhook-id"] for headers, _ in server.seen} == {
        str(entry.id)
    }
    assert len({body for _, body in server.seen}) == 1


@pytest.mark.parametrize("status", [302, 307, 400, 401, 404, 410])
def test_what_no_second_try_mends_waits_for_a_person(
    make_context: MakeContext, server: Server, status: int
) -> None:
    context = make_context(fetch_allowed_networks=LOOPBACK)
    subscribe(context, server.url)
    move(context, "examined")
    server.statuses = [status]
    assert not execute(Tools(context), posted(context)[0].id)
    (entry,) = posted(context)
    assert entry.dead_at is not None and entry.last_error.endswith(
        f"answered {status}."
    )
    assert len(server.seen) == 1  # a redirect is not followed


def test_a_slow_server_is_left(
    make_context: MakeContext, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_SECONDS", 1)
    context = make_context(fetch_allowed_networks=LOOPBACK)
    subscribe(context, server.url)
    move(context, "examined")
    server.wait.clear()
    assert not execute(Tools(context), posted(context)[0].id)
    (entry,) = posted(context)
    assert entry.dead_at is None and "cannot be reached" in entry.last_error


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1"])
def test_our_own_network_is_not_reached(
    make_context: MakeContext, server: Server, host: str
) -> None:
    context = make_context()
    port = server.url.rsplit(":", 1)[1]
    subscribe(context, f"https://{host}:{port}/")
    move(context, "examined")
    assert not execute(Tools(context), posted(context)[0].id)
    (entry,) = posted(context)
    assert entry.dead_at is not None and "loopback" in entry.last_error
    assert server.seen == []


def test_after_the_key_is_revoked_nothing_is_sent(
    make_context: MakeContext, server: Server
) -> None:
    context = make_context(fetch_allowed_networks=LOOPBACK)
    subscribe(context, server.url)
    move(context, "examined")
    with context.database.writing() as session:
        keys.revoke_key(Act(session, context, "test", NOW), "app")
    assert execute(Tools(context), posted(context)[0].id)
    assert server.seen == []
    move(context, "examined")
    assert len(posted(context)) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://example.test/",
        "https://user@example.test/",
        "https:///x",
        "ftp://example.test/",
        "https://example.test/#x",
        "https://example.test/ x",
        "https://example.test:0/",
        "https://example.test:99999/",
        "https://example.test/" + "x" * 500,
        "",
    ],
)
def test_an_address_that_cannot_be_used(
    make_context: MakeContext, url: str
) -> None:
    context = make_context()
    with pytest.raises(InvalidInput):
        subscribe(context, url)
    with pytest.raises(NotFound), context.database.writing() as session:
        webhooks.subscribe_sender(
            Act(session, context, "t", NOW), "x", "https://example.test"
        )


def test_another_address_has_another_secret_and_hears_what_was_still_to_be_sent(
    make_context: MakeContext, server: Server
) -> None:
    context = make_context(fetch_allowed_networks=LOOPBACK)
    old = subscribe(context, "http://127.0.0.1:1/gone")
    move(context, "examined")
    with context.database.writing() as session:
        new = webhooks.subscribe_sender(
            Act(session, context, "test", NOW), "app", server.url
        )
    assert execute(Tools(context), posted(context)[0].id)
    (headers, body) = server.seen[0]
    assert headers["webhook-signature"] == right_signature(new, headers, body)
    assert headers["webhook-signature"] != right_signature(old, headers, body)


def test_a_removed_webhook_hears_nothing_more(
    make_context: MakeContext, server: Server
) -> None:
    context = make_context(fetch_allowed_networks=LOOPBACK)
    subscribe(context, server.url)
    move(context, "examined")
    with context.database.writing() as session:
        webhooks.unsubscribe_sender(Act(session, context, "test", NOW), "app")
    assert execute(Tools(context), posted(context)[0].id)
    move(context, "examined")
    assert server.seen == [] and len(posted(context)) == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"fetch_hosts": {"hook.test": "127.0.0.1"}}, ""),
        ({"fetch_hosts": {"hook.test": "10.1.2.3"}}, "must not be visited"),
        ({"dns_server": "127.0.0.1:1"}, "has no address (dns_failure)"),
    ],
)
def test_names_are_resolved_as_the_settings_say(
    make_context: MakeContext,
    server: Server,
    settings: dict[str, object],
    told: str,
) -> None:
    context = make_context(fetch_allowed_networks=LOOPBACK, **settings)
    port = server.url.rsplit(":", 1)[1]
    subscribe(context, f"http://hook.test:{port}/")
    move(context, "examined")
    assert execute(Tools(context), posted(context)[0].id) is not bool(told)
    assert told in posted(context)[0].last_error
    seen = [headers["host"] for headers, _ in server.seen]
    assert seen == ([] if told else [f"hook.test:{port}"])


def test_webhooks_have_a_worker_of_their_own(
    make_context: MakeContext,
) -> None:
    """Who waits for a slow receiver takes nothing else, and no other worker waits for it."""
    context = make_context()
    only = [
        child.title.split()[-1]
        for child in service_children(context.settings)
        if "worker" in child.title
    ]
    assert only.count(Pool.WEBHOOKS) == 1
    assert set(jobs_of([Pool.WEBHOOKS])) == {webhooks.JOB}
    assert len(only) == context.settings.workers + len(Pool) - 1
    assert set(only) == set(Pool)
