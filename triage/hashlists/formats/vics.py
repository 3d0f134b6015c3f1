"""VICS 2.0 JSON, the Video Image Classification Standard of Project VIC, and 1.x like it.

Two shapes: a hash set (``…#Media``: ``value`` is the media) and a case (``…#Cases``: ``value`` is
cases that each have ``Media``). Only hashes, category and date are taken; paths, file names, tags,
series and comments, which may tell of people, are dropped unread.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import BinaryIO

from triage.hashlists.formats.entry import (
    HashEntry,
    Problem,
    explain_fault,
    normalise_hash,
    parse_day,
    parse_word,
)
from triage.hashlists.formats.format import Certainty, FileHead, ListFormat
from triage.hashlists.formats.grouping import group_by_medium
from triage.hashlists.formats.jsonstream import JsonObject, JsonStream
from triage.hashlists.kinds import HashKind

ARRAYS = frozenset({"value", "Media"})
HASHES = (
    ("MD5", "md5"),
    ("SHA1", "sha1"),
    ("SHA256", "sha256"),
    ("PhotoDNA", "photodna"),
)
OTHER = {
    "pdq": "pdq",
    "photodna": "photodna",
    "sha256": "sha256",
    "phash": "phash",
}
"""Names that stand in ``AlternativeHashes`` as HashName, lower case and without hyphens."""
MODEL = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/Default/$metadata#Media"
CATEGORIES: Mapping[str, int] = MappingProxyType({"baseline": 1})
"""VICS categories are numbers that each country fills; 1 is CSAM in all of them."""


def parse(stream: BinaryIO) -> Iterator[HashEntry | Problem]:
    """Entries and problems in the order of the file. Raises InvalidInput where it is not JSON or
    ends too early: half of a list must not pass for the whole."""
    for line, record in JsonStream(stream).records(ARRAYS, _has_cases):
        yield from _read_entries(line, record)


def _has_cases(outer: JsonObject) -> bool:
    model = outer.get("@odata.context") or outer.get("odata.metadata") or ""
    # A hash set says so; without a word ``value`` may hold either.
    return not str(model).endswith("#Media")


def _read_entries(
    line: int, record: JsonObject
) -> Iterator[HashEntry | Problem]:
    category, reference = (
        parse_word(record.get("Category")),
        parse_word(record.get("MediaID")),
    )
    written = record.get("DateUpdated")
    dated: date | None = (
        parse_day(written) if isinstance(written, str) else None
    )
    has_hash = False
    for kind, value in _hashes_of_record(record):
        has_hash = True
        if not isinstance(value, str):
            yield Problem(line, f"the {kind} is not text")
        elif hash_ := normalise_hash(kind, value):
            yield HashEntry(kind, hash_, category, None, reference, dated)
        else:
            yield Problem(line, explain_fault(kind, value))
    if not has_hash:
        yield Problem(line, "the medium has no hash")


def _hashes_of_record(
    record: JsonObject,
) -> Iterator[tuple[str, object]]:
    for name, kind in HASHES:
        if value := record.get(name):
            yield kind, value
    others = record.get("AlternativeHashes")
    for other in others if isinstance(others, list) else ():
        if isinstance(other, dict) and (value := other.get("HashValue")):
            name = str(other.get("HashName")).lower().replace("-", "")
            if name in OTHER:
                yield OTHER[name], value


def write(
    entries: Iterable[HashEntry],
    stream: BinaryIO,
    *,
    categories: Mapping[str, int] = CATEGORIES,
) -> None:
    """A hash set that tools which speak VICS 2.0 load. A category that is neither a number nor in
    ``categories`` is left out rather than guessed."""
    stream.write(f'{{"@odata.context":{json.dumps(MODEL)},"value":['.encode())
    for number, medium in enumerate(group_by_medium(entries), start=1):
        record = _vics_record(number, medium, categories)
        stream.write(
            (",\n" if number > 1 else "\n").encode()
            + json.dumps(record).encode()
        )
    stream.write(b"\n]}\n")


def _vics_record(
    number: int, medium: dict[str, HashEntry], categories: Mapping[str, int]
) -> JsonObject:
    some = next(iter(medium.values()))
    # Numbered anew: the standard wants a number here, and our references are
    # words.
    record: dict[str, object] = {"MediaID": number}
    label = some.category or ""
    category = (
        int(label)
        # A list that came in as VICS keeps the numbers of its own country.
        if label.isascii() and label.isdigit()
        else categories.get(label)
    )
    if category is not None:
        record["Category"] = category
    for name, kind in (("MD5", "md5"), ("SHA1", "sha1")):
        if kind in medium:
            record[name] = medium[kind].value.upper()
    if "photodna" in medium:
        record["PhotoDNA"] = base64.b64encode(
            bytes.fromhex(medium["photodna"].value)
        ).decode()
    others = [
        {"HashName": name, "HashValue": medium[kind].value}
        for name, kind in (
            ("SHA256", "sha256"),
            ("PDQ", "pdq"),
            ("pHash", "phash"),
        )
        if kind in medium
    ]
    if others:
        record["AlternativeHashes"] = others
    if some.dated:
        record["DateUpdated"] = f"{some.dated.isoformat()}T00:00:00Z"
    return record


def certainty_of(head: FileHead) -> Certainty:
    """Whether JSON speaks of OData or of media, as both versions of the standard do."""
    if head.is_json and ("odata" in head.text or '"Media' in head.text):
        return Certainty.LIKELY
    return Certainty.NO


FORMAT = ListFormat(
    name="vics",
    label="VICS 2.0 JSON",
    holds=frozenset(HashKind),
    certainty=certainty_of,
    parse=parse,
    write=write,
)
