"""A page's bytes to text as a browser reads them: the labels of the Encoding Standard, no others.

A host chooses the label, and Python knows codecs that no browser has (UTF-7, Punycode, EBCDIC):
whoever decodes by one of those reads another page than a visitor does. So the label is looked up in
the standard's table (``webencodings``) and, as in Chromium, searched for in the whole head.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

import webencodings

UTF_8 = "utf-8"
WITHOUT_LABEL = "windows-1252"
"""What browsers in western languages take a page for that says nothing and is no UTF-8."""
_REPLACEMENT = "replacement"
"""Encodings that the standard reads as a single sign, since they hid scripts from filters."""
_BOMS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDER_CODECS = {"gbk": "gb18030", "iso-2022-jp": "iso2022_jp_ext"}
"""The standard's decoders of these read what Python's namesakes refuse."""
_PLAIN_IN_QUERY = "!$%&()*+,/:;=?@[\\]^`{|}"
"""Signs that stand as they are in a query, also where they are a part of a letter."""
_USER_DEFINED = "x-user-defined"
# Possessive here and below: a pattern that goes back could be made to cost the
# square of a page's length.
_LABEL = re.compile(r"charset\s*+=\s*+[\"']?\s*+([^\s\"';]++)", re.IGNORECASE)
_SURELY_WHOLE = 100_000
"""Bytes; of a longer page, the end may have been cut off here, in the middle of a letter."""
_UNCONDITIONALLY = 1024
"""Bytes that are searched in any case; beyond them, only as long as the head goes on."""
_TOKEN = re.compile(
    rb"<!--.*?(?:-->|\Z)|<[!?][^>]*+>?|<(/?)([a-zA-Z][^\s/>]*+)", re.DOTALL
)
_XML_LABEL = re.compile(
    rb"<\?xml\s[^>]*?encoding\s*+=\s*+[\"']([\w:.-]{1,40})[\"']"
)
_ATTRIBUTE = re.compile(
    rb"[\s/]*+(=?[^\s/>=]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"?|'([^']*+)'?|([^\s>]*+)))?"
)
_OF_HEAD = frozenset(
    {
        b"html",
        b"head",
        b"script",
        b"noscript",
        b"style",
        b"link",
        b"meta",
        b"object",
        b"title",
        b"base",
    }
)
_RAW_TEXT = frozenset(
    {b"script", b"style", b"title", b"textarea", b"xmp", b"noembed", b"iframe"}
)


def _read_western_letter(byte: int) -> str:
    try:
        return bytes([byte]).decode(WITHOUT_LABEL)
    except UnicodeDecodeError:
        # The standard knows a control character where Python's table has a hole.
        return chr(byte)


_WESTERN = tuple(_read_western_letter(byte) for byte in range(256))

Attributes = dict[bytes, bytes]
"""Of one tag: the first value of each name."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page's ``text``, and the standard's name of the ``encoding`` it was written in, which also
    decides how letters in the queries of its addresses are sent. ``is_guess``: the page does not
    say, and is UTF-8 by its bytes, which browsers do not ask: to them, each byte is a letter."""

    text: str
    encoding: str = UTF_8
    is_guess: bool = False


def decode_page(body: bytes | bytearray, label: str | None) -> Decoded:
    """By the byte order mark, the header's label, the page's own, or else as browsers guess.

    What cannot be decoded becomes U+FFFD; never raises.
    """
    # The standard has the mark win over every label.
    for mark, name in _BOMS:
        if body.startswith(mark):
            text = body[len(mark) :].decode(name, "replace")
            return Decoded(text)
    encoding = _find_by_header(label) or _find_in_page(bytes(body))
    if encoding is not None:
        return _decode_as(body, encoding)
    guessed = _guess_encoding(body)
    decoded = _decode_as(body, guessed)
    return replace(decoded, is_guess=guessed == UTF_8)


def read_as_western(text: str) -> str:
    """Text that was read as UTF-8, as a browser reads it where nothing says that it is."""
    written = text.encode(UTF_8, "surrogatepass")
    return "".join(_WESTERN[byte] for byte in written)


def encode_query(address: str, encoding: str) -> str:
    """``address`` with the letters of its query as a page in this encoding has them sent."""
    if encoding == UTF_8 or address.isascii():
        return address
    rest, mark, fragment = address.partition("#")
    path, asked, query = rest.partition("?")
    if not asked:
        return address
    pieces = [_encode_letter(letter, encoding) for letter in query]
    return f"{path}?{''.join(pieces)}{mark}{fragment}"


def _encode_letter(letter: str, encoding: str) -> str:
    if letter.isascii():
        return letter
    try:
        written, _ = _codec_of(encoding).encode(letter)
        return quote(written, safe=_PLAIN_IN_QUERY)
    except UnicodeError:
        # As a form would: the number of what the encoding has no letter for.
        return f"%26%23{ord(letter)}%3B"


def _decode_as(body: bytes | bytearray, encoding: str) -> Decoded:
    if encoding == _REPLACEMENT:
        return Decoded("\ufffd" if body else "")
    text, _ = _codec_of(encoding).decode(body, "replace")
    # A page in UTF-16 has its addresses sent in UTF-8 all the same.
    is_wide = encoding.startswith("utf-16")
    return Decoded(text, UTF_8 if is_wide else encoding)


def _codec_of(encoding: str) -> codecs.CodecInfo:
    if encoding in _WIDER_CODECS:
        return codecs.lookup(_WIDER_CODECS[encoding])
    codec: codecs.CodecInfo = webencodings.lookup(encoding).codec_info
    return codec


def _find_by_header(label: str | None) -> str | None:
    match = _LABEL.search(label or "")
    return _look_up(match[1]) if match else None


def _look_up(label: str) -> str | None:
    encoding = webencodings.lookup(label) if label.isascii() else None
    return encoding.name if encoding else None


def _find_in_page(body: bytes) -> str | None:
    """What ``<meta>`` says of the page that it stands in, or the declaration of XML."""
    declared = _XML_LABEL.match(body)
    if declared:
        encoding = _look_up_in_page(declared[1])
        if encoding:
            return encoding
    for attributes in _list_metas(body):
        encoding = _read_meta(attributes)
        if encoding:
            return encoding
    return None


def _list_metas(body: bytes) -> Iterator[Attributes]:
    """The attributes of each ``<meta>``, up to the end of the head."""
    at = 0
    in_head = True
    while match := _TOKEN.search(body, at):
        at = match.end()
        # A comment or a declaration: what looks like a meta inside of it is
        # none.
        if match[2] is None:
            continue
        name = match[2].lower()
        is_end = bool(match[1])
        attributes, at = _read_attributes(body, at)
        if name == b"meta" and not is_end:
            yield attributes
        if name not in _OF_HEAD or (is_end and name in (b"html", b"head")):
            in_head = False
        if not in_head and at >= _UNCONDITIONALLY:
            return
        if name in _RAW_TEXT and not is_end:
            at = _skip_raw_text(body, at, name)


def _read_attributes(body: bytes, at: int) -> tuple[Attributes, int]:
    """Those of the tag whose name ends at ``at``, and where they end."""
    given: Attributes = {}
    while match := _ATTRIBUTE.match(body, at):
        at = match.end()
        value = match[2] or match[3] or match[4] or b""
        given.setdefault(match[1].lower(), value)
    return given, at


def _skip_raw_text(body: bytes, at: int, name: bytes) -> int:
    """What stands in a script or a title is no markup. One that never ends hides the rest."""
    end = re.compile(rb"</" + name + rb"[\s/>]", re.IGNORECASE)
    match = end.search(body, at)
    return match.start() if match else len(body)


def _read_meta(given: Attributes) -> str | None:
    """The encoding that the attributes name, if they do."""
    if b"charset" in given:
        return _look_up_in_page(given[b"charset"])
    if given.get(b"http-equiv", b"").strip().lower() != b"content-type":
        return None
    content = given.get(b"content", b"").decode("latin-1")
    match_in_text = _LABEL.search(content)
    if match_in_text is None:
        return None
    return _look_up_in_page(match_in_text[1].encode("latin-1"))


def _look_up_in_page(label: bytes) -> str | None:
    """A page that can say so in ASCII is not in UTF-16, whatever it says."""
    encoding = _look_up(label.decode("latin-1"))
    if encoding is None:
        return None
    if encoding.startswith("utf-16"):
        return UTF_8
    # The HTML standard makes the same exception for a label inside of a page.
    return WITHOUT_LABEL if encoding == _USER_DEFINED else encoding


def _guess_encoding(body: bytes | bytearray) -> str:
    try:
        body.decode(UTF_8)
    except UnicodeDecodeError as error:
        # One letter that was cut in two at the end of what was read says nothing.
        is_at_end = error.start >= len(body) - 3
        is_cut = is_at_end and len(body) > _SURELY_WHOLE
        return UTF_8 if is_cut else WITHOUT_LABEL
    return UTF_8
