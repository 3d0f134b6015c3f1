"""Formats of known-hash lists: streams in, ``HashEntry`` out, and back.

Each module of this package that has a ``FORMAT`` brings one format (see ``format``); the command
line, its help and the recognition of files read them from ``list_formats``.

``parse`` reads a list of any size entry by entry; what a single line has wrong is a ``Problem``
with its line, and the rest is read on. A file that is no list, or not a whole one, raises
InvalidInput: half a list must never pass for the whole. No database, no file names, no paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import BinaryIO

from hotline.core.errors import InvalidInput
from triage.hashlists.formats.entry import (
    KINDS,
    HashEntry,
    Problem,
    normalise_hash,
)
from triage.hashlists.formats.format import (
    Certainty,
    FileHead,
    ListFormat,
    Writer,
)

__all__ = [
    "KINDS",
    "HashEntry",
    "ListFormat",
    "Problem",
    "detect_format",
    "list_formats",
    "normalise_hash",
    "parse_entries",
    "writable_formats",
    "write_entries",
]


@cache
def list_formats() -> Mapping[str, ListFormat]:
    """Every format by its name, in the order of the names."""
    formats: dict[str, ListFormat] = {}
    for module_info in iter_modules(__path__, prefix=f"{__name__}."):
        module = import_module(module_info.name)
        list_format = getattr(module, "FORMAT", None)
        if not isinstance(list_format, ListFormat):
            continue
        if list_format.name in formats:
            raise ValueError(
                f"Two modules bring the format {list_format.name!r}."
            )
        formats[list_format.name] = list_format
    return MappingProxyType(dict(sorted(formats.items())))


def writable_formats() -> tuple[str, ...]:
    """The names of the formats that a list can be exported in."""
    return tuple(name for name, form in list_formats().items() if form.write)


def parse_entries(
    name: str, stream: BinaryIO
) -> Iterator[HashEntry | Problem]:
    """Entries and problems of ``stream`` in format ``name``, in the order of the file.

    Raises InvalidInput for a format that there is not and, while being read, for a file that is not
    of that format or ends too early.
    """
    list_format = list_formats().get(name)
    if list_format is None:
        raise InvalidInput(
            f"There is no format {name!r}.",
            hint=f"One of {', '.join(list_formats())}.",
        )
    return list_format.parse(stream)


def write_entries(
    name: str, entries: Iterable[HashEntry], stream: BinaryIO
) -> None:
    """Write ``entries`` in format ``name``, streaming. Hashes of one medium stand together where
    its entries come one after the other."""
    writer_of(name)(entries, stream)


def writer_of(name: str) -> Writer:
    """What writes format ``name``. Raises InvalidInput where that cannot be exported."""
    list_format = list_formats().get(name)
    if list_format is None or list_format.write is None:
        raise InvalidInput(
            f"There is no export format {name!r}.",
            hint=f"One of {', '.join(writable_formats())}.",
        )
    return list_format.write


def detect_format(head: bytes, filename: str) -> str:
    """The format of a file by its first bytes (some kilobytes). ``filename`` is for the message
    only: names lie. Raises InvalidInput where no format takes the file for its own."""
    file_head = FileHead.from_bytes(head)
    candidates = list_formats().values()
    surest = max(
        # Of several that are equally sure the first by name, so that a file is
        # always read the same way.
        candidates,
        key=lambda candidate: candidate.certainty(file_head),
    )
    if surest.certainty(file_head) is Certainty.NO:
        raise InvalidInput(
            f"{filename} is no known format of a hash list.",
            hint=f"One of {', '.join(list_formats())}.",
        )
    return surest.name
