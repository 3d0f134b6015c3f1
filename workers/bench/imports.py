"""Entries a second from a file into a list, beside a bare copy of the same rows into a plain table.

The steps are an operator's: a first version, a second one in which a tenth differs, going back to
the first, and the export, each as on the command line.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import psutil
from sqlalchemy import text

from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.errors import Conflict
from triage.hashlists import exports, formats, service, versions
from triage.hashlists.imports import importing
from workers.bench.results import Figure, Measurement, Row, list_load
from workers.bench.serving.database import open_own_context
from workers.migrations.run import upgrade_schema

CHANGED = 10
"""One row in so many is another one in the second version."""
LIST = "bench"
_HEAD_BYTES = 65_536
_DIGITS = 64
"""Of a PDQ hash as it is written."""
REFERENCE = "bare rows into a table without index"


def measure_imports(
    size: int = 1_000_000, *, database: str = ""
) -> Measurement:
    """Rows of entries a second, for ``size`` PDQ hashes with category, source, date and quality.
    ``database``: URL of an empty one, a SQLite file of its own if left out."""
    with open_own_context(database) as context:
        upgrade_schema(context.database)
        rows = _measure_steps(context, context.settings.data_dir, size)
        dialect = context.database.engine.dialect.name
    facts = {"database": dialect, "load_average": list_load()}
    return Measurement("import", "entries/s", rows, facts)


def _measure_steps(context: Context, folder: Path, size: int) -> list[Row]:
    """Each step with its seconds, what it did, and the memory that this process took more."""
    with context.database.reading() as session:
        # A list of somebody's would slow one side and not the other, and be in
        # the way of the bench's own.
        if service.list_sizes(session):
            raise Conflict(
                "The database of a bench is an empty one.",
                hint="Name another one.",
            )
    first, second = _write_versions(folder, size)
    bare_rate = size / _time_bare_copy(context, first)
    rows = []
    files = {"first version": first, "second version": second}
    for case, path in files.items():
        with _measure_step() as step:
            step.note_change(_import_file(context, path))
        row = step.make_row(case, size, bare_rate, REFERENCE)
        rows.append(row)
    with _measure_step() as step, context.database.writing() as session:
        target = service.find_list(session, LIST)
        change = versions.roll_back(
            Act(session, context, "bench", utc_now()), target, 1
        )
        step.note_change(change)
    rows.append(step.make_row("roll back", size))
    with (
        _measure_step() as step,
        context.database.reading() as session,
        (folder / "out.csv").open("wb") as out,
    ):
        entries = exports.stream_entries(
            session, service.find_list(session, LIST)
        )
        formats.write_entries("csv", entries, out)
    rows.append(step.make_row("export as CSV", size))
    return rows


def _write_versions(folder: Path, size: int) -> tuple[Path, Path]:
    """Two files; the second differs from the first in one row of ``CHANGED``."""
    first = folder / "first.csv"
    second = folder / "second.csv"
    dice = np.random.default_rng(1)
    values = dice.integers(0, 256, (size, 32), dtype=np.uint8)
    _write_rows(first, values)
    dice = np.random.default_rng(2)
    changed = len(values[::CHANGED])
    # The array itself is changed: two of a million rows would be gigabytes.
    values[::CHANGED] = dice.integers(0, 256, (changed, 32))
    _write_rows(second, values)
    return first, second


@dataclass(slots=True)
class _Step:
    """One step of an operator's, while and after it is measured."""

    seconds: float = 0.0
    memory_mb: float = 0.0
    added: int | None = None
    removed: int | None = None

    def note_change(self, change: versions.Import) -> None:
        self.added = change.added
        self.removed = change.removed

    def make_row(
        self,
        case: str,
        size: int,
        reference: float | None = None,
        reference_name: str = "",
    ) -> Row:
        figures: dict[str, Figure] = {
            "seconds": self.seconds,
            "memory_mb": self.memory_mb,
        }
        if self.added is not None:
            figures |= {"added": self.added, "removed": self.removed}
        rate = size / self.seconds
        return Row(case, rate, reference, reference_name, figures)


@contextmanager
def _measure_step() -> Iterator[_Step]:
    step = _Step()
    memory_before = psutil.Process().memory_info().rss
    start = time.perf_counter()
    yield step
    step.seconds = round(time.perf_counter() - start, 4)
    memory = psutil.Process().memory_info().rss - memory_before
    step.memory_mb = round(memory / 1e6, 1)


def _write_rows(
    path: Path, values: np.ndarray[Any, np.dtype[np.uint8]]
) -> None:
    digits = values.tobytes().hex()
    starts = range(0, len(digits), _DIGITS)
    with path.open("w", encoding="ascii") as file:
        file.write("pdq,category,source,date,quality\r\n")
        for number, start in enumerate(starts):
            pdq = digits[start : start + _DIGITS]
            quality = 50 + number % 51
            file.write(f"{pdq},A1,bench.example,2026-11-02,{quality}\r\n")


def _import_file(context: Context, path: Path) -> versions.Import:
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
        form = formats.detect_format(head, path.name)
        stream.seek(0)
        return importing.import_file(
            context,
            LIST,
            stream,
            form=form,
            whole=True,
            actor="bench",
            clock=utc_now,
        )


def _time_bare_copy(context: Context, path: Path) -> float:
    """Seconds for the same lines, cut at their commas and looked at no further."""
    start = time.perf_counter()
    with path.open("rb") as stream, context.database.writing() as session:
        session.execute(
            text(
                "CREATE TABLE bench_bare (a text, b text, c text, d text, e text)"
            )
        )
        _copy_rows(session.connection(), stream)
    taken = time.perf_counter() - start
    with context.database.writing() as session:
        session.execute(text("DROP TABLE bench_bare"))
    return taken


def _cut_line(line: bytes) -> tuple[str, ...]:
    written = line.decode("ascii").rstrip("\r\n")
    return tuple(written.split(","))


def _copy_rows(connection: Any, stream: BinaryIO) -> None:
    next(stream)
    rows = (_cut_line(line) for line in stream)
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql(
            "INSERT INTO bench_bare VALUES (?, ?, ?, ?, ?)", list(rows)
        )
        return
    cursor = connection.connection.cursor()
    with cursor.copy("COPY bench_bare FROM STDIN") as copy:
        for cells in rows:
            copy.write_row(cells)
    cursor.close()
