"""Messages (RFC 5322, MIME) from strangers: read within limits, text only, nothing unpacked.

Attachments other than the wanted parts are never decoded; the message lives in memory alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from hotline.core.errors import InvalidInput
from hotline.intake.submission import MAX_NARRATIVE

MAX_BYTES = 32 << 20
"""A message that is larger is refused: 25 MB, as most servers allow, with the base64 of it."""
MAX_HEADER = 1 << 16
"""Bytes; real ones have some ten thousand at most, and readers of headers are slow."""
MAX_CONTAINERS = 40
"""Multiparts and messages in messages: the parser's work grows with their depth."""
_BLANK = re.compile(rb"\n\r?\n")
_CONTAINER = re.compile(rb"(?i)\b(?:multipart|message)/")
# What two readers of one message may split in different ways, one of them checking a signature.
_AMBIGUOUS = re.compile(rb"\r(?!\n)|\0")


def check_message(raw: bytes) -> None:
    """``InvalidInput`` where a message is too large, too deep or ambiguous; takes linear time."""
    if len(raw) > MAX_BYTES:
        raise InvalidInput(
            f"The message is larger than {MAX_BYTES >> 20} MiB."
        )
    if _AMBIGUOUS.search(raw):
        raise InvalidInput(
            "The message holds a bare carriage return or a null byte."
        )
    # Looked for up to the bound alone, as the body may be large.
    if _BLANK.search(raw, 0, MAX_HEADER) is None:
        raise InvalidInput(
            f"The header is longer than {MAX_HEADER >> 10} KiB, or has no end."
        )
    containers = 0
    for containers, _ in enumerate(_CONTAINER.finditer(raw), start=1):
        if containers > MAX_CONTAINERS:
            raise InvalidInput(
                f"The message holds more than {MAX_CONTAINERS} nested parts."
            )


def parse_message(raw: bytes) -> Message:
    """The message; ``InvalidInput`` where ``check`` finds fault or it has no structure."""
    check_message(raw)
    try:
        return BytesParser(policy=compat32).parsebytes(raw)
    # The parser has an error of its own for every way in which a message can
    # be broken.
    except (
        RecursionError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ):
        raise InvalidInput("The message's structure cannot be read.") from None


def walk_parts(message: Message) -> Iterator[Message]:
    """The parts in their order, containers too, but nothing from inside a forwarded message."""
    # A list of its own instead of recursion: the sender chooses the depth.
    waiting = [message]
    while waiting:
        part = waiting.pop()
        yield part
        inside = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(
            inside, list
        ):
            waiting += reversed(
                [child for child in inside if isinstance(child, Message)]
            )


def is_attachment(part: Message) -> bool:
    return (
        str(part.get("Content-Disposition", ""))
        .strip()
        .lower()
        .startswith("attachment")
    )


def part_body(part: Message) -> bytes:
    """The decoded bytes of a part that is no container; ``InvalidInput`` where it is one."""
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError):
        payload = None
    if not isinstance(payload, bytes):
        raise InvalidInput(
            f"The part of type {part.get_content_type()[:80]} cannot be decoded."
        )
    return payload


def part_text(part: Message) -> str:
    """A text part's words; bytes that its character set does not know become U+FFFD."""
    # Some decoders take quadratic time; more than this fits no narrative in any encoding.
    payload = part_body(part)[: 4 * MAX_NARRATIVE]
    try:
        text = payload.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        # A character set that nobody knows, or that is no text at all.
        text = payload.decode("utf-8", "replace")
    if str(part.get_param("format")).lower() != "flowed":
        return text
    return _join_flowed(text, str(part.get_param("delsp")).lower() == "yes")


def _join_flowed(text: str, delete_space: bool) -> str:
    """Lines as they were before they were broken to fit (RFC 3676).

    A line that ends in a space goes on in the next one of the same depth of quotation, but for the
    mark of a signature. ``delete_space``: the space is the break's own.
    """
    joined: list[str] = []
    depth_before, goes_on = 0, False
    for line in text.splitlines():
        rest = line.lstrip(">")
        depth = len(line) - len(rest)
        rest = rest.removeprefix(" ")
        if goes_on and depth == depth_before and rest != "-- ":
            joined[-1] += rest
        else:
            joined.append(">" * depth + (" " if depth else "") + rest)
        goes_on = rest.endswith(" ") and rest != "-- "
        if goes_on and delete_space:
            joined[-1] = joined[-1][:-1]
        depth_before = depth
    return "\n".join(joined)


def message_narrative(message: Message) -> str:
    """The words that a person reads: the message's plain texts that are no attachments."""
    return "\n".join(
        part_text(part)
        for part in walk_parts(message)
        if part.get_content_type() == "text/plain" and not is_attachment(part)
    ).strip()


def header_text(message: Message, name: str) -> str:
    """A header field as one line of readable text, "" if there is none."""
    raw = str(message.get(name, ""))
    with suppress(MessageError, ValueError, LookupError):
        raw = str(make_header(decode_header(raw)))
    return " ".join(raw.split())
