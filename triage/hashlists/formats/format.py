"""What a module of a hash-list format says of itself: one ``ListFormat``, called ``FORMAT``.

A new format is a new module in this package. Nothing else has to name it::

    FORMAT = ListFormat(
        name="acme",
        label="lists of the Acme tool",
        holds=frozenset({HashKind.MD5}),
        certainty=acme_certainty,
        parse=parse,
    )
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO

from triage.hashlists.formats.entry import HashEntry, Problem
from triage.hashlists.kinds import HashKind

Reader = Callable[[BinaryIO], Iterator[HashEntry | Problem]]
Writer = Callable[[Iterable[HashEntry], BinaryIO], None]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Certainty(IntEnum):
    """How sure a format is that a file is its own. The surest format reads the file."""

    NO = 0
    POSSIBLE = 1
    """The file could be read so, if nothing better is found."""
    LIKELY = 2
    """The file has the format's typical words or columns."""
    NAMED = 3
    """The file itself names the format."""


@dataclass(frozen=True)
class FileHead:
    """The first kilobytes of a file. ``lines`` are those that are neither blank nor comments."""

    text: str
    lines: tuple[str, ...]

    @classmethod
    def from_bytes(cls, data: bytes) -> FileHead:
        text = (
            data.removeprefix(BYTE_ORDER_MARK)
            .decode("utf-8", "replace")
            .lstrip()
        )
        lines = (
            line
            for line in text.splitlines()
            if line.strip() and not line.startswith("#")
        )
        return cls(text, tuple(lines))

    @property
    def first_line(self) -> str:
        return self.lines[0] if self.lines else ""

    @property
    def is_json(self) -> bool:
        return self.text.startswith(("{", "["))

    @property
    def is_xml(self) -> bool:
        return self.text.startswith("<")


@dataclass(frozen=True)
class ListFormat:
    """One format: its ``name`` on the command line, the ``label`` that help texts show, the kinds
    of hash that it ``holds``, and how it is recognised, read and (for some) written."""

    name: str
    label: str
    holds: frozenset[HashKind]
    certainty: Callable[[FileHead], Certainty]
    parse: Reader
    write: Writer | None = None
