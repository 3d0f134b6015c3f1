"""How many answers the pages gave, and how long each took: by part, never by address.

A trace of it, where traces are wanted, says no more than that.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

from flask import Flask, Response, g, request

from hotline.core.language import counting
from hotline.core.tracing import Attribute, Kind, tracing

METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
)
OTHERS = "others"
"""Whatever no part answers for: files, and addresses that there are not."""


def count_requests(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_count)
    app.teardown_request(_end)


def _begin() -> None:
    g.began = time.perf_counter()
    g.traced = ExitStack()
    # Anybody can send a method of their own, and each would be kept.
    method = request.method if request.method in METHODS else OTHERS
    g.span = g.traced.enter_context(
        tracing(
            Kind.REQUEST,
            {
                Attribute.PART: request.blueprint or OTHERS,
                Attribute.METHOD: method.lower(),
            },
            # Whoever asks names what he likes: the trace begins here.
            parent={},
        )
    )


def _count(response: Response) -> Response:
    began = g.pop("began", None)
    if began is not None:
        seconds = time.perf_counter() - began
        pages = request.blueprint or OTHERS
        counting.count_request(pages, response.status_code, seconds)
        g.span.note(Attribute.STATUS, response.status_code)
    return response


def _end(error: BaseException | None) -> None:
    # A request that fails early may end without having begun.
    traced = g.pop("traced", None)
    if traced is not None:
        if error is not None:
            g.span.fail()
        traced.close()
