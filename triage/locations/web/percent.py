"""Percent-encoding normal form (RFC 3986 section 6.2.2): one spelling for one meaning.

Unreserved characters are decoded, hexadecimal digits are upper case, characters that may not stand
in a URL are encoded, and a stray ``%`` becomes ``%25`` so that a second pass changes nothing.
Reserved characters (``/ ? # & = + %`` …) are neither decoded nor encoded: that changes meaning.
"""

from __future__ import annotations

import re
import string

_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_PATH = r"A-Za-z0-9\-._~!$&'()*+,;=:@/"

_ODD_PATH = re.compile(rf"[^{_PATH}]")
_ODD_QUERY = re.compile(rf"[^{_PATH}?]|'")
_PIECE_PATH = re.compile(rf"%[0-9A-Fa-f]{{2}}|[^{_PATH}]")
_PIECE_QUERY = re.compile(rf"%[0-9A-Fa-f]{{2}}|[^{_PATH}?]|'")


def encode_character(character: str) -> str:
    return "".join(
        f"%{byte:02X}" for byte in character.encode("utf-8", "replace")
    )


def _normalise_piece(match: re.Match[str]) -> str:
    piece = match[0]
    if len(piece) == 3:
        character = chr(int(piece[1:], 16))
        return character if character in _UNRESERVED else piece.upper()
    return encode_character(piece)


def normalise_path(path: str) -> str:
    return (
        _PIECE_PATH.sub(_normalise_piece, path)
        if _ODD_PATH.search(path)
        else path
    )


def normalise_query(query: str) -> str:
    """Also for fragments. ``'`` is encoded, as WHATWG does it in the query of a web address."""
    return (
        _PIECE_QUERY.sub(_normalise_piece, query)
        if _ODD_QUERY.search(query)
        else query
    )


_RISKY = {ord(c): f"%{ord(c):02X}" for c in "()':,;!*"}


def shield_text(text: str) -> str:
    return text.translate(_RISKY)


def shield_url(url: str) -> str:
    """A spelling that the repair of pasted text leaves alone, for the few URLs that it would not.

    Everything behind the host that a reader of running text could take for punctuation, for a
    defanged dot or for the start of another address is encoded. ``url`` begins ``scheme://``.
    """
    start = url.find("/", url.find("://") + 3)
    if start < 0:
        return url
    path, mark, fragment = url[start:].partition("#")
    keep = fragment[:1]  # "#!" says that the fragment addresses content
    rest = shield_text(path) + mark + keep + shield_text(fragment[1:])
    if rest[-1] in ".?":
        rest = rest[:-1] + encode_character(rest[-1])
    return url[:start] + rest
