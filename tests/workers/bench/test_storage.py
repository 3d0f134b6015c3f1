"""What a report costs on the disk, measured small: the bench runs whole."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.bench.databases import storage


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder of one's own whose path leaves room for a socket's."""
    with tempfile.TemporaryDirectory(prefix="hb-") as folder:
        yield Path(folder)


def test_what_it_tells(
    short_path: Path, postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(short_path))
    monkeypatch.setattr("tempfile.tempdir", str(short_path))
    measured = storage.measure_storage(12, database=postgres_server)
    sizes = {row.case: row.ours for row in measured.rows}
    assert list(sizes) == [
        "a new place, as received",
        "the same once more, as received",
        "both, after 120 days",
        "both, after a year",
    ]
    # A further report of a place brings no case, no look and no file of its own; it may fit into
    # pages that were begun.
    first, further = list(sizes.values())[:2]
    assert first > 0
    assert further < first
    assert list(short_path.iterdir()) == []


def test_only_what_grew_is_named() -> None:
    before = {"report": 8_192, "visit": 16_384, "plan": 8_192}
    after = {"report": 24_576, "visit": 16_384, "plan": 8_192, "media": 8_192}
    row = storage.compare_sizes("a case", before, after, 2)
    assert row.ours == pytest.approx(12.288)
    assert row.figures == {"report": 8.19, "media": 4.1}
