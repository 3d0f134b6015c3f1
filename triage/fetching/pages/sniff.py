"""What a body is, by its first bytes before its label: hosts mislabel, some of them on purpose."""

from __future__ import annotations

import re
from typing import Literal

from triage.fingerprints.decoding.sniff import UNKNOWN, sniff_type

Kind = Literal[
    "image",
    "video",
    "html",
    "text",
    "hls",
    "dash",
    "other",
]

HEAD = 4_096
"""Bytes that are enough to tell."""

_MARKUP = re.compile(
    rb"<(?:!doctype|html|head|body|title|meta|script|!--)", re.IGNORECASE
)
_TAG = re.compile(rb"<[a-zA-Z]")
_MPD = re.compile(rb"<(?:\w+:)?MPD[\s>]")
# The first that fits decides, so that whole names stand before their kin.
_TYPES: tuple[tuple[str, Kind], ...] = (
    # A drawing, not a picture: there are no pixels to hash.
    ("image/svg", "other"),
    ("image/", "image"),
    ("video/", "video"),
    ("text/html", "html"),
    ("application/xhtml", "html"),
    ("application/vnd.apple.mpegurl", "hls"),
    ("application/x-mpegurl", "hls"),
    ("application/dash+xml", "dash"),
    ("text/", "text"),
    ("application/json", "text"),
    ("application/xml", "text"),
    ("application/", "other"),  # archives are not opened
    ("audio/", "other"),
)


def kind_of(body: bytes | bytearray, label: str | None) -> Kind:
    """``label`` is the Content-Type as sent. Without it, text with a tag in it is a page."""
    head = bytes(body[:HEAD])
    by_bytes = sniff_type(head)
    # "BM" alone may as well begin a word; a real bitmap's header holds zeros.
    is_doubtful = by_bytes == "image/bmp" and b"\x00" not in head
    if by_bytes != UNKNOWN and not is_doubtful:
        return _kind_of_type(by_bytes) or "other"
    opening = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    # Before markup: a comment in front of it would pass for a page.
    if _MPD.search(opening):
        return "dash"
    if _MARKUP.match(opening):
        return "html"
    media_type = (label or "").strip().lower()
    declared = _kind_of_type(media_type)
    if declared:
        return declared
    if b"\x00" in head:
        return "other"
    return "html" if _TAG.search(head) else "text"


def _kind_of_type(media_type: str) -> Kind | None:
    for prefix, kind in _TYPES:
        if media_type.startswith(prefix):
            return kind
    return None
