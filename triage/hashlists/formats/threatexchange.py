"""Hashes as ThreatExchange gives them: its answers (``{"data": […]}``), arrays, or JSON lines.

A record has a type (``HASH_PDQ``, ``HASH_VIDEO_MD5``, or ``pdq``, ``video_md5`` as a signal type)
and an indicator. Records withdrawn (``should_delete``) or held to be harmless by their owner
(``NON_MALICIOUS``) come as tombstones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from triage.hashlists.formats.entry import (
    KINDS,
    HashEntry,
    Problem,
    explain_fault,
    normalise_hash,
    parse_day,
    parse_word,
)
from triage.hashlists.formats.format import Certainty, FileHead, ListFormat
from triage.hashlists.formats.jsonstream import JsonObject, JsonStream
from triage.hashlists.kinds import HashKind

ARRAYS = frozenset({"data"})


def parse(stream: BinaryIO) -> Iterator[HashEntry | Problem]:
    """Entries and problems in the order of the file. Raises InvalidInput where it is not JSON or
    ends too early."""
    for line, record in JsonStream(stream).records(ARRAYS):
        yield _read_entry(line, record)


def _read_entry(line: int, record: JsonObject) -> HashEntry | Problem:
    indicator = record.get("indicator")
    inner = indicator if isinstance(indicator, dict) else {}
    named = (
        inner.get("type")
        or record.get("type")
        or record.get("signal_type")
        or ""
    )
    # HASH_VIDEO_MD5 is an MD5 like any other.
    kind = str(named).lower().removeprefix("hash_").removeprefix("video_")
    if kind not in KINDS:
        return Problem(line, "the record is not a hash of a known type")
    # By the name that each of its answers, exports and older versions gives
    # it.
    texts = (
        inner.get("indicator"),
        indicator,
        record.get("raw_indicator"),
        record.get("signal"),
        record.get("hash"),
        record.get("value"),
    )
    text = next((text for text in texts if isinstance(text, str) and text), "")
    value = normalise_hash(kind, text)
    if not value:
        return Problem(
            line,
            explain_fault(kind, text) if text else "the record has no hash",
        )
    status = parse_word(record.get("status"))
    stamp = record.get("last_updated") or record.get("added_on")
    return HashEntry(
        kind,
        value,
        parse_word(record.get("category")) or status,
        parse_word(_owner_name(record.get("owner")))
        or parse_word(record.get("source")),
        parse_word(record.get("id")),
        parse_day(str(stamp)) if stamp else None,
        deleted=record.get("should_delete") is True
        # Its owner says that this is no such material: as much as a deletion.
        or status == "NON_MALICIOUS",
    )


def _owner_name(owner: object) -> object:
    return owner.get("name") if isinstance(owner, dict) else owner


def certainty_of(head: FileHead) -> Certainty:
    """Any JSON may be an answer of ThreatExchange: its records have no word that all share."""
    return Certainty.POSSIBLE if head.is_json else Certainty.NO


FORMAT = ListFormat(
    name="threatexchange",
    label="ThreatExchange JSON",
    holds=frozenset(HashKind),
    certainty=certainty_of,
    parse=parse,
)
