"""Formats of known-hash lists: streams in, ``HashEntry`` out, and back.

``parse`` reads a list of any size entry by entry; what a single line has wrong is a ``Problem``
with its line, and the rest is read on. A file that is no list, or not a whole one, raises
InvalidInput: half a list must never pass for the whole. No database, no file names, no paths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import BinaryIO

from hotline.core.errors import InvalidInput
from triage.hashlists.formats import (
    linelist,
    ncmec,
    ndjson,
    separated,
    threatexchange,
    vics,
)
from triage.hashlists.formats.entry import KINDS, HashEntry, Problem, normal

__all__ = [
    "KINDS",
    "READERS",
    "WRITERS",
    "HashEntry",
    "Problem",
    "detect",
    "normal",
    "parse",
    "write",
]

Reader = Callable[[BinaryIO], Iterator[HashEntry | Problem]]
Writer = Callable[[Iterable[HashEntry], BinaryIO], None]

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "csv": separated.parse,
        "lines": linelist.parse,
        "vics": vics.parse,
        "ncmec": ncmec.parse,
        "threatexchange": threatexchange.parse,
        "ndjson": ndjson.parse,
    }
)
WRITERS: Mapping[str, Writer] = MappingProxyType(
    {"csv": separated.write, "vics": vics.write, "ndjson": ndjson.write}
)


def parse(name: str, stream: BinaryIO) -> Iterator[HashEntry | Problem]:
    """Entries and problems of ``stream`` in format ``name``, in the order of the file.

    Raises InvalidInput for a format that there is not and, while being read, for a file that is not
    of that format or ends too early.
    """
    if name not in READERS:
        raise InvalidInput(
            f"There is no format {name!r}.", hint=f"One of {', '.join(READERS)}."
        )
    return READERS[name](stream)


def write(name: str, entries: Iterable[HashEntry], stream: BinaryIO) -> None:
    """Write ``entries`` in format ``name``, streaming. Hashes of one medium stand together where
    its entries come one after the other."""
    if name not in WRITERS:
        raise InvalidInput(
            f"There is no export format {name!r}.", hint=f"One of {', '.join(WRITERS)}."
        )
    WRITERS[name](entries, stream)


def detect(head: bytes, filename: str) -> str:
    """The format of a file by its first bytes (some kilobytes). ``filename`` is for the message
    only: names lie. Raises InvalidInput where it is none."""
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").lstrip()
    rows = [
        line for line in text.splitlines() if line.strip() and not line.startswith("#")
    ]
    first = rows[0] if rows else ""
    if text.startswith("<") and ("hashsharing" in text or "queryResult" in text):
        return "ncmec"
    if text.startswith(("{", "[")):
        if f'"{ndjson.NAME}"' in first:
            return "ndjson"
        return "vics" if "odata" in text or '"Media' in text else "threatexchange"
    if separated.is_header(first) or separated.is_row_of_hashes(first):
        return "csv"
    if any(linelist.is_hash(line) for line in rows[:5]):
        return "lines"
    raise InvalidInput(
        f"{filename} is no known format of a hash list.",
        hint=f"One of {', '.join(READERS)}.",
    )
