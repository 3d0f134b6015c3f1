"""Parts of a page that a script asks for alone.

Those that ask again every few seconds hear "nothing new" nearly always.
"""

from __future__ import annotations

import hashlib

from flask import make_response, request
from werkzeug.wrappers import Response

HEADER = "X-Part"
"""Sent by our own scripts where the part has no address of its own; its value says nothing."""


def wants_part() -> bool:
    """Whether the part is wanted without the page around it."""
    return bool(request.headers.get(HEADER))


def tag_of(part: str) -> str:
    """What changes with anything that the part shows."""
    # Of the part as it is written: whatever it shows is in it.
    return hashlib.sha256(part.encode()).hexdigest()[:32]


def answer_if_new(part: str) -> Response:
    """The part with its tag; 304 without a body where the asker has it already."""
    response = make_response(part)
    response.set_etag(tag_of(part))
    return response.make_conditional(request)
