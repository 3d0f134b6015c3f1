"""What is written is read again, here and by a spreadsheet; no input breaks a reader."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.core.errors import InvalidInput
from triage.hashlists.formats import (
    KINDS,
    HashEntry,
    Problem,
    detect_format,
    list_formats,
    parse_entries,
    write_entries,
)
from triage.hashlists.formats.entry import DIGITS

WORDS = st.text(
    st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=30
).filter(lambda word: word == word.strip() and not word.startswith("'"))


@st.composite
def entries(draw: st.DrawFn) -> HashEntry:
    kind = draw(st.sampled_from(KINDS))
    digits = DIGITS.get(kind, 288)
    value = draw(st.integers(1, 16**digits - 1))
    return HashEntry(
        kind,
        f"{value:0{digits}x}",
        draw(st.none() | WORDS),
        draw(st.none() | WORDS),
        draw(st.none() | WORDS),
        draw(st.none() | st.dates(date(1990, 1, 1), date(2050, 1, 1))),
        quality=draw(st.none() | st.integers(0, 100))
        if kind == "pdq"
        else None,
    )


def written(name: str, given_entries: Iterable[HashEntry]) -> bytes:
    stream = io.BytesIO()
    write_entries(name, given_entries, stream)
    return stream.getvalue()


@settings(max_examples=80, deadline=None)
@given(st.lists(entries(), max_size=12))
def test_csv_and_our_own_export_come_back_whole(
    known: list[HashEntry],
) -> None:
    for name in ("csv", "ndjson"):
        data = written(name, known)
        assert detect_format(data[:65_536], "x") == name
        back = list(parse_entries(name, io.BytesIO(data)))
        assert sorted(back, key=repr) == sorted(known, key=repr)


@settings(max_examples=40, deadline=None)
@given(st.lists(entries(), max_size=12))
def test_vics_keeps_every_hash(known: list[HashEntry]) -> None:
    data = written("vics", known)
    assert detect_format(data[:65_536], "x") == "vics"
    back = list(parse_entries("vics", io.BytesIO(data)))
    assert sorted(e[:2] for e in back) == sorted(e[:2] for e in known)
    assert all(isinstance(entry, HashEntry) for entry in back)


MD5 = hashlib.md5(b"x").hexdigest()
SHA1 = hashlib.sha1(b"x").hexdigest()
PDQ = "0f" * 32
ONE_MEDIUM = [
    HashEntry("md5", MD5, "baseline", "Police", "7", date(2026, 3, 1)),
    HashEntry("sha1", SHA1, "baseline", "Police", "7", date(2026, 3, 1)),
    HashEntry(
        "pdq", PDQ, "baseline", "Police", "7", date(2026, 3, 1), quality=90
    ),
]


def test_one_medium_is_one_row() -> None:
    rows = list(
        csv.DictReader(io.StringIO(written("csv", ONE_MEDIUM).decode()))
    )
    assert len(rows) == 1
    assert (rows[0]["md5"], rows[0]["sha1"], rows[0]["pdq"]) == (
        MD5,
        SHA1,
        PDQ,
    )
    assert (rows[0]["quality"], rows[0]["date"], rows[0]["id"]) == (
        "90",
        "2026-03-01",
        "7",
    )


def test_one_medium_is_one_vics_record() -> None:
    record = json.loads(written("vics", ONE_MEDIUM))["value"]
    assert record == [
        {
            "MediaID": 1,
            "Category": 1,
            "MD5": MD5.upper(),
            "SHA1": SHA1.upper(),
            "AlternativeHashes": [{"HashName": "PDQ", "HashValue": PDQ}],
            "DateUpdated": "2026-03-01T00:00:00Z",
        }
    ]


@pytest.mark.parametrize(
    ("category", "wanted"), [("3", 3), ("A1", None), (None, None), ("²", None)]
)
def test_vics_categories_are_not_guessed(
    category: str | None, wanted: int | None
) -> None:
    (record,) = json.loads(written("vics", [HashEntry("md5", MD5, category)]))[
        "value"
    ]
    assert record.get("Category") == wanted


@pytest.mark.parametrize(
    "cell", ['=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]
)
def test_no_cell_is_a_formula(cell: str) -> None:
    entry = HashEntry("md5", MD5, category=cell, source=cell, entry_ref=cell)
    row = list(
        csv.reader(io.StringIO(written("csv", [entry]).decode(), newline=""))
    )[1]
    assert [row[6], row[7], row[9]] == ["'" + cell] * 3


def test_csv_and_vics_leave_tombstones_out() -> None:
    gone = [
        HashEntry("md5", MD5, deleted=True),
        HashEntry("", "", entry_ref="7", deleted=True),
    ]
    assert written("csv", gone).count(b"\n") == 1
    assert json.loads(written("vics", gone))["value"] == []
    assert (
        list(parse_entries("ndjson", io.BytesIO(written("ndjson", gone))))
        == gone
    )


def test_there_is_no_export_in_other_formats() -> None:
    with pytest.raises(InvalidInput, match="csv, ndjson, vics"):
        write_entries("ncmec", [], io.BytesIO())


def test_our_export_is_refused_when_cut_off_changed_or_from_the_future() -> (
    None
):
    whole = written("ndjson", ONE_MEDIUM).decode()
    lines = whole.splitlines(keepends=True)
    cut, fewer = "".join(lines[:-1]), "".join([*lines[:2], *lines[3:]])
    future = whole.replace('"version": 1', '"version": 2')
    for text, reason in (
        (cut, "cut off"),
        (fewer, "has 2 entries"),
        (future, "version 1"),
    ):
        with pytest.raises(InvalidInput, match=reason):
            list(parse_entries("ndjson", io.BytesIO(text.encode())))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "the line is not an entry"),
        ("[]", "the line is not an entry"),
        ('{"kind": "crc", "value": "0"}', "the line is not an entry"),
        ('{"kind": "md5", "value": 5}', "the line is not an entry"),
        (
            '{"kind": "md5", "value": "5"}',
            "the md5 has 1 characters instead of 32",
        ),
        ('{"kind": "", "value": ""}', "the line is not an entry"),
        (
            f'{{"kind": "md5", "value": "{MD5}", "source": 1}}',
            "category, source and entry_ref are text",
        ),
    ],
)
def test_our_export_names_the_line_of_a_problem(
    line: str, reason: str
) -> None:
    lines = written("ndjson", ONE_MEDIUM).decode().splitlines()
    lines[2] = line
    found = list(
        parse_entries("ndjson", io.BytesIO("\n".join(lines).encode()))
    )
    assert found == [ONE_MEDIUM[0], Problem(3, reason), ONE_MEDIUM[2]]


SAMPLES = {
    "csv": f'md5;pdq;source;date\n{MD5};{PDQ};"a;b";2026-01-01\n{MD5};;;\n'.encode(),
    "lines": f"{MD5}\npdq:{PDQ}\n{SHA1} *x\n".encode(),
    "vics": written("vics", ONE_MEDIUM * 3),
    "ndjson": written("ndjson", ONE_MEDIUM * 3),
    "threatexchange": json.dumps(
        {
            "data": [
                {"type": "HASH_MD5", "indicator": MD5, "last_updated": 1}
            ],
            "paging": {},
        }
    ).encode(),
    "ncmec": (
        b'<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images><image>'
        b'<member id="1">x</member><id>2</id><timestamp>2026-01-01T00:00:00Z</timestamp>'
        b"<fingerprints><md5>"
        + MD5.encode()
        + b"</md5></fingerprints></image></images>"
        b"</queryResult>"
    ),
}


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(sorted(SAMPLES)),
    reader=st.none() | st.sampled_from(tuple(list_formats())),
    place=st.integers(0, 10_000),
    removed=st.integers(0, 8),
    junk=st.binary(max_size=12)
    | st.sampled_from([b'"', b"\n", b"{", b"]", b"<", b"\x00", b"\xff\xfe"]),
)
def test_no_input_raises_anything_unexpected(
    name: str, reader: str | None, place: int, removed: int, junk: bytes
) -> None:
    data = bytearray(SAMPLES[name])
    place %= len(data)
    data[place : place + removed] = junk
    total = data.count(b"\n") + 1
    try:
        detect_format(bytes(data[:4096]), "x")
        for found in parse_entries(reader or name, io.BytesIO(data)):
            if isinstance(found, Problem):
                assert 1 <= found.line <= total
            else:
                assert found.kind in KINDS
                assert found.value == found.value.lower()
    except InvalidInput as error:
        assert str(error)


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(tuple(list_formats())),
    data=st.binary(max_size=300) | st.text().map(str.encode),
)
def test_junk_raises_nothing_unexpected(name: str, data: bytes) -> None:
    try:
        list(parse_entries(name, io.BytesIO(data)))
    except InvalidInput as error:
        assert str(error)
