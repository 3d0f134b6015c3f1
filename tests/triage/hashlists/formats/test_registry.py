"""Adding a format is adding one module: the registry, detection and the help find it."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.core.errors import InvalidInput
from triage.hashlists import formats
from triage.hashlists.formats import HashEntry, list_formats, writable_formats
from triage.hashlists.formats.entry import DIGITS, PHOTODNA_BYTES
from triage.hashlists.kinds import HashKind

MADE_UP = """
from triage.hashlists.formats.entry import HashEntry
from triage.hashlists.formats.format import Certainty, ListFormat
from triage.hashlists.kinds import HashKind

def certainty_of(head):
    return Certainty.NAMED if head.first_line == "MADE-UP" else Certainty.NO

def parse(stream):
    stream.readline()
    for line in stream:
        yield HashEntry("md5", line.decode().strip())

FORMAT = ListFormat(
    name="madeup",
    label="lists of a made-up tool",
    holds=frozenset({HashKind.MD5}),
    certainty=certainty_of,
    parse=parse,
)
"""
MADE_UP_FILE = b"MADE-UP\n" + b"1" * 32 + b"\n"


@pytest.fixture
def made_up_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """One more module in the package's folder, as far as Python can tell."""
    (tmp_path / "made_up.py").write_text(MADE_UP)
    monkeypatch.setattr(
        formats, "__path__", [*formats.__path__, str(tmp_path)]
    )
    list_formats.cache_clear()
    yield tmp_path
    list_formats.cache_clear()
    sys.modules.pop("triage.hashlists.formats.made_up", None)
    if hasattr(formats, "made_up"):
        del formats.made_up


def test_the_formats_are_those_that_the_docs_name() -> None:
    assert set(list_formats()) == {
        "csv",
        "lines",
        "vics",
        "ncmec",
        "threatexchange",
        "ndjson",
    }
    assert set(writable_formats()) == {"csv", "vics", "ndjson"}


def test_a_new_module_is_a_new_format(made_up_module: Path) -> None:
    name = formats.detect_format(MADE_UP_FILE, "list.txt")
    assert name == "madeup"
    assert list(formats.parse_entries(name, io.BytesIO(MADE_UP_FILE))) == [
        HashEntry("md5", "1" * 32)
    ]
    with pytest.raises(
        InvalidInput, match=r"export format.*csv, ndjson, vics"
    ):
        formats.write_entries("madeup", [], io.BytesIO())


def test_the_help_of_the_import_names_a_new_format(
    made_up_module: Path,
) -> None:
    script = (
        "from triage.hashlists import formats\n"
        f"formats.__path__.append({str(made_up_module)!r})\n"
        "from workers.cli import run\n"
        "run(['hashlist', 'import', '--help'])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={"COLUMNS": "400", "PATH": ""},
    )
    assert "madeup" in run.stdout
    assert "lists of a made-up tool" in run.stdout


def test_two_modules_cannot_bring_the_same_format(
    made_up_module: Path,
) -> None:
    (made_up_module / "made_up.py").write_text(
        MADE_UP.replace('name="madeup"', 'name="vics"')
    )
    with pytest.raises(ValueError, match="vics"):
        list_formats()


def test_what_a_format_says_it_holds_comes_back_from_it() -> None:
    for name in writable_formats():
        entries = [
            HashEntry(kind, "1f" * (DIGITS.get(kind, PHOTODNA_BYTES * 2) // 2))
            for kind in HashKind
        ]
        stream = io.BytesIO()
        formats.write_entries(name, entries, stream)
        stream.seek(0)
        kinds = {entry.kind for entry in formats.parse_entries(name, stream)}  # type: ignore[union-attr]
        assert kinds == list_formats()[name].holds, name


def test_a_file_of_no_format_is_refused_with_all_names() -> None:
    with pytest.raises(InvalidInput) as refusal:
        formats.detect_format(b"good morning\n", "letter.txt")
    assert "letter.txt" in str(refusal.value)
    assert all(name in str(refusal.value) for name in list_formats())
