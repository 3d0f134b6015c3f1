"""CSV, as spreadsheets and other hotlines write it: a header in any order, one medium a row.

Comma, semicolon, tab or bar; quotes; with or without a byte-order mark. Without a header each cell
that can only be a hash is taken as one, by its length.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import BinaryIO, NamedTuple

from hotline.core.errors import InvalidInput
from hotline.core.spreadsheets import FORMULA_STARTS, guard_text
from triage.hashlists.formats.entry import (
    KINDS,
    HashEntry,
    LineReader,
    Problem,
    explain_fault,
    guess_kind,
    looks_like_pdq,
    normalise_hash,
    parse_day,
    parse_percent,
)
from triage.hashlists.formats.format import Certainty, FileHead, ListFormat
from triage.hashlists.formats.grouping import group_by_medium
from triage.hashlists.kinds import HashKind

NAMES = {
    "md5": "md5",
    "md5hash": "md5",
    "hashmd5": "md5",
    "sha1": "sha1",
    "sha1hash": "sha1",
    "hashsha1": "sha1",
    "sha256": "sha256",
    "sha256hash": "sha256",
    "hashsha256": "sha256",
    "pdq": "pdq",
    "pdqhash": "pdq",
    "hashpdq": "pdq",
    "phash": "phash",
    "photodna": "photodna",
    "pdna": "photodna",
    "category": "category",
    "class": "category",
    "classification": "category",
    "source": "source",
    "origin": "source",
    "member": "source",
    "date": "date",
    "dated": "date",
    "timestamp": "date",
    "dateupdated": "date",
    "added": "date",
    "id": "id",
    "ref": "id",
    "reference": "id",
    "entryref": "id",
    "entryid": "id",
    "mediaid": "id",
    "imageid": "id",
    "quality": "quality",
    "pdqquality": "quality",
    "deleted": "deleted",
    "removed": "deleted",
    "kind": "kind",
    "type": "kind",
    "hashtype": "kind",
    "signaltype": "kind",
    "algorithm": "kind",
    "value": "value",
    "hash": "value",
    "hashvalue": "value",
    "signal": "value",
}
COLUMNS = ("md5", "sha1", "sha256", "pdq", "phash", "photodna")
HEADER = (*COLUMNS, "category", "source", "date", "id", "quality")
YES = frozenset({"1", "true", "yes", "deleted"})
SAMPLE = 100
LONGEST_ROW = 20
"""Lines that a quoted cell may go over."""
LARGEST_ROW = 1 << 20
"""Characters of such a row."""


class Cells(NamedTuple):
    """Where each thing stands in a row; -1 for nowhere."""

    hashes: tuple[tuple[str, int], ...]
    category: int
    source: int
    date: int
    id: int
    quality: int
    deleted: int
    kind: int
    value: int

    @property
    def is_guessed(self) -> bool:
        """Whether a column of hashes has no name of a kind: then their length says it."""
        return not self.hashes and self.kind < 0


def name_of(cell: str) -> str:
    """What a column is for, by its title; "" for others."""
    return NAMES.get(
        "".join(letter for letter in cell.lower() if letter.isalnum()), ""
    )


def delimiter_of(line: str) -> str:
    """What separates the cells of a header or of a row of hashes."""
    # The first of them where none is there: a file of one column has no
    # separator.
    return max(",;\t|", key=line.count)


def is_header(line: str) -> bool:
    titles = {name_of(cell) for cell in line.split(delimiter_of(line))}
    return bool(titles & {*KINDS, "value"})


def is_row_of_hashes(line: str) -> bool:
    separator = delimiter_of(line)
    return separator in line and any(
        guess_kind(cell) for cell in line.split(separator)
    )


def parse(stream: BinaryIO) -> Iterator[HashEntry | Problem]:
    """Entries and problems in the order of the file. Raises InvalidInput where the file has no
    column with a hash or is no text. Lines before the first row that begin with # are comments."""
    source = LineReader(stream)
    first = next(
        (line for line in source if line.strip() and not line.startswith("#")),
        "",
    )
    separator = delimiter_of(first)
    if not is_header(first):
        yield from _without_header(source, first, separator)
        return
    cells = _locate_cells([name_of(cell) for cell in first.split(separator)])
    rows = _read_rows(source, separator)
    of_64 = ""
    if cells.is_guessed:
        sample = list(islice(rows, SAMPLE))
        # A sample, since telling PDQ from SHA-256 needs several values, and
        # the file cannot be read twice.
        of_64 = _tell_64_digits(
            [
                row[cells.value]
                for _, row in sample
                if not isinstance(row, Problem) and cells.value < len(row)
            ]
        )
        rows = chain(sample, rows)
    for line, row in rows:
        if isinstance(row, Problem):
            yield row
        else:
            yield from _read_entries(line, row, cells, of_64)


def _tell_64_digits(texts: list[str]) -> str:
    """What 64 digits are in a file that says no kind."""
    long = [text.strip() for text in texts if guess_kind(text) == "sha256"]
    return "pdq" if looks_like_pdq(long) else "sha256"


def _locate_cells(titles: list[str]) -> Cells:
    return Cells(
        tuple(
            (title, place)
            for place, title in enumerate(titles)
            if title in KINDS
        ),
        *(
            titles.index(name) if name in titles else -1
            for name in Cells._fields[1:]
        ),
    )


def _read_rows(
    source: LineReader, separator: str
) -> Iterator[tuple[int, list[str] | Problem]]:
    """Each row that is not blank, with the number of the line that it begins on."""
    ahead: deque[tuple[int, str]] = deque()
    while True:
        line = ahead.popleft() if ahead else next(_number_lines(source), None)
        if line is None:
            return
        number, text = line
        # Only such rows go through the csv module: a plain split is much
        # faster, and lists have millions of rows.
        if '"' in text:
            yield (
                number,
                _read_quoted_row(number, text, ahead, source, separator),
            )
        elif any(row := text.rstrip("\r\n").split(separator)):
            yield number, row


def _read_quoted_row(
    number: int,
    text: str,
    ahead: deque[tuple[int, str]],
    source: LineReader,
    separator: str,
) -> list[str] | Problem:
    """A row with quotes, which may go on over some lines. A quote that is never closed costs its
    own line and not what follows."""
    joined, used = text, 0
    # An odd number of quotes: the cell goes on in the next line.
    while joined.count('"') % 2:
        if used == len(ahead):
            ahead.extend(islice(_number_lines(source), 1))
        if used == min(len(ahead), LONGEST_ROW) or len(joined) > LARGEST_ROW:
            return Problem(number, "a quote is not closed")
        joined += ahead[used][1]
        used += 1
    try:
        row = next(csv.reader([joined], delimiter=separator, strict=True))
    except csv.Error as error:
        return Problem(number, f"the row cannot be read: {error}")
    # Only now: where the row could not be read, its lines are rows of their
    # own.
    for _ in range(used):
        ahead.popleft()
    return row


def _number_lines(source: LineReader) -> Iterator[tuple[int, str]]:
    for line in source:
        yield source.number, line


def _read_entries(
    line: int, row: list[str], cells: Cells, of_64: str
) -> Iterator[HashEntry | Problem]:
    columns = len(row)

    def cell(place: int) -> str | None:
        if place < 0 or place >= columns:
            return None
        text = row[place].strip()
        # Our own export guards such cells from spreadsheets by this sign.
        if text[:1] == "'" and text[1:].startswith(FORMULA_STARTS):
            text = text[1:]
        return text or None

    shared = (cell(cells.category), cell(cells.source), cell(cells.id))
    written = cell(cells.date)
    dated = parse_day(written) if written else None
    deleted = (cell(cells.deleted) or "").lower() in YES
    level = parse_percent(cell(cells.quality))
    has_hash = False
    for kind, text in _hashes_of_row(row, cells, of_64):
        has_hash = True
        value = normalise_hash(kind, text) if kind in KINDS else ""
        if value:
            yield HashEntry(
                kind,
                value,
                *shared,
                dated,
                deleted,
                # The column is PDQ's; no other hash has a quality.
                level if kind == "pdq" else None,
            )
        elif kind in KINDS:
            yield Problem(line, explain_fault(kind, text))
        else:
            yield Problem(line, "the kind of the hash is not known")
    if not has_hash:
        yield Problem(line, "the row has no hash")


def _hashes_of_row(
    row: list[str], cells: Cells, of_64: str
) -> Iterator[tuple[str, str]]:
    columns = len(row)
    for kind, place in cells.hashes:
        if place < columns and (text := row[place]):
            yield kind, text
    text = row[cells.value] if 0 <= cells.value < columns else ""
    if text and cells.is_guessed:
        kind = guess_kind(text)
        yield (of_64 if kind == "sha256" else kind), text
    elif text and 0 <= cells.kind < columns:
        # "video_md5" is an MD5 of a file like any other.
        yield name_of(row[cells.kind].replace("video", "")), text


def _without_header(
    source: LineReader, first: str, separator: str
) -> Iterator[HashEntry | Problem]:
    rest = _read_rows(source, separator)
    rows: list[tuple[int, list[str] | Problem]] = [
        (source.number, first.rstrip("\r\n").split(separator)),
        *islice(rest, SAMPLE),
    ]
    cells = [
        cell for _, row in rows if not isinstance(row, Problem) for cell in row
    ]
    if not any(guess_kind(cell) for cell in cells):
        raise InvalidInput(
            "The file has neither a header that names a kind of hash nor hashes.",
            hint="Begin it with a line such as md5,sha1,pdq,category.",
        )
    of_64 = _tell_64_digits(cells)
    for line, row in chain(rows, rest):
        if isinstance(row, Problem):
            yield row
        else:
            yield from _read_guessed(line, row, of_64)


def _read_guessed(
    line: int, row: list[str], of_64: str
) -> Iterator[HashEntry | Problem]:
    has_hash = False
    for text in row:
        if kind := guess_kind(text):
            has_hash = True
            kind = of_64 if kind == "sha256" else kind
            value = normalise_hash(kind, text)
            yield (
                HashEntry(kind, value)
                if value
                else Problem(line, explain_fault(kind, text))
            )
    if not has_hash:
        yield Problem(line, "the row has no hash")


def write(entries: Iterable[HashEntry], stream: BinaryIO) -> None:
    """One row for the neighbouring entries of one medium; UTF-8, with a header that ``parse``
    reads. Tombstones are left out: a list in CSV is whole."""
    stream.write((",".join(HEADER) + "\r\n").encode())
    for medium in group_by_medium(entries):
        pdq = medium.get("pdq")
        some = next(iter(medium.values()))
        row = [
            medium[kind].value if kind in medium else "" for kind in COLUMNS
        ]
        row += [_guard_cell(some.category), _guard_cell(some.source)]
        row += [
            some.dated.isoformat() if some.dated else "",
            _guard_cell(some.entry_ref),
        ]
        row += [str(pdq.quality) if pdq and pdq.quality is not None else ""]
        stream.write((",".join(row) + "\r\n").encode())


def _guard_cell(text: str | None) -> str:
    """A cell that no spreadsheet runs, in quotes where it needs them."""
    if not text:
        return ""
    text = guard_text(text)
    if any(mark in text for mark in ',"\r\n'):
        text = '"' + text.replace('"', '""') + '"'
    return text


def certainty_of(head: FileHead) -> Certainty:
    """Whether the first line is a header that names hashes, or a row that has them."""
    if head.is_json:
        return Certainty.NO
    if is_header(head.first_line) or is_row_of_hashes(head.first_line):
        # Never more: no CSV names the format that it is in.
        return Certainty.LIKELY
    return Certainty.NO


FORMAT = ListFormat(
    name="csv",
    label="CSV",
    holds=frozenset(HashKind),
    certainty=certainty_of,
    parse=parse,
    write=write,
)
