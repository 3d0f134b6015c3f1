"""Markup to a tree that cannot be made to cost more than its size.

Lexbor's work grows with the square of the nesting depth (200,000 levels took 108 s), and lxml drops
what lies below some 256 levels, which would be a place to hide. So the depth is capped before
parsing the way Blink does it: past 512 levels an element is closed where the next one opens. No
element, attribute or text is lost, they only become neighbours.

Formatting elements become ``span``: the standard has an unclosed one opened again in every later
paragraph, so that 500 of them in a page of 84 kB made five million elements and 1.8 GB. (``a`` may
stay: a second one closes the first.)
"""

from __future__ import annotations

import codecs
import re
from collections import Counter

from selectolax.lexbor import LexborHTMLParser

MAX_DEPTH = 512
_FORMATTING = re.compile(
    r"<(/?)(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]{0,63})")
_FLAT = frozenset(
    # Void elements, and those whose content is text for the parser: neither can nest.
    {
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
        "script",
        "style",
        "textarea",
        "title",
        "xmp",
        "iframe",
        "noembed",
        "noframes",
    }
)
_REFRESH = re.compile(
    r"\s*+[\d.]{0,9}\s*+[;,]\s*+(?:url\s*+=\s*+)?[\"']?\s*+([^\"'\s]+)",
    re.IGNORECASE,
)
_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", re.IGNORECASE
)
_CHARSET_LABEL = re.compile(
    r"charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", re.IGNORECASE
)
_CHARSET_BYTES = 2048  # browsers look no further than the first 1,024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode_page(body: bytes | bytearray, label: str | None) -> str:
    """Text of a page: byte order mark, then the header's charset, then the page's own, then UTF-8.

    What cannot be decoded becomes U+FFFD; never raises.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            text = body.removeprefix(mark)
            return text.decode(name, "replace")
    charset = _name_charset(body, label)
    try:
        return body.decode(charset, "replace")
    except (LookupError, UnicodeError, ValueError):
        return body.decode("utf-8", "replace")


def _name_charset(body: bytes | bytearray, label: str | None) -> str:
    in_header = _CHARSET_LABEL.search(label or "")
    if in_header:
        return in_header[1]
    head = bytes(body[:_CHARSET_BYTES])
    in_page = _CHARSET.search(head)
    if in_page:
        return in_page[1].decode("ascii", "replace")
    return "utf-8"


def parse_page(markup: str) -> LexborHTMLParser:
    plain = _FORMATTING.sub(r"<\1span", markup)
    return LexborHTMLParser(flatten_markup(plain))


def find_refresh(tree: LexborHTMLParser) -> str | None:
    """Where ``<meta http-equiv=refresh>`` sends a browser, as written; None without one."""
    node = tree.css_first("meta[http-equiv=refresh i]")
    if not node:
        return None
    written = node.attributes.get("content") or ""
    match = _REFRESH.match(written)
    return match[1] if match else None


def flatten_markup(markup: str, max_depth: int = MAX_DEPTH) -> str:
    """``markup`` with its nesting held to about ``max_depth``; linear in its length.

    The count errs upwards (an unclosed ``<p>`` counts although a parser would close it), which
    costs nothing: neighbours instead of children find the same media.
    """
    opened: Counter[str] = Counter()
    depth = 0
    done = 0
    pieces: list[str] = []
    pending: str | None = None  # the element past the cap that is still open
    for tag in _TAG.finditer(markup):
        name = tag[2].lower()
        if name in _FLAT:
            continue
        if tag[1]:
            if name == pending:
                pending = None
            elif opened[name]:
                opened[name] -= 1
                depth -= 1
        elif depth < max_depth:
            opened[name] += 1
            depth += 1
        else:
            if pending:
                pieces.append(markup[done : tag.start()])
                pieces.append(f"</{pending}>")
                done = tag.start()
            pending = name
    if not pieces:
        return markup
    pieces.append(markup[done:])
    return "".join(pieces)
