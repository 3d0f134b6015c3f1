"""Where an address in mark-up ends: in BBCode, Markdown, HTML, a wiki's brackets or a chat's.

Mark-up closes what it opened: a bracket, a quotation mark or a run of ``*`` ends an address only
where the same one stands before it. A cut anywhere else is told.
"""

from __future__ import annotations

import html
import re

from triage.locations.text.repair import trim_end

_CLOSING_TAG = re.compile(r"\[/[A-Za-z*]{1,12}\]")
_EMPHASIS = re.compile(r"(?:\*+|_+|~+|\|+|=+)$")
NEAR = 100
"""Characters before an address in which mark-up may have opened what ends it."""

_PARTNERS = {"[": "]", "(": ")", "{": "}"}
_MARKS = '"<>`“”„«»‹›'
_TAG = re.compile(r"</?[A-Za-z!][^<>]{0,300}>")
_SHORTEST_FULL_LINE = 65
_LONGEST_LINE = 1000
"""Characters: mail programs break at some 70 to 78; no mail has a line longer than the latter."""
_GOES_ON = re.compile(
    r"\r?\n(?!https?:|www\.)(?=[^\s<>\"]{0,200}[/=&?%#_\d])[A-Za-z0-9%/=&?#_.~-][^\s<>\"]{2,200}(?=\s|\Z)"
)
_ENTITY = re.compile(
    r"&(?:#x0{0,4}[2-7][0-9a-f]|#0{0,4}(?:3[2-9]|[4-9]\d|1[01]\d|12[0-6])|lt|gt|quot|apos);",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\u00([2-7][0-9a-fA-F])")


def decode_markup(text: str) -> str:
    """HTML's and JSON's spellings of plain characters, which every reader of them undoes."""
    # Not ``&amp;``: where it parts parameters it is read as "&" with them.
    if "&" in text and ";" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    if "\\u00" in text:
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return text


def end_address(token: str, start: int, end: int, before: str) -> str:
    """The address that begins at ``start`` of a token; ``before`` is the character before that.

    Without the punctuation and the closing mark-up at its end.
    """
    piece = token[start:end]
    # Only near: thousands of addresses in one word would cost the square of
    # it.
    prefix = token[max(start - NEAR, 0) : start] or before
    if tag := _CLOSING_TAG.search(piece):
        piece = piece[: tag.start()]
    # An apostrophe may stand in an address, so it ends only what one opened.
    if prefix[-1:] == "'":
        piece = piece.partition("'")[0]
    # A chat and a wiki set the words for an address behind a bar.
    if prefix.endswith(("<", "[[")):
        piece = piece.partition("|")[0]
    for opening, closing in _PARTNERS.items():
        if prefix.count(opening) > prefix.count(closing):
            piece = _cut_at_partner(piece, opening, closing)
    piece = trim_end(piece)
    if (run := _EMPHASIS.search(prefix)) and piece.endswith(run[0]):
        piece = trim_end(piece[: -len(run[0])])
    return piece


def _cut_at_partner(piece: str, opening: str, closing: str) -> str:
    """Up to the bracket that closes one before the address; pairs within it are its own."""
    depth = 0
    for place, character in enumerate(piece):
        if character == opening:
            depth += 1
        elif character == closing:
            if not depth:
                return piece[:place]
            depth -= 1
    return piece


def find_cut(text: str, start: int, end: int) -> str:
    """The code of what ends an address of ``text`` where more of it may follow, "" for nothing."""
    if text[end : end + 1] in ("\n", "\r"):
        return "cut_at_line" if _is_cut_at_line(text, start, end) else ""
    return "cut_at_mark" if _is_cut_at_mark(text, start, end) else ""


def _is_cut_at_line(text: str, start: int, end: int) -> bool:
    """Whether the line is as long as programs make one, and the next begins like more of it."""
    begin = text.rfind("\n", max(start - _LONGEST_LINE, 0), start) + 1
    if not _SHORTEST_FULL_LINE <= end - max(begin, 0) <= _LONGEST_LINE:
        return False
    return _GOES_ON.match(text, end) is not None


def _is_cut_at_mark(text: str, start: int, end: int) -> bool:
    """A mark that closes what was opened, a tag, and the end of a quotation are no cut."""
    mark, behind = text[end : end + 1], text[end + 1 : end + 2]
    if not mark or mark not in _MARKS or not behind or behind.isspace():
        return False
    if mark == "<" and _TAG.match(text, end):
        return False
    if mark == ">" and "<" in text[max(start - 300, 0) : start]:
        return False
    if text[max(start - 1, 0) : start] in tuple("\"`“„«»‹›'"):
        return False
    return behind.isalnum() or behind in "/?#&=%_-.~+"
