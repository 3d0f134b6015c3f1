"""How many answers the pages gave, and how long each took: by part, never by address."""

from __future__ import annotations

import time

from flask import Flask, Response, g, request

from hotline.core.language import counting

OTHERS = "others"
"""Whatever no part answers for: files, and addresses that there are not."""


def count_requests(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_count)


def _begin() -> None:
    g.began = time.perf_counter()


def _count(response: Response) -> Response:
    began = g.pop("began", None)
    if began is not None:
        seconds = time.perf_counter() - began
        pages = request.blueprint or OTHERS
        counting.count_request(pages, response.status_code, seconds)
    return response
