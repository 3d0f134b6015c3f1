"""Entries a second from a file into a list, beside a bare copy of the same rows into a plain table.

The steps are an operator's: a first version, a second one in which a tenth differs, going back to
the first, and the export, each as on the command line.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import psutil
from sqlalchemy import text

from hotline.core.context import Context, build_context, utc_now
from hotline.core.errors import Conflict
from hotline.core.settings import load_settings
from triage.hashlists import exports, formats, service, versions
from triage.hashlists.imports import importing
from workers.bench.results import result, row
from workers.migrations.run import upgrade_schema

CHANGED = 10
"""One row in so many is another one in the second version."""
LIST = "bench"
REFERENCE = "bare rows into a table without index"


def run(size: int = 1_000_000, *, database: str = "") -> dict[str, Any]:
    """Rows of entries a second, for ``size`` PDQ hashes with category, source, date and quality.
    ``database``: URL of an empty one, a SQLite file of its own if left out."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        settings = load_settings(
            data_dir=Path(folder),
            secrets_dir=Path(folder) / "secrets",
            database_url=database
            or f"sqlite:///{Path(folder) / 'hotline.db'}",
        )
        context = build_context(settings)
        try:
            upgrade_schema(context.database)
            rows = _rows(context, Path(folder), size)
            dialect = context.database.engine.dialect.name
        finally:
            context.close()
    load = [round(each, 2) for each in os.getloadavg()]
    return result("import", "entries/s", rows) | {
        "database": dialect,
        "load_average": load,
    }


def _rows(context: Context, folder: Path, size: int) -> list[dict[str, Any]]:
    """Each step with its seconds, what it did, and the memory that this process took more."""
    with context.database.reading() as session:
        if service.list_sizes(session):
            raise Conflict(
                "The database of a bench is an empty one.",
                hint="Name another one.",
            )
    first, second = folder / "first.csv", folder / "second.csv"
    values = np.random.default_rng(1).integers(
        0, 256, (size, 32), dtype=np.uint8
    )
    _write(first, values)
    values[::CHANGED] = np.random.default_rng(2).integers(
        0, 256, (len(values[::CHANGED]), 32)
    )
    _write(second, values)
    bare = _bare(context, first)
    rows = []
    for case, path in (("first version", first), ("second version", second)):
        with _measured() as facts:
            done = _import(context, path)
        facts |= {"added": done.added, "removed": done.removed}
        rows.append(
            row(case, size / facts["seconds"], size / bare, REFERENCE, **facts)
        )
    with _measured() as facts, context.database.writing() as session:
        target = service.find_list(session, LIST)
        done = versions.roll_back(
            session, target, 1, actor="bench", now=utc_now()
        )
    facts |= {"added": done.added, "removed": done.removed}
    rows.append(row("roll back", size / facts["seconds"], None, "", **facts))
    with (
        _measured() as facts,
        context.database.reading() as session,
        (folder / "out.csv").open("wb") as out,
    ):
        entries = exports.stream_entries(
            session, service.find_list(session, LIST)
        )
        formats.write_entries("csv", entries, out)
    rows.append(
        row("export as CSV", size / facts["seconds"], None, "", **facts)
    )
    return rows


@contextmanager
def _measured() -> Iterator[dict[str, Any]]:
    facts: dict[str, Any] = {}
    before, start = psutil.Process().memory_info().rss, time.perf_counter()
    yield facts
    facts["seconds"] = round(time.perf_counter() - start, 4)
    facts["memory_mb"] = round(
        (psutil.Process().memory_info().rss - before) / 1e6, 1
    )


def _write(path: Path, values: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    digits = values.tobytes().hex()
    with path.open("w", encoding="ascii") as file:
        file.write("pdq,category,source,date,quality\r\n")
        for at in range(0, len(digits), 64):
            file.write(
                f"{digits[at : at + 64]},A1,bench.example,2026-11-02,{50 + at // 64 % 51}\r\n"
            )


def _import(context: Context, path: Path) -> versions.Import:
    with path.open("rb") as stream:
        form = formats.detect_format(stream.read(65_536), path.name)
        stream.seek(0)
        return importing.import_file(
            context.database,
            LIST,
            stream,
            form=form,
            whole=True,
            actor="bench",
            clock=utc_now,
        )


def _bare(context: Context, path: Path) -> float:
    """Seconds for the same lines, cut at their commas and looked at no further."""
    start = time.perf_counter()
    with path.open("rb") as stream, context.database.writing() as session:
        session.execute(
            text(
                "CREATE TABLE bench_bare (a text, b text, c text, d text, e text)"
            )
        )
        _copy(session.connection(), stream)
    taken = time.perf_counter() - start
    with context.database.writing() as session:
        session.execute(text("DROP TABLE bench_bare"))
    return taken


def _copy(connection: Any, stream: BinaryIO) -> None:
    next(stream)
    rows = (
        tuple(line.decode("ascii").rstrip("\r\n").split(","))
        for line in stream
    )
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
