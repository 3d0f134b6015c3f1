"""Files that are broken or made to harm: a named error and nothing imported, or their problems."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from hotline.core.context import Context
from hotline.core.errors import InvalidInput
from triage.hashlists import formats
from triage.hashlists.imports import importing, staging
from triage.hashlists.models import HashEntryRow, HashImport, HashImportRow
from triage.hashlists.versions import Import

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
MD5 = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"
MEGABYTE = 1 << 20


class Endless(io.RawIOBase):
    """``start``, and then ``more`` for ever; whoever reads tens of megabytes of it fails."""

    def __init__(self, start: bytes, more: bytes) -> None:
        self._ahead, self._more, self._read = start, more, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if (missing := len(buffer) - len(self._ahead)) > 0:
            self._ahead += self._more * (missing // len(self._more) + 1)
        buffer[:] = self._ahead[: len(buffer)]
        self._ahead = self._ahead[len(buffer) :]
        self._read += len(buffer)
        assert self._read < 64 * MEGABYTE, "reads for ever"
        return len(buffer)


def _import(
    context: Context, form: str, data: bytes, *, whole: bool = True
) -> Import:
    return importing.import_file(
        context,
        "list",
        io.BytesIO(data),
        form=form,
        whole=whole,
        actor="t",
        clock=lambda: NOW,
    )


def _rows(context: Context) -> list[tuple[str, str | None]]:
    """What is on the list; nothing may be staged."""
    with context.database.reading() as session:
        for model in (HashImport, HashImportRow):
            assert session.scalar(select(func.count()).select_from(model)) == 0
        current = select(HashEntryRow.value, HashEntryRow.category).where(
            HashEntryRow.removed_in.is_(None)
        )
        return sorted(
            (value, category) for value, category in session.execute(current)
        )


VICS = json.dumps(
    {"@odata.context": "x#Media", "value": [{"MD5": MD5}, {"MD5": OTHER}]}
)
EXCHANGE = json.dumps({"data": [{"type": "HASH_MD5", "indicator": MD5}]})
OWN = '{"format": "hotline-hashes", "version": 1}\n'
LONG = "a" * 2 * MEGABYTE
REFUSED = {
    "cut off in a record": ("vics", VICS[:-20], "ends too early"),
    "cut off at the end": ("vics", VICS[:-1], "ends too early"),
    "absurd depth": ("vics", VICS.replace("[", "[" * 100_000, 1), "broken"),
    "absurd number": (
        "vics",
        VICS.replace('{"MD5', '{"Size": ' + "9" * 5_000 + ',"MD5'),
        "broken",
    ),
    "half an answer": ("threatexchange", EXCHANGE[:-3], "ends too early"),
    "more than JSON": ("threatexchange", EXCHANGE + "}", "broken"),
    "no last line": (
        "ndjson",
        OWN + f'{{"kind": "md5", "value": "{MD5}"}}\n',
        "cut off",
    ),
    "lines are missing": (
        "ndjson",
        OWN + f'{{"kind": "md5", "value": "{MD5}"}}\n{{"entries": 2}}\n',
        "as many",
    ),
    "another version": ("ndjson", OWN.replace("1", "2"), "version 1"),
    "a long row": ("csv", f"md5\n{MD5}\n{LONG}", "longer than"),
    "a long line": ("lines", f"{MD5}\n{LONG}", "longer than"),
    "no hashes": ("csv", "name,size\na,b\n", "neither a header"),
    "a header only": ("csv", "md5\n", "no hashes"),
    "tombstones only": (
        "csv",
        f"md5,deleted\n{MD5},yes\n",
        "would empty the list",
    ),
    "XML cut off": ("ncmec", "<queryResult><images>", "ends too early"),
    "long text": (
        "ncmec",
        f"<queryResult><images><image><id>{LONG}",
        "does not end within",
    ),
    "a long name": ("ncmec", f"<queryResult {LONG}", "does not end within"),
    "deep XML": (
        "ncmec",
        "<queryResult>" + "<a>" * MEGABYTE,
        "does not end within",
    ),
    "no such format": ("parquet", "PAR1", "There is no format"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_by_name_and_leaves_nothing(
    name: str, context: Context
) -> None:
    form, text, reason = REFUSED[name]
    with pytest.raises(InvalidInput, match=reason):
        _import(context, form, text.encode())
    assert _rows(context) == []


TAKEN = {
    "mark, CRLF, capitals": (
        "csv",
        f"\ufeffmd5,category\r\n{MD5.upper()},A1\r\n",
        [(MD5, "A1")],
        (),
    ),
    "twice": (
        "csv",
        f"md5,category\n{MD5},A1\n{MD5},A1\n{MD5.upper()},A1\n",
        [(MD5, "A1")],
        (),
    ),
    "a zero byte": (
        "csv",
        f"md5,category\n{MD5},a\0b\n",
        [(MD5, "a\ufffdb")],
        (),
    ),
    "a long word": (
        "csv",
        f"md5,category\n{MD5},{'a' * 500_000}\n",
        [(MD5, "a" * 80)],
        (),
    ),
    "an open quote": (
        "csv",
        f'md5,category\n{OTHER},"open\n{MD5},A1\n',
        [(MD5, "A1")],
        ("line 2: a quote is not closed",),
    ),
    "wrong hashes": (
        "csv",
        f"md5\n{MD5}\n{MD5[:31]}\n{MD5}0\n{'g' * 32}\n{'0' * 32}\nNaN\n",
        [(MD5, None)],
        (
            "line 3: the md5 has 31 characters instead of 32",
            "line 4: the md5 has 33 characters instead of 32",
            "line 5: the md5 is not hexadecimal",
            "line 6: the md5 is all zeros",
            "line 7: the md5 has 3 characters instead of 32",
        ),
    ),
    "lines, one short": (
        "lines",
        f"{MD5}\r\n{MD5[:-1]}\r\n",
        [(MD5, None)],
        ("line 2: the line is not a hash of a known kind and length",),
    ),
    "lines, one long": (
        "lines",
        f"{MD5}\n{'a' * 900_000}\n{OTHER}\n",
        [(MD5, None), (OTHER, None)],
        ("line 2: the line is not a hash of a known kind and length",),
    ),
    "not a number": (
        "vics",
        VICS.replace('{"MD5"', '{"Category": NaN, "MD5"'),
        [(MD5, None), (OTHER, None)],
        (),
    ),
    "half a letter": (
        "vics",
        VICS.replace('{"MD5"', r'{"Category": "\ud800", "MD5"'),
        [(MD5, "\ufffd"), (OTHER, "\ufffd")],
        (),
    ),
    "not text": (
        "vics",
        VICS.replace(f'"{MD5}"', "[1]"),
        [(OTHER, None)],
        ("line 1: the md5 is not text",),
    ),
    "JSON with a mark": (
        "vics",
        "\ufeff" + VICS,
        [(MD5, None), (OTHER, None)],
        (),
    ),
    "a type of NaN": (
        "threatexchange",
        EXCHANGE.replace("[", '[{"type": NaN}, '),
        [(MD5, None)],
        ("line 1: the record is not a hash of a known type",),
    ),
    "a value of NaN": (
        "ndjson",
        f'{OWN}{{"kind": "md5", "value": NaN}}\n'
        f'{{"kind": "md5", "value": "{MD5}", "quality": NaN}}\n{{"entries": 2}}\n',
        [(MD5, None)],
        ("line 2: the line is not an entry",),
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_can_be_read_of_it_is_taken(name: str, context: Context) -> None:
    form, text, rows, problems = TAKEN[name]
    done = _import(context, form, text.encode())
    assert (_rows(context), done.problems) == (rows, problems)
    assert (done.added, done.rejected) == (len(rows), len(problems))


def test_tombstones_of_what_is_not_there_change_nothing(
    context: Context,
) -> None:
    _import(context, "csv", f"md5\n{MD5}\n".encode())
    gone = '{"kind": "", "value": "", "entry_ref": "x", "deleted": true}\n{"entries": 1}\n'
    for form, text in (
        ("csv", f"md5,deleted\n{OTHER},yes\n"),
        ("ndjson", OWN + gone),
    ):
        done = _import(context, form, text.encode(), whole=False)
        assert (done.added, done.removed, done.rejected) == (0, 0, 0)
    assert _rows(context) == [(MD5, None)]


def test_a_broken_second_version_leaves_the_first(context: Context) -> None:
    _import(context, "csv", f"md5\n{MD5}\n".encode())
    for name in (
        "cut off in a record",
        "no last line",
        "a long row",
        "tombstones only",
    ):
        form, text, reason = REFUSED[name]
        with pytest.raises(InvalidInput, match=reason):
            _import(context, form, text.encode())
    assert _rows(context) == [(MD5, None)]


def _some(form: str, stream: Endless) -> Iterator[object]:
    entries = formats.parse_entries(form, io.BufferedReader(stream))
    for _ in range(20):
        yield next(entries)


@pytest.mark.parametrize(
    ("form", "start", "more"),
    [
        ("csv", b'md5\n"', b"a" * 70 + b"\n"),
        ("csv", b"md5\n", b'"' + b"a" * 900_000 + b"\n"),
        ("csv", b'md5\n"', b"a"),
        ("csv", b"#", b"a"),
        ("lines", b"", b"a"),
        ("vics", b'{"value": [{"MD5": "', b"a"),
        ("vics", b'{"value": [', b"["),
        ("vics", b'{"value": [{"Tags": [', b"1,"),
        ("threatexchange", b'{"', b"a"),
        ("ndjson", b'{"', b"a"),
        ("ncmec", b"<queryResult><images><image><id>", b"a"),
        ("ncmec", b"<!--", b"a"),
    ],
)
def test_a_record_without_an_end_is_given_up(
    form: str, start: bytes, more: bytes
) -> None:
    """By an error, or as a problem of its line; never by reading on."""
    try:
        found = list(_some(form, Endless(start, more)))
    except InvalidInput as error:
        assert any(
            word in error.message
            for word in ("longer than", "JSON", "does not end")
        )
    else:
        assert all(isinstance(entry, formats.Problem) for entry in found)


def test_a_file_of_which_nothing_can_be_read_is_given_up_early(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "CHUNK", 100)
    monkeypatch.setattr(staging, "HOPELESS", 1_000)
    stream = io.BufferedReader(Endless(b"md5\n", b"no hash at all\n"))
    with pytest.raises(
        InvalidInput, match=r"No line of the file could be read\. line 2: "
    ):
        importing.import_entries(
            context,
            "list",
            formats.parse_entries("csv", stream),
            digest="d",
            form="csv",
            whole=True,
            actor="t",
            clock=lambda: NOW,
        )
    assert _rows(context) == []
