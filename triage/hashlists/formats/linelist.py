"""One hash a line: bare, after its kind (``pdq:…``), or as md5sum and its like print it.

Blank lines and lines that begin with ``#`` are passed over. What follows a hash after a space (a
file's name, in md5sum's output) is not read. 64 bare digits are SHA-256 or PDQ, told apart by the
first hundred of them; a prefix leaves no doubt.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from triage.hashlists.formats.entry import (
    KINDS,
    HashEntry,
    LineReader,
    Problem,
    explain_fault,
    guess_kind,
    looks_like_pdq,
    normalise_hash,
)
from triage.hashlists.formats.format import Certainty, FileHead, ListFormat
from triage.hashlists.kinds import HashKind

SAMPLE = 1000
LONGEST = 1000
"""Characters that are looked at: a PhotoDNA in decimals has 575 and its prefix."""


def parse(stream: BinaryIO) -> Iterator[HashEntry | Problem]:
    """Entries and problems in the order of the file. Raises InvalidInput where it is no text."""
    source = LineReader(stream)
    # Looked at before anything is told: one kind holds for all bare values of
    # 64 digits, and not each by itself.
    first = [
        (source.number, line[:LONGEST]) for line in islice(source, SAMPLE)
    ]
    long = [
        token
        for _, line in first
        if (token := line.strip()) and guess_kind(token) == "sha256"
    ]
    of_64 = "pdq" if looks_like_pdq(long[:100]) else "sha256"
    for number, line in first:
        if (entry := _read_line(number, line, of_64)) is not None:
            yield entry
    for line in source:
        if (
            entry := _read_line(source.number, line[:LONGEST], of_64)
        ) is not None:
            yield entry


def is_hash(line: str) -> bool:
    """Whether a line begins with a hash, bare or after its kind.

    That of an empty file is one too: it is not imported, but many lists begin with it.
    """
    token = line.split(None, 1)[0] if line.split() else ""
    if guess_kind(token.rpartition(":")[2]):
        return True
    return isinstance(_read_line(0, line, "sha256"), HashEntry)


def _read_line(
    number: int, line: str, of_64: str
) -> HashEntry | Problem | None:
    parts = line.split(None, 1)
    if not parts or parts[0].startswith("#"):
        return None
    token = parts[0]
    kind, colon, rest = token.partition(":")
    if colon:
        kind, token = (
            # Some tools leave a space behind the colon.
            kind.lower(),
            rest or (parts[1].strip() if len(parts) > 1 else ""),
        )
    else:
        kind = guess_kind(token)
        kind = of_64 if kind == "sha256" else kind
    if kind not in KINDS:
        return Problem(
            number, "the line is not a hash of a known kind and length"
        )
    value = normalise_hash(kind, token)
    return (
        HashEntry(kind, value)
        if value
        else Problem(number, explain_fault(kind, token))
    )


def certainty_of(head: FileHead) -> Certainty:
    """Whether one of the first lines begins with a hash."""
    if head.is_json or not any(is_hash(line) for line in head.lines[:5]):
        return Certainty.NO
    # A line of hashes is also the beginning of many a CSV, which says more.
    return Certainty.POSSIBLE


FORMAT = ListFormat(
    name="lines",
    label="line list",
    holds=frozenset(HashKind),
    certainty=certainty_of,
    parse=parse,
)
