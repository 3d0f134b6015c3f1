"""Rows of an import on their way to a version: staged in chunks, turned into it by two statements.

A file is staged over many short transactions (``stage_file``), so that reports are stored meanwhile
and an import that broke off goes on where it stopped. Nobody sees the rows before ``apply_staged``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Uuid, bindparam, delete, exists, select, text
from sqlalchemy.orm import Session

from hotline.core.errors import Conflict, InvalidInput
from hotline.core.storage.database import Database
from hotline.core.storage.ids import new_id
from triage.hashlists.formats import HashEntry, Problem
from triage.hashlists.models import HashImport, HashImportRow

CHUNK = 20_000
MAX_NAMED_PROBLEMS = 5
GOOD_FOR = timedelta(days=1)
"""An import that has stood still for so long begins anew, and its rows go."""
_COLUMNS = (
    "kind",
    "value",
    "category",
    "source",
    "entry_ref",
    "dated",
    "quality",
    "deleted",
)
HOPELESS = 100_000
"""Records of which not one could be read: the rest of the file is not looked at."""
Entries = Iterator[HashEntry | Problem]
Row = tuple[Any, ...]
Tick = Callable[[int], None]

# Of several rows with one value the first wins. NOT EXISTS rather than an upsert: an entry that is
# current already keeps its id, and with it what analysts said about its matches. In order of the
# indexes, so that a million rows fill their pages one after the other.
_ADD = """
INSERT INTO hash_entry
  (list_id, kind, value, category, source, entry_ref, dated, quality, added_in)
SELECT :list, s.kind, s.value, min(s.category), min(s.source), min(s.entry_ref), min(s.dated),
       min(s.quality), :number
FROM hash_import_row s
WHERE s.import_id = :import AND s.deleted = 0 AND NOT EXISTS (
  SELECT 1 FROM hash_entry e
  WHERE e.list_id = :list AND e.kind = s.kind AND e.value = s.value AND e.removed_in IS NULL)
GROUP BY s.kind, s.value
ORDER BY s.kind, s.value
"""
_REMOVE_MARKED = """
UPDATE hash_entry SET removed_in = :number
WHERE list_id = :list AND removed_in IS NULL AND added_in < :number
  AND EXISTS (SELECT 1 FROM hash_import_row s
              WHERE s.import_id = :import AND s.deleted = 1
                AND s.kind = hash_entry.kind AND s.value = hash_entry.value)
"""
# A tombstone that names its medium and no hash takes off all that the medium brought.
_REMOVE_REFERRED = """
UPDATE hash_entry SET removed_in = :number
WHERE list_id = :list AND removed_in IS NULL AND added_in < :number
  AND entry_ref IN (SELECT s.entry_ref FROM hash_import_row s
                    WHERE s.import_id = :import AND s.deleted = 1 AND s.kind = ''
                      AND s.entry_ref IS NOT NULL)
"""
_REMOVE_MISSING = """
UPDATE hash_entry SET removed_in = :number
WHERE list_id = :list AND removed_in IS NULL AND added_in < :number
  AND NOT EXISTS (SELECT 1 FROM hash_import_row s
                  WHERE s.import_id = :import AND s.deleted = 0
                    AND s.kind = hash_entry.kind AND s.value = hash_entry.value)
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


@dataclass
class Staged:
    """What was read of a file so far: ``records`` in its order, ``rejected`` of them unreadable."""

    id: uuid.UUID
    records: int = 0
    rejected: int = 0
    problems: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return self.records - self.rejected

    def take(self, session: Session, chunk: list[Row | Problem]) -> None:
        """Store the good ones among the next records of the file."""
        bad = [record for record in chunk if isinstance(record, Problem)]
        _store_rows(
            session,
            self.id,
            [row for row in chunk if not isinstance(row, Problem)],
        )
        self.records += len(chunk)
        self.rejected += len(bad)
        lines = (f"line {problem.line}: {problem.reason}" for problem in bad)
        self.problems += tuple(
            # A few are enough to see what is wrong; a broken file has a
            # problem in every line.
            islice(lines, MAX_NAMED_PROBLEMS - len(self.problems))
        )


def stage_file(
    database: Database,
    name: str,
    entries: Entries,
    *,
    digest: str,
    form: str,
    clock: Callable[[], datetime],
    tick: Tick,
    resumed: Tick,
) -> Staged:
    """Stage the whole file for the list ``name``, a chunk a transaction.

    Goes on behind what an import of the same file in the same format left, and tells ``resumed``
    how many records that is; what another file left goes. A file that turns out to be broken leaves
    nothing. Raises Conflict where a second import into the list took over.
    """
    staged = _begin_or_resume(database, name, digest, form, clock())
    if staged.records:
        resumed(staged.records)
    try:
        # Read and dropped: a stream cannot be entered at a record, and reading
        # is quick beside storing.
        for _ in islice(entries, staged.records):
            pass
        # Read before the transaction begins: whoever else wants to write does so meanwhile.
        for chunk in chunk_rows(entries):
            with database.writing() as session:
                header = _lock_own_import(session, staged)
                staged.take(session, chunk)
                header.records, header.rejected = (
                    staged.records,
                    staged.rejected,
                )
                header.problems, header.at = list(staged.problems), clock()
            tick(staged.records)
            if staged.records >= HOPELESS and not staged.rows:
                raise InvalidInput(no_line(staged))
    # A file that is refused cannot be resumed; one cut short for any
    # other reason keeps its rows, so that it can.
    except InvalidInput:
        drop_import(database, staged.id)
        raise
    return staged


def _begin_or_resume(
    database: Database, name: str, digest: str, form: str, now: datetime
) -> Staged:
    with database.writing() as session:
        unfinished = session.scalar(
            select(HashImport).where(HashImport.name == name).with_for_update()
        )
        if unfinished is not None:
            is_same = (unfinished.file_sha256, unfinished.form) == (
                digest,
                form,
            )
            if is_same and now - unfinished.at < GOOD_FOR:
                return Staged(
                    unfinished.id,
                    unfinished.records,
                    unfinished.rejected,
                    tuple(unfinished.problems),
                )
            session.delete(unfinished)
            session.flush()
        staged = Staged(new_id())
        session.add(
            HashImport(
                id=staged.id, name=name, file_sha256=digest, form=form, at=now
            )
        )
    # In transactions of its own: dropping a million rows must not hold up this
    # import's beginning.
    sweep_imports(database, now)
    return staged


def chunk_rows(entries: Entries) -> Iterator[list[Row | Problem]]:
    """What ``Staged.take`` takes."""
    # Words are cut at once, so that a chunk of long ones does not fill the
    # memory.
    lean = (
        entry if isinstance(entry, Problem) else _row_of_entry(entry)
        for entry in entries
    )
    while chunk := list(islice(lean, CHUNK)):
        yield chunk


def no_line(staged: Staged) -> str:
    return "No line of the file could be read. " + "; ".join(staged.problems)


def holds_hashes(session: Session, staged: Staged) -> bool:
    """Whether anything is there but tombstones."""
    row = HashImportRow
    some = (
        select(row.id)
        .where(row.import_id == staged.id, row.deleted == 0)
        .limit(1)
    )
    return session.scalar(some) is not None


def _lock_own_import(session: Session, staged: Staged) -> HashImport:
    """The import as this process left it, locked."""
    own_import = session.get(HashImport, staged.id, with_for_update=True)
    # Other figures than those written last: another process took it over.
    if own_import is None or own_import.records != staged.records:
        raise Conflict(
            "Another import into this list is at work; this one changed nothing."
        )
    return own_import


def settle_import(session: Session, staged: Staged) -> None:
    """The import is done with this transaction, and cannot be resumed; ``drop_import`` after it."""
    session.delete(_lock_own_import(session, staged))


def drop_import(database: Database, import_id: uuid.UUID) -> None:
    """Forget an import and its rows."""
    with database.writing() as session:
        session.execute(delete(HashImport).where(HashImport.id == import_id))
        others = session.scalar(select(HashImport.id).limit(1)) is not None
        gone = delete(HashImportRow)
        # SQLite frees a table at once where nothing of it stays; row by row
        # half a million took it 19 seconds.
        if others or not database.is_sqlite:
            gone = gone.where(HashImportRow.import_id == import_id)
        session.execute(gone)


def sweep_imports(database: Database, now: datetime) -> int:
    """Drop imports that nobody went on with for a day, and rows without one; how many imports."""
    row, header = HashImportRow, HashImport
    with database.reading() as session:
        stale = set(
            session.scalars(
                select(header.id).where(header.at <= now - GOOD_FOR)
            )
        )
        orphaned = ~exists().where(header.id == row.import_id)
        stale |= set(
            session.scalars(select(row.import_id).where(orphaned).distinct())
        )
    for import_id in stale:
        drop_import(database, import_id)
    return len(stale)


def apply_staged(
    session: Session,
    staged: Staged,
    list_id: uuid.UUID,
    number: int,
    *,
    whole: bool,
) -> tuple[int, int]:
    """Turn the staged rows into version ``number``; (added, removed)."""
    _analyse_tables(session, "hash_import_row, hash_entry")
    given = {"import": staged.id, "list": list_id, "number": number}
    # First what goes, then what comes: an entry that is marked and told again
    # in one file is there afterwards.
    removed = _run_counted(session, _REMOVE_MARKED, **given)
    removed += _run_counted(session, _REMOVE_REFERRED, **given)
    if whole:
        removed += _run_counted(session, _REMOVE_MISSING, **given)
    return _run_counted(session, _ADD, **given), removed


def restore_version(
    session: Session, list_id: uuid.UUID, to: int, number: int
) -> tuple[int, int]:
    """Make version ``to`` current as version ``number``; (added, removed)."""
    _analyse_tables(session, "hash_entry")
    removed = _run_counted(
        session, _RESTORE_REMOVE, list=list_id, number=number, to=to
    )
    return _run_counted(
        session, _RESTORE_ADD, list=list_id, number=number, to=to
    ), removed


def _analyse_tables(session: Session, tables: str) -> None:
    """Without fresh statistics PostgreSQL may compare each of a million rows with all others: a
    second version right after the first did not end in nine minutes, with them it took 18 seconds.
    The memory is for this transaction's sorts."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"ANALYZE {tables}"))
        session.execute(text("SET LOCAL work_mem = '256MB'"))


def _run_counted(session: Session, statement: str, **values: Any) -> int:
    session.flush()
    ids = [
        bindparam(name, type_=Uuid())
        for name in ("list", "import")
        if name in values
    ]
    query = text(statement).bindparams(*ids)
    return int(getattr(session.execute(query, values), "rowcount", 0))


def _store_rows(
    session: Session, import_id: uuid.UUID, rows: list[Row]
) -> None:
    connection = session.connection()
    columns = ", ".join(("import_id", *_COLUMNS))
    if connection.dialect.name == "postgresql":
        cursor = connection.connection.cursor()
        with cursor.copy(
            f"COPY hash_import_row ({columns}) FROM STDIN"
        ) as copy:
            # COPY takes millions of rows in a fraction of the time of INSERT.
            for row in rows:
                copy.write_row((import_id.hex, *row))
        cursor.close()
    elif rows:
        marks = ", ".join("?" for _ in _COLUMNS)
        # In the order of the index, whose pages are then touched once a chunk.
        connection.exec_driver_sql(
            f"INSERT INTO hash_import_row ({columns}) VALUES ('{import_id.hex}', {marks})",  # noqa: S608
            sorted(rows, key=itemgetter(0, 1)),
        )


def _row_of_entry(entry: HashEntry) -> Row:
    return (
        entry.kind,
        entry.value,
        _cut_text(entry.category, 80),
        _cut_text(entry.source, 120),
        _cut_text(entry.entry_ref, 120),
        entry.dated.isoformat() if entry.dated else None,
        entry.quality,
        int(entry.deleted),
    )


def _cut_text(value: str | None, length: int) -> str | None:
    """A word that both databases store: PostgreSQL refuses a zero byte, both half a surrogate."""
    if not value:
        return None
    value = value[:length]
    if value.isprintable():
        return value
    return "".join(
        letter if letter.isprintable() else "\ufffd" for letter in value
    )
