"""What a trace says: ids and our own names, whatever is handed in, and nothing where it is off."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import (
    InMemorySpanExporter,
)
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.storage.outbox import OutboxEntry
from hotline.core.tracing import (
    PARENT,
    Attribute,
    Kind,
    start_tracing,
    tracing,
)
from tests.support.house import House
from workers.app import create_app
from workers.queues.execute import execute
from workers.queues.tools import Tools

CANARY = "canarybird"
FOREIGN_TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def spans(context: Context) -> Iterator[InMemorySpanExporter]:
    """All that is noted, of whatever runs in this process."""
    exporter = InMemorySpanExporter()
    settings = context.settings.model_copy(
        update={"traces_url": "http://127.0.0.1:1/v1/traces"}
    )
    start_tracing(settings, SimpleSpanProcessor(exporter))
    yield exporter
    start_tracing(context.settings)


@pytest.fixture
def client(context: Context) -> FlaskClient:
    return create_app(context).test_client()


def of_kind(exporter: InMemorySpanExporter, kind: Kind) -> list[ReadableSpan]:
    return [
        span for span in exporter.get_finished_spans() if span.name == kind
    ]


def report(client: FlaskClient) -> None:
    answer = client.post(
        "/api/v1/reports",
        json={
            "language": "en",
            "locations": [f"https://{CANARY}.example/{CANARY}"],
            "narrative": f"The words of {CANARY}.",
        },
        headers={
            "traceparent": f"00-{FOREIGN_TRACE}-b7ad6b7169203331-01",
            "User-Agent": CANARY,
        },
    )
    assert answer.status_code == 201


def test_a_report_s_work_belongs_to_its_request(
    context: Context, client: FlaskClient, spans: InMemorySpanExporter
) -> None:
    report(client)
    (request,) = of_kind(spans, Kind.REQUEST)
    assert dict(request.attributes or {}) == {
        Attribute.PART: "api",
        Attribute.METHOD: "post",
        Attribute.STATUS: 201,
    }
    with context.database.reading() as session:
        entry = session.scalars(
            select(OutboxEntry).where(OutboxEntry.job == "report.received")
        ).one()
    execute(Tools(context), entry.id, {entry.job: _fail_with_words})
    (job,) = of_kind(spans, Kind.JOB)
    assert dict(job.attributes or {}) == {
        Attribute.JOB: "report.received",
        Attribute.ENTRY: str(entry.id),
        Attribute.ATTEMPT: 1,
        Attribute.OUTCOME: "failed",
    }
    assert job.context.trace_id == request.context.trace_id
    assert job.parent is not None
    assert job.parent.span_id == request.context.span_id
    assert not job.status.is_ok
    assert_says_nothing(spans)


def _fail_with_words(*_: object) -> None:
    raise RuntimeError(f"It was about {CANARY}")


def test_whoever_asks_is_not_believed_what_trace_it_is(
    client: FlaskClient, spans: InMemorySpanExporter
) -> None:
    report(client)
    client.open(f"/{CANARY}", method=CANARY.upper())
    for request in of_kind(spans, Kind.REQUEST):
        assert f"{request.context.trace_id:032x}" != FOREIGN_TRACE
        assert request.parent is None
    assert_says_nothing(spans)


@pytest.mark.parametrize(
    "value",
    [
        "https://host.example/a",
        "desk@hotline.example",
        "two words",
        "198.51.100.7",
        "+355691234567",
        "Name",
        "",
        "x" * 62,
    ],
)
def test_what_is_no_word_of_ours_is_left_out(
    spans: InMemorySpanExporter, value: str
) -> None:
    with tracing(Kind.JOB, {Attribute.JOB: value}) as span:
        span.note(Attribute.OUTCOME, value)
        span.note(Attribute.ENTRY, uuid.UUID(int=1))
    (job,) = of_kind(spans, Kind.JOB)
    assert dict(job.attributes or {}) == {
        Attribute.ENTRY: str(uuid.UUID(int=1))
    }


def test_a_delivery_says_its_id_and_channel(
    context: Context, spans: InMemorySpanExporter
) -> None:
    house = House(context)
    house.partner(name=f"Police of {CANARY}")
    house.decide(house.case(CANARY), "police")
    assert house.mail.messages
    deliveries = of_kind(spans, Kind.DELIVERY)
    assert deliveries
    for delivery in deliveries:
        noted = dict(delivery.attributes or {})
        assert noted.keys() == {Attribute.DELIVERY, Attribute.CHANNEL}
        assert noted[Attribute.CHANNEL] == "email"
    assert_says_nothing(spans)


def assert_says_nothing(spans: InMemorySpanExporter) -> None:
    assert spans.get_finished_spans()
    for span in spans.get_finished_spans():
        assert CANARY not in span.to_json().lower()
        assert set(span.attributes or {}) <= set(Attribute)
        assert not span.events


def test_nothing_is_noted_where_no_collector_is_named(
    context: Context, client: FlaskClient
) -> None:
    start_tracing(context.settings)
    report(client)
    with context.database.reading() as session:
        entry = session.scalars(
            select(OutboxEntry).where(OutboxEntry.job == "report.received")
        ).one()
    assert PARENT not in entry.payload


def test_nothing_of_it_is_imported_where_it_is_off() -> None:
    program = (
        "import sys, workers.processes.web_server, workers.queues.worker\n"
        "from hotline.core.settings import load_settings\n"
        "from hotline.core.tracing import Kind, start_tracing, tracing\n"
        "start_tracing(load_settings())\n"
        "with tracing(Kind.JOB, {}): pass\n"
        "ours = ('hotline.core.tracing.', 'opentelemetry.exporter')\n"
        "print([name for name in sys.modules if name.startswith(ours)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
