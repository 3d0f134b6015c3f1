"""A running service tells a collector of a report's way, and nothing of the report."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.system.conftest import Service, WebHost

CANARY = "canarybird"


class Collector(ThreadingHTTPServer):
    """Takes spans by OTLP over HTTP."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/traces"

    def spans(self) -> list[Span]:
        return [
            span
            for body in list(self.bodies)
            for resource in ExportTraceServiceRequest.FromString(
                body
            ).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.bodies.append(self.rfile.read(length))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def test_a_report_is_one_trace_from_the_web_to_the_fetch(
    service: Callable[..., Service], web_host: WebHost, collector: Collector
) -> None:
    running = service(TRACES_URL=collector.url).start()
    url = web_host.put(f"/{CANARY}", f"<p>{CANARY}</p>")
    running.post_report(locations=[url], narrative=f"Words of {CANARY}.")
    running.wait_examined(1)
    running.wait(lambda: "fetch" in names_of(collector))
    (request,) = [
        span
        for span in collector.spans()
        if span.name == "request" and value_of(span, "hotline.part") == "api"
    ]
    same = [
        span for span in collector.spans() if span.trace_id == request.trace_id
    ]
    jobs = {value_of(span, "hotline.job") for span in same}
    assert {"report.received", "item.examine"} <= jobs
    assert "fetch" in {span.name for span in same}
    for body in collector.bodies:
        assert CANARY.encode() not in body
        assert url.encode() not in body


def names_of(collector: Collector) -> set[str]:
    return {span.name for span in collector.spans()}


def value_of(span: Span, name: str) -> str:
    return next(
        (
            attribute.value.string_value
            for attribute in span.attributes
            if attribute.key == name
        ),
        "",
    )
