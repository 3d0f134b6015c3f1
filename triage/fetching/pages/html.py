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

import re
from collections import Counter
from dataclasses import dataclass

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
    r"\s*+(\d{0,9})[\d.]{0,9}\s*+[;,]\s*+(?:url\s*+=\s*+)?[\"']?\s*+([^\"'\s]+)",
    re.IGNORECASE,
)


def parse_page(markup: str) -> LexborHTMLParser:
    plain = _FORMATTING.sub(r"<\1span", markup)
    return LexborHTMLParser(flatten_markup(plain))


@dataclass(frozen=True, slots=True)
class Refresh:
    """Where ``<meta http-equiv=refresh>`` sends a browser, as written, and after how long."""

    address: str
    seconds: int


def find_refresh(tree: LexborHTMLParser) -> Refresh | None:
    node = tree.css_first("meta[http-equiv=refresh i]")
    if not node:
        return None
    written = node.attributes.get("content") or ""
    match = _REFRESH.match(written)
    return Refresh(match[2], int(match[1] or 0)) if match else None


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
            # Only what is open is closed: by stray end tags the count would
            # sink while the nesting goes on.
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
