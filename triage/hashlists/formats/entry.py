"""One known hash as every format tells it, and what may stand in it."""

from __future__ import annotations

import base64
import binascii
from datetime import date
from functools import lru_cache
from typing import BinaryIO, NamedTuple

from hotline.core.errors import InvalidInput
from triage.hashlists.kinds import HashKind

DIGITS: dict[str, int] = {
    HashKind.MD5: 32,
    HashKind.SHA1: 40,
    HashKind.SHA256: 64,
    HashKind.PDQ: 64,
    HashKind.PHASH: 16,
}
"""Hexadecimal digits of each kind that is not opaque."""
KINDS: tuple[str, ...] = tuple(HashKind)
PHOTODNA_BYTES = 144
HEX = "0123456789abcdef"
OF_NOTHING = frozenset(
    {
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }
)
"""MD5, SHA-1 and SHA-256 of an empty file. Lists made in a hurry hold them, and they would match
every failed download."""
LONGEST_LINE = 1 << 20


class HashEntry(NamedTuple):
    """One hash. A medium with several hashes gives several entries with the same ``entry_ref``.

    ``value`` is lower-case hexadecimal, also PhotoDNA's 144 bytes. A tombstone whose source names
    no hash has an empty ``kind`` and ``value``: it concerns every hash of its ``entry_ref``.
    A NamedTuple, since lists have millions of them: a third of a frozen dataclass's time.
    """

    kind: str
    value: str
    category: str | None = None
    source: str | None = None
    entry_ref: str | None = None
    dated: date | None = None
    deleted: bool = False
    quality: int | None = None


class Problem(NamedTuple):
    """What could not be read, and where: ``line`` counts from 1. The reason quotes no hash."""

    line: int
    reason: str


def normalise_hash(kind: str, text: str) -> str:
    """The one spelling of a hash, or "" where ``text`` is none of that ``kind``."""
    value = text.strip().lower()
    if kind == "photodna":
        return _normalise_photodna(text.strip())
    if len(value) != DIGITS[kind] or value.strip(HEX):
        return ""
    # Zeros are what tools write where they could not hash.
    if value in OF_NOTHING or not value.strip("0"):
        return ""
    return value


def explain_fault(kind: str, text: str) -> str:
    """Why ``normalise_hash`` gave nothing."""
    value = text.strip().lower()
    if value in OF_NOTHING:
        return f"the {kind} is that of an empty file"
    if kind == "photodna":
        return "the photodna is not 144 bytes in hexadecimal, base64 or decimal numbers"
    if len(value) != DIGITS[kind]:
        return (
            f"the {kind} has {len(value)} characters instead of {DIGITS[kind]}"
        )
    if value.strip(HEX):
        return f"the {kind} is not hexadecimal"
    return f"the {kind} is all zeros"


def guess_kind(text: str) -> str:
    """The kind of a bare hash by its length, or "". 64 digits are told as ``sha256``; whether they
    are PDQ only a look at several can tell (``looks_like_pdq``)."""
    value = text.strip().lower()
    if value.strip(HEX):
        return ""
    return {16: "phash", 32: "md5", 40: "sha1", 64: "sha256"}.get(
        len(value), ""
    )


def looks_like_pdq(values: list[str]) -> bool:
    """Whether these values of 64 digits are PDQ rather than SHA-256.

    PDQ sets the bits above the median of 256, so that exactly 128 are set; of SHA-256 values every
    twentieth has 128. One value may deceive, five do in one of 30,000 cases.
    """
    halves = sum(int(value, 16).bit_count() == 128 for value in values)
    return halves > 0 and halves >= 0.8 * len(values)


def _normalise_photodna(text: str) -> str:
    """144 bytes as the field writes them: 288 digits, 192 characters of base64, or decimals."""
    # By length first: each of the three spellings has its own.
    if len(text) == 2 * PHOTODNA_BYTES and not text.lower().strip(HEX):
        return text.lower()
    if len(text) == PHOTODNA_BYTES * 4 // 3:
        try:
            return base64.b64decode(text, validate=True).hex()
        except binascii.Error:
            return ""
    numbers = text.split(",")
    if len(numbers) == PHOTODNA_BYTES and all(
        part.strip().isascii() for part in numbers
    ):
        try:
            return bytes(int(part) for part in numbers).hex()
        except ValueError:
            return ""
    return ""


@lru_cache(maxsize=4096)
def parse_day(text: str) -> date | None:
    """The day in an ISO date or time, in ``31.12.2026`` or in seconds since 1970; None for others:
    a hash whose date cannot be read is still known material."""
    text = text.strip()
    try:
        if text.isascii() and text.isdigit() and 9 <= len(text) <= 10:
            # Days are counted from the year 1; that many had gone by in 1970.
            return date.fromordinal(719_163 + int(text) // 86_400)
        # Day first, as the offices of the region write it; a point is never
        # American.
        if text[2:3] == text[5:6] == ".":
            return date(int(text[6:10]), int(text[3:5]), int(text[:2]))
        return date.fromisoformat(text[:10].replace("/", "-"))
    except ValueError:
        return None


def parse_percent(value: object) -> int | None:
    """PDQ's quality, 0 to 100; None for what is no such number."""
    text = str(value)
    if (
        len(text) <= 3
        and text.isascii()
        and text.isdigit()
        and int(text) <= 100
    ):
        return int(text)
    return None


def parse_word(value: object) -> str | None:
    """A label or a reference in JSON: numbers and words as they stand; None for all else."""
    # To Python, True is a number too.
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value)[:200] or None


class LineReader:
    """Lines of a stream as text, one at a time, whatever the size of the file.

    ``number`` is that of the line given last. Bytes that are not UTF-8 become U+FFFD (no hash can
    hold one). Raises InvalidInput at a line of more than a megabyte, and for UTF-16.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.number = 0

    def __iter__(self) -> LineReader:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            raise InvalidInput(
                f"Line {self.number} is longer than {LONGEST_LINE:,} bytes: this is no list."
            )
        if self.number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
            if line.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise InvalidInput(
                    "The file is UTF-16.", hint="Save it as UTF-8."
                )
        return line.decode("utf-8", "replace")
