"""Pages of NCMEC's hash-sharing service, version 2 (``/v2/entries``), XML.

Entries are not in order of time, and a page names the next one: a client exhausts the pages before
it saves how far it came. A deleted medium comes as a tombstone with its id and no hashes. Document
types are refused, and with them entities of every sort.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.parsers import expat

from hotline.core.errors import InvalidInput
from triage.hashlists.formats.entry import (
    HashEntry,
    Problem,
    explain_fault,
    normalise_hash,
    parse_day,
)
from triage.hashlists.formats.format import Certainty, FileHead, ListFormat
from triage.hashlists.kinds import HashKind

NAMESPACE = "https://hashsharing.ncmec.org/hashsharing/v2"
MEDIA = frozenset({"image", "video", "deletedImage", "deletedVideo"})
FINGERPRINTS = {
    "md5": HashKind.MD5,
    "sha1": HashKind.SHA1,
    "sha256": HashKind.SHA256,
    "pdna": HashKind.PHOTODNA,
    "pdq": HashKind.PDQ,
}
"""Others (NetClean, Videntifier, TMK) cannot be compared here and are passed over."""
BLOCK = 1 << 16
LARGEST = 1 << 20
"""Bytes in which a medium, or whatever else stands in the page, has to come to its end."""


@dataclass
class Page:
    """``next`` is the address of the page that follows, "" on the last one; ``newest`` the latest
    ``maxTimestamp`` (ISO 8601, UTC) of the page, "" where it holds nothing."""

    found: list[HashEntry | Problem] = field(default_factory=list)
    next: str = ""
    newest: str = ""


def parse(stream: BinaryIO) -> Iterator[HashEntry | Problem]:
    """Entries and problems of one page; see ``read_page``."""
    reader = _Reader()
    for _ in reader.feed(stream):
        yield from reader.page.found
        # What was given on is dropped, so that a page of any size fits in
        # memory.
        reader.page.found.clear()
    yield from reader.page.found


def read_page(stream: BinaryIO) -> Page:
    """One page whole. Raises InvalidInput where it is not such a page or ends too early."""
    reader = _Reader()
    for _ in reader.feed(stream):
        pass
    return reader.page


class _Reader:
    def __init__(self) -> None:
        self.page = Page()
        self._path: list[str] = []
        self._text: list[str] = []
        self._medium: dict[str, str] = {}
        self._line = 0
        self._unended = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        # Fewer calls: a text comes in one part where it can.
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._open_element
        self._parser.EndElementHandler = self._close_element
        self._parser.CharacterDataHandler = self._text.append
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype

    def feed(self, stream: BinaryIO) -> Iterator[None]:
        """Read block by block, with a stop after each."""
        try:
            while block := stream.read(BLOCK):
                self._unended += len(block)
                self._parser.Parse(block, False)
                # Text is gathered until its element ends: one without an end
                # would fill the memory.
                if self._unended > LARGEST:
                    raise InvalidInput(
                        f"Line {self._parser.CurrentLineNumber}: an element does not end within "
                        f"{LARGEST:,} bytes: this is no page of a hash list."
                    )
                yield
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise InvalidInput(
                f"Line {error.lineno}: the XML is broken or ends too early "
                f"({expat.ErrorString(error.code)}).",
                hint="Get the page again.",
            ) from error

    def _refuse_doctype(self, *_: Any) -> None:
        raise InvalidInput(
            "The XML has a document type; a hash list has none."
        )

    def _open_element(self, name: str, attributes: dict[str, str]) -> None:
        # Of another namespace the name stays whole, and is met by nothing
        # below.
        local = name.removeprefix(f"{NAMESPACE} ")
        if not self._path and local != "queryResult":
            raise InvalidInput(
                f"The XML begins with {local[:40]!r}: it is not a page of hash-sharing entries."
            )
        self._path.append(local)
        self._text.clear()
        if len(self._path) == 2 and (
            stamp := attributes.get("maxTimestamp", "")
        ):
            self.page.newest = max(self.page.newest, stamp)
        if len(self._path) == 3 and local in MEDIA:
            self._medium = {}
            self._line = self._parser.CurrentLineNumber
        if local == "member" and len(self._path) == 4:
            self._medium["memberId"] = attributes.get("id", "")

    def _close_element(self, _: str) -> None:
        text = "".join(self._text).strip()
        self._text.clear()
        local, depth = self._path.pop(), len(self._path)
        # A medium, or the paging, has come to its end.
        if depth <= 2:
            self._unended = 0
        if depth == 2 and local in MEDIA:
            self.page.found += self._entries_of_medium(
                local.startswith("deleted")
            )
        elif depth == 2 and self._path[1] == "paging" and local == "next":
            self.page.next = text
        elif (depth == 3 and self._path[2] in MEDIA) or (
            depth == 4 and self._path[3] == "fingerprints"
        ):
            self._medium[local] = text

    def _entries_of_medium(
        self, deleted: bool
    ) -> Iterator[HashEntry | Problem]:
        medium = self._medium
        if not medium.get("id"):
            yield Problem(self._line, "the medium has no id")
            return
        # Ids are the member's own: two members may both have a 17.
        reference = f"{medium.get('memberId', '')}:{medium['id']}"
        shared = (
            medium.get("classification") or None,
            medium.get("member") or None,
            reference,
            parse_day(medium.get("timestamp", "")),
        )
        if deleted:
            yield HashEntry("", "", *shared, deleted=True)
            return
        texts = [
            (FINGERPRINTS[name], text)
            for name, text in medium.items()
            if name in FINGERPRINTS
        ]
        for kind, text in texts:
            value = normalise_hash(kind, text)
            yield (
                HashEntry(kind, value, *shared)
                if value
                else Problem(self._line, explain_fault(kind, text))
            )
        if not texts:
            yield Problem(self._line, "the medium has no hash of a known kind")


def certainty_of(head: FileHead) -> Certainty:
    """Whether XML names the service or its root element."""
    # A page that was saved without its namespace still has its root.
    names_service = "hashsharing" in head.text or "queryResult" in head.text
    return Certainty.NAMED if head.is_xml and names_service else Certainty.NO


FORMAT = ListFormat(
    name="ncmec",
    label="NCMEC XML",
    holds=frozenset(FINGERPRINTS.values()),
    certainty=certainty_of,
    parse=parse,
)
