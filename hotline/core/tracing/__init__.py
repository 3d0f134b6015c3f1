"""Where the time of a request or a job went, for OpenTelemetry: ids and our own names, no more.

Without ``traces_url`` nothing is noted, and nothing of OpenTelemetry imported. A span holds what
``Attribute`` names, each as an id, a number, or a word of this code: whatever else is handed in is
left out here, where all of them pass, so that no location and no word of a report can leave. What
an error says is left out, too, and who asks is not believed where it names a trace of its own.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span, Tracer

    from hotline.core.settings import Settings

PARENT = "traceparent"
"""Under this name (W3C Trace Context) a job's row says which request or job posted it."""
_WORD_OF_OURS = re.compile(r"[a-z][a-z0-9_.]{0,60}")
Value = uuid.UUID | int | str
"""A ``str`` has to be one of our own names."""


class Kind(StrEnum):
    """What a span is of; its name, too, so that names are few."""

    REQUEST = "request"
    JOB = "job"
    DELIVERY = "delivery"
    FETCH = "fetch"


class Attribute(StrEnum):
    """All that a span may say of itself."""

    PART = "hotline.part"
    METHOD = "http.request.method"
    STATUS = "http.response.status_code"
    JOB = "hotline.job"
    ENTRY = "hotline.entry_id"
    ATTEMPT = "hotline.attempt"
    OUTCOME = "hotline.outcome"
    DELIVERY = "hotline.delivery_id"
    CHANNEL = "hotline.channel"


class _Switch:
    """``tracer`` is made by the first span of a process, which may be a fork of another."""

    settings: Settings | None = None
    processor: SpanProcessor | None = None
    tracer: Tracer | None = None


def start_tracing(
    settings: Settings, processor: SpanProcessor | None = None
) -> None:
    """Where a ``traces_url`` is set. ``processor``: who gets the spans; else the collector there.

    ``Misconfigured`` where OpenTelemetry is not installed.
    """
    _Switch.tracer = _Switch.settings = _Switch.processor = None
    if settings.traces_url:
        from hotline.core.tracing.collector import require_installed

        require_installed()
        _Switch.settings, _Switch.processor = settings, processor


class Tracing:
    """A span that is open; without tracing it takes everything and keeps nothing."""

    def __init__(self, span: Span | None = None) -> None:
        self._span = span

    def note(self, attribute: Attribute, value: Value) -> None:
        if self._span is None:
            return
        if isinstance(value, uuid.UUID):
            value = str(value)
        # Left out without an error: a trace must not stop the work.
        elif isinstance(value, str) and not _WORD_OF_OURS.fullmatch(value):
            return
        self._span.set_attribute(str(attribute), value)

    def fail(self) -> None:
        """That it failed; not why, as an error may quote what it was about."""
        if self._span is not None:
            from opentelemetry.trace import Status, StatusCode

            self._span.set_status(Status(StatusCode.ERROR))


@contextmanager
def tracing(
    kind: Kind,
    noted: Mapping[Attribute, Value],
    *,
    parent: Mapping[str, object] | None = None,
) -> Iterator[Tracing]:
    """A span for as long as the block takes. ``parent``: payload of a row that says whose it is."""
    tracer = _current_tracer()
    if tracer is None:
        yield Tracing()
        return
    with tracer.start_as_current_span(
        str(kind),
        context=_context_of(parent),
        # The library would send the error's words and its stack.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        open_span = Tracing(span)
        for attribute, value in noted.items():
            open_span.note(attribute, value)
        try:
            yield open_span
        except BaseException:
            open_span.fail()
            raise


def with_parent(payload: Mapping[str, object]) -> Mapping[str, object]:
    """The payload of a row, and in it the span that posts it, where there is one."""
    if _Switch.settings is None:
        return payload
    from opentelemetry.trace.propagation.tracecontext import (
        TraceContextTextMapPropagator,
    )

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return {**payload, PARENT: carrier[PARENT]} if carrier else payload


def _context_of(parent: Mapping[str, object] | None) -> Context | None:
    """None: the span that is open in this thread, if there is one, is the parent."""
    if parent is None:
        return None
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import (
        TraceContextTextMapPropagator,
    )

    said = str(parent.get(PARENT, ""))
    # In an empty context: the span of this thread is not the one that posted
    # it.
    return TraceContextTextMapPropagator().extract({PARENT: said}, Context())


def _current_tracer() -> Tracer | None:
    if _Switch.tracer is None and _Switch.settings is not None:
        # Not before: the thread that sends would not live in a fork.
        from hotline.core.tracing.collector import make_tracer

        _Switch.tracer = make_tracer(_Switch.settings, _Switch.processor)
    return _Switch.tracer
