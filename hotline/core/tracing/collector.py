"""Spans leave in batches, from a thread of their own, to the collector that the settings name.

By OTLP over HTTP, through the one client by which everything leaves. A collector that is away
holds up nobody: what it does not take is dropped.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from hotline import __version__
from hotline.core.errors import Misconfigured
from hotline.core.network.client import (
    GuardedClient,
    reach_of,
    with_own_machine,
)
from hotline.core.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

EVERY_MS = 2_000
EXCHANGE_SECONDS = 5.0
MOST_BYTES = 64_000
PACKAGES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.common")
log = structlog.get_logger(__name__)


def require_installed() -> None:
    for package in PACKAGES:
        try:
            installed = importlib.util.find_spec(package)
        except ModuleNotFoundError:  # the one above it is missing
            installed = None
        if installed is None:
            raise Misconfigured(
                "traces_url is set, and OpenTelemetry is not installed.",
                hint="Run `scripts/setup.sh traces`, or empty traces_url.",
            )


def make_tracer(settings: Settings, processor: SpanProcessor | None) -> Tracer:
    """One that takes ``traces_share`` of what begins here, and all that follows from it."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

    provider = TracerProvider(
        sampler=ParentBasedTraceIdRatio(settings.traces_share),
        # Not ``Resource.create``, which would add what the machine's environment says.
        resource=Resource(
            {
                "service.name": "hotline",
                "service.version": __version__,
                "host.name": settings.machine,
            }
        ),
    )
    provider.add_span_processor(
        processor
        or BatchSpanProcessor(
            make_exporter(settings), schedule_delay_millis=EVERY_MS
        )
    )
    return provider.get_tracer("hotline")


def make_exporter(settings: Settings) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import (
        encode_spans,
    )
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    url = settings.traces_url
    reach = with_own_machine(reach_of(settings), url)

    class CollectorExporter(SpanExporter):
        _is_away = False

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            with GuardedClient(
                reach, seconds=EXCHANGE_SECONDS, most_bytes=MOST_BYTES
            ) as client:
                reply = client.post(
                    url,
                    encode_spans(spans).SerializeToString(),
                    headers={"Content-Type": "application/x-protobuf"},
                )
            is_taken = not reply.error and reply.status == 200
            # Said once for as long as it is away.
            if not is_taken and not self._is_away:
                log.warning(
                    "traces_not_taken", error=reply.error, status=reply.status
                )
            self._is_away = not is_taken
            return (
                SpanExportResult.SUCCESS
                if is_taken
                else SpanExportResult.FAILURE
            )

    return CollectorExporter()
