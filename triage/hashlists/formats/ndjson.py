"""This service's own export: everything an entry has, one JSON object a line.

The first line names the format and its version, so that a later one can be read or refused. The
last one says how many entries there are: an export that was cut off is not taken for a whole list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from hotline.core.errors import InvalidInput
from triage.hashlists.formats.entry import (
    KINDS,
    HashEntry,
    LineReader,
    Problem,
    explain_fault,
    normalise_hash,
    parse_day,
    parse_percent,
)
from triage.hashlists.formats.format import Certainty, FileHead, ListFormat
from triage.hashlists.formats.jsonstream import JsonObject
from triage.hashlists.kinds import HashKind

NAME = "hotline-hashes"
VERSION = 1
LABELS = ("category", "source", "entry_ref")


def parse(stream: BinaryIO) -> Iterator[HashEntry | Problem]:
    """Entries and problems in the order of the file. Raises InvalidInput where it is not such an
    export, is of a later version, or was cut off."""
    source = LineReader(stream)
    header = _read_object(next(source, ""))
    if header.get("format") != NAME or header.get("version") != VERSION:
        raise InvalidInput(
            f"The first line does not name {NAME} in version {VERSION}."
        )
    # Counted from nought: at the last line it is the number of those before.
    for count, line in enumerate(source):
        record = _read_object(line)
        if "entries" in record:
            if record["entries"] != count:
                raise InvalidInput(
                    f"The export has {count} entries, not as many as it says."
                )
            return
        yield _read_entry(source.number, record)
    raise InvalidInput(
        "The export was cut off: its last line is missing.",
        hint="Get it again.",
    )


def _read_object(line: str) -> JsonObject:
    try:
        value = json.loads(line)
    # JSON nested deep enough exhausts Python's stack, not its grammar.
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _read_entry(line: int, record: JsonObject) -> HashEntry | Problem:
    kind, text, dated = (
        str(record.get("kind")),
        record.get("value"),
        record.get("dated"),
    )
    labels = [record.get(name) for name in LABELS]
    texts = [word for word in labels if word is None or isinstance(word, str)]
    if len(texts) < len(labels):
        return Problem(line, "category, source and entry_ref are text")
    category, source, reference = texts
    entry = HashEntry(
        "",
        "",
        category,
        source,
        reference,
        dated=parse_day(dated) if isinstance(dated, str) else None,
        deleted=record.get("deleted") is True,
        quality=parse_percent(record.get("quality")),
    )
    # A tombstone that names its medium alone.
    if kind == text == "" and entry.deleted and entry.entry_ref:
        return entry
    if kind not in KINDS or not isinstance(text, str):
        return Problem(line, "the line is not an entry")
    value = normalise_hash(kind, text)
    return (
        entry._replace(kind=kind, value=value)
        if value
        else Problem(line, explain_fault(kind, text))
    )


def write(entries: Iterable[HashEntry], stream: BinaryIO) -> None:
    """``entries`` whole and in their order, tombstones too."""
    stream.write(
        json.dumps({"format": NAME, "version": VERSION}).encode() + b"\n"
    )
    count = 0
    for count, entry in enumerate(entries, start=1):  # noqa: B007
        record = {
            name: value
            for name, value in entry._asdict().items()
            # What is not said takes no room in millions of lines.
            if value is not None and value is not False
        }
        if entry.dated:
            record["dated"] = entry.dated.isoformat()
        stream.write(json.dumps(record).encode() + b"\n")
    stream.write(json.dumps({"entries": count}).encode() + b"\n")


def certainty_of(head: FileHead) -> Certainty:
    """Whether the first line names this format."""
    if head.is_json and f'"{NAME}"' in head.first_line:
        return Certainty.NAMED
    return Certainty.NO


FORMAT = ListFormat(
    name="ndjson",
    label="JSON lines of this service",
    holds=frozenset(HashKind),
    certainty=certainty_of,
    parse=parse,
    write=write,
)
