"""The scratch table of an import: rows stream in, two statements turn them into a version."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import Column, Date, Integer, MetaData, String, Table, Text, Uuid, bindparam, text
from sqlalchemy.orm import Session

from triage.hashlists.formats import HashEntry, Problem

CHUNK = 20_000
_COLUMNS = ("kind", "value", "category", "source", "entry_ref", "dated", "quality", "deleted")

_SCRATCH = Table(
    "hash_import",
    MetaData(),
    Column("kind", String(10)),
    Column("value", Text),
    Column("category", String(80)),
    Column("source", String(120)),
    Column("entry_ref", String(120)),
    Column("dated", Date),
    Column("quality", Integer),
    Column("deleted", Integer),
    prefixes=["TEMPORARY"],
)

# Of several rows with one value the first wins. NOT EXISTS rather than an upsert: an entry that is
# current already keeps its id, and with it what analysts said about its matches. In order of the
# indexes, so that a million rows fill their pages one after the other.
_ADD = """
INSERT INTO hash_entry
  (list_id, kind, value, category, source, entry_ref, dated, quality, added_in)
SELECT :list, s.kind, s.value, min(s.category), min(s.source), min(s.entry_ref), min(s.dated),
       min(s.quality), :number
FROM hash_import s
WHERE s.deleted = 0 AND NOT EXISTS (
  SELECT 1 FROM hash_entry e
  WHERE e.list_id = :list AND e.kind = s.kind AND e.value = s.value AND e.removed_in IS NULL)
GROUP BY s.kind, s.value
ORDER BY s.kind, s.value
"""
_REMOVE_MARKED = """
UPDATE hash_entry SET removed_in = :number
WHERE list_id = :list AND removed_in IS NULL AND added_in < :number
  AND EXISTS (SELECT 1 FROM hash_import s
              WHERE s.deleted = 1 AND s.kind = hash_entry.kind AND s.value = hash_entry.value)
"""
# A tombstone that names its medium and no hash takes off all that the medium brought.
_REMOVE_REFERRED = """
UPDATE hash_entry SET removed_in = :number
WHERE list_id = :list AND removed_in IS NULL AND added_in < :number
  AND entry_ref IN (SELECT s.entry_ref FROM hash_import s
                    WHERE s.deleted = 1 AND s.kind = '' AND s.entry_ref IS NOT NULL)
"""
_REMOVE_MISSING = """
UPDATE hash_entry SET removed_in = :number
WHERE list_id = :list AND removed_in IS NULL AND added_in < :number
  AND NOT EXISTS (SELECT 1 FROM hash_import s
                  WHERE s.deleted = 0 AND s.kind = hash_entry.kind AND s.value = hash_entry.value)
"""
_RESTORE_REMOVE = """
UPDATE hash_entry SET removed_in = :number
WHERE list_id = :list AND removed_in IS NULL AND added_in > :to
  AND NOT EXISTS (SELECT 1 FROM hash_entry o
                  WHERE o.list_id = :list AND o.kind = hash_entry.kind
                    AND o.value = hash_entry.value AND o.added_in <= :to AND o.removed_in > :to)
"""
_RESTORE_ADD = """
INSERT INTO hash_entry
  (list_id, kind, value, category, source, entry_ref, dated, quality, added_in)
SELECT o.list_id, o.kind, o.value, o.category, o.source, o.entry_ref, o.dated, o.quality, :number
FROM hash_entry o
WHERE o.list_id = :list AND o.added_in <= :to AND o.removed_in > :to AND NOT EXISTS (
  SELECT 1 FROM hash_entry e
  WHERE e.list_id = :list AND e.kind = o.kind AND e.value = o.value AND e.removed_in IS NULL)
"""


class Scratch:
    """``rows`` counts what was loaded."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.rows = 0

    def load(
        self, entries: Iterator[HashEntry | Problem], tick: Callable[[int], None]
    ) -> Iterator[Problem]:
        """Stream everything in; yields what could not be read."""
        problems: list[Problem] = []
        good = _good(entries, problems)
        while chunk := list(islice(good, CHUNK)):
            self._store(chunk)
            self.rows += len(chunk)
            tick(self.rows)
            yield from problems
            problems.clear()
        yield from problems

    def _store(self, chunk: list[tuple[Any, ...]]) -> None:
        connection = self._session.connection()
        if connection.dialect.name != "postgresql":
            marks = ", ".join("?" for _ in _COLUMNS)
            connection.exec_driver_sql(
                f"INSERT INTO hash_import ({', '.join(_COLUMNS)}) VALUES ({marks})",  # noqa: S608
                [_plain(row) for row in chunk],
            )
            return
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY hash_import ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
            for row in chunk:
                copy.write_row(row)
        cursor.close()

    def apply(self, list_id: uuid.UUID, number: int, *, whole: bool) -> tuple[int, int]:
        """(added, removed) of version ``number``."""
        _prepare(self._session, "hash_import, hash_entry")
        removed = _run(self._session, _REMOVE_MARKED, list=list_id, number=number)
        removed += _run(self._session, _REMOVE_REFERRED, list=list_id, number=number)
        if whole:
            removed += _run(self._session, _REMOVE_MISSING, list=list_id, number=number)
        return _run(self._session, _ADD, list=list_id, number=number), removed


@contextmanager
def table(session: Session) -> Iterator[Scratch]:
    """A scratch table that lives as long as the ``with`` block."""
    connection = session.connection()
    _SCRATCH.create(connection)
    if connection.dialect.name == "sqlite":
        session.execute(text("CREATE INDEX hash_import_value ON hash_import (kind, value)"))
    yield Scratch(session)
    # Not in a ``finally``: after an error the transaction is rolled back, and the table with it.
    _SCRATCH.drop(connection)


def restore(session: Session, list_id: uuid.UUID, to: int, number: int) -> tuple[int, int]:
    """Make version ``to`` current as version ``number``; (added, removed)."""
    _prepare(session, "hash_entry")
    removed = _run(session, _RESTORE_REMOVE, list=list_id, number=number, to=to)
    return _run(session, _RESTORE_ADD, list=list_id, number=number, to=to), removed


def _prepare(session: Session, tables: str) -> None:
    """Without fresh statistics PostgreSQL may compare each of a million rows with all others: a
    second version right after the first did not end in nine minutes, with them it took 18 seconds.
    The memory is for this transaction's sorts."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"ANALYZE {tables}"))
        session.execute(text("SET LOCAL work_mem = '256MB'"))


def _run(session: Session, statement: str, **values: Any) -> int:
    session.flush()
    query = text(statement).bindparams(bindparam("list", type_=Uuid()))
    return int(getattr(session.execute(query, values), "rowcount", 0))


def _good(
    entries: Iterator[HashEntry | Problem], problems: list[Problem]
) -> Iterator[tuple[Any, ...]]:
    for entry in entries:
        if isinstance(entry, Problem):
            problems.append(entry)
            continue
        yield (
            entry.kind, entry.value, _cut(entry.category, 80), _cut(entry.source, 120),
            _cut(entry.entry_ref, 120), entry.dated, entry.quality, int(entry.deleted),
        )  # fmt: skip


def _cut(value: str | None, length: int) -> str | None:
    return value[:length] if value else None


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """SQLite's driver stores dates as text."""
    return tuple(value.isoformat() if hasattr(value, "isoformat") else value for value in row)
