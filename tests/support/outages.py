"""A real database that takes nothing any more, in each of the ways that happen."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import event

from hotline.core.context import Context

KINDS = (
    ("sqlite", "full"),
    ("sqlite", "locked"),
    ("sqlite", "readonly"),
    ("postgresql", "readonly"),
    ("postgresql", "terminated"),
)
ROOM_BYTES = 4000
"""Less than a page of the database with its header in the write-ahead log."""
SOON_MS = 50
"""A test does not wait as long for a lock as the service does."""


@contextmanager
def outage(context: Context, kind: str) -> Iterator[None]:
    """Within, every write of ``context`` fails as it would if the machine had this trouble."""
    with _SETTING[kind](context):
        context.database.dispose()
        yield
    context.database.dispose()


@contextmanager
def _each_connection(context: Context, statement: str) -> Iterator[None]:
    def prepare(connection: Any, _record: Any) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute(statement)
        if not context.database.is_sqlite:
            connection.commit()

    engines = [context.database.engine]
    if context.database._autocommit is not None:
        engines.append(context.database._autocommit)
    for engine in engines:
        event.listen(engine, "connect", prepare)
    yield
    for engine in engines:
        event.remove(engine, "connect", prepare)


@contextmanager
def _full(context: Context) -> Iterator[None]:
    """No file of this process may grow, as on a disk without room.

    The other connection keeps the small files beside the database, which have their size already.
    """
    with closing(sqlite3.connect(_file_of(context))) as other:
        context.database.dispose()
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def _locked(context: Context) -> Iterator[None]:
    with (
        closing(sqlite3.connect(_file_of(context))) as other,
        _each_connection(context, f"PRAGMA busy_timeout = {SOON_MS}"),
    ):
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def _readonly(context: Context) -> Iterator[None]:
    statement = (
        "PRAGMA query_only = 1"
        if context.database.is_sqlite
        else "SET default_transaction_read_only = on"
    )
    with _each_connection(context, statement):
        yield


@contextmanager
def _terminated(context: Context) -> Iterator[None]:
    """The server ends the connection as soon as a transaction wants to write."""

    def end(
        _connection: Any,
        cursor: Any,
        statement: str,
        *_: Any,
    ) -> None:
        if not statement.lstrip().upper().startswith("SELECT"):
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    engine = context.database.engine
    event.listen(engine, "before_cursor_execute", end)
    # What bypasses the engine finds no table, and falls back on it.
    with _each_connection(context, "SET default_transaction_read_only = on"):
        yield
    event.remove(engine, "before_cursor_execute", end)


def _file_of(context: Context) -> str:
    file = context.database.engine.url.database
    assert file is not None
    return file


_SETTING = {
    "full": _full,
    "locked": _locked,
    "readonly": _readonly,
    "terminated": _terminated,
}
