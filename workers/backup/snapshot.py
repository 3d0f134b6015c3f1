"""The database as it is at one moment, while reports come in: its rows counted, and its bytes."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import (
    Connection,
    create_engine,
    func,
    inspect,
    select,
    table,
    text,
)

from hotline.core.errors import Misconfigured
from hotline.core.settings import Settings
from hotline.core.storage.database import Database
from workers.backup import postgres

CHUNK = 1 << 20
_DRAFT = ".backup-*.db"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``chunks``: SQLite's file, compressed by gzip, or pg_dump's custom format."""

    at: datetime
    dialect: str
    revision: str
    rows: Mapping[str, int]
    chunks: Iterator[bytes]


@contextmanager
def taking_snapshot(
    settings: Settings, database: Database, now: datetime
) -> Iterator[Snapshot]:
    """Everything that was committed before, and nothing of what comes later."""
    take = _of_sqlite if database.is_sqlite else _of_postgresql
    with take(settings, database, now) as snapshot:
        yield snapshot


@contextmanager
def _of_sqlite(
    settings: Settings,  # noqa: ARG001
    database: Database,
    now: datetime,
) -> Iterator[Snapshot]:
    """SQLite's online backup in one step: it reads one state, and writers go on."""
    file = database.engine.url.database
    if not file or not Path(file).is_file():
        raise Misconfigured("There is no database to make a backup of yet.")
    folder = Path(file).parent
    # Of one that was killed.
    for left in folder.glob(_DRAFT):
        left.unlink()
    draft = folder / f".backup-{os.getpid()}.db"
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        _copy_online(Path(file), draft)
        engine = create_engine(
            # Immutable: counting its rows must not write journals beside the
            # copy.
            f"sqlite:///file:{quote(str(draft.absolute()))}"
            "?mode=ro&immutable=1&uri=true",
            hide_parameters=True,
        )
        with engine.connect() as copy:
            rows = count_rows(copy)
            revision = _revision_in(copy, rows)
        engine.dispose()
        yield Snapshot(now, "sqlite", revision, rows, _compress(draft))
    finally:
        for path in folder.glob(f"{draft.name}*"):
            path.unlink()


def _copy_online(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(source, timeout=30)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)


def _revision_in(copy: Connection, rows: Mapping[str, int]) -> str:
    if not rows.get("alembic_version"):
        raise Misconfigured(
            "The database has no schema yet.", hint="Run `hotline db upgrade`."
        )
    return str(copy.scalar(text("SELECT version_num FROM alembic_version")))


def _compress(path: Path) -> Iterator[bytes]:
    packer = zlib.compressobj(6, wbits=31)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield packer.compress(chunk)
    yield packer.flush()


@contextmanager
def _of_postgresql(
    settings: Settings, database: Database, now: datetime
) -> Iterator[Snapshot]:
    """pg_dump reads the very state whose rows are counted here; the transaction holds it."""
    engine = database.engine.execution_options(
        isolation_level="REPEATABLE READ"
    )
    with engine.connect() as connection:
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        version = connection.scalar(text("SHOW server_version_num"))
        server = int(version or 0) // 10_000
        revision = connection.scalar(
            text("SELECT version_num FROM alembic_version")
        )
        chunks = postgres.dump(
            engine.url,
            settings.postgresql_bin,
            server=server,
            snapshot=str(snapshot),
        )
        # Counted while pg_dump has not begun: both read the same exported
        # state.
        rows = count_rows(connection)
        yield Snapshot(now, "postgresql", str(revision), rows, chunks)


def count_rows(connection: Connection) -> dict[str, int]:
    """Of every table."""
    return {
        name: connection.scalar(select(func.count()).select_from(table(name)))
        or 0
        for name in inspect(connection).get_table_names()
    }
