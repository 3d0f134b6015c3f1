"""What an upgrade or a way back would do to this database, said before it is done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alembic.script import Script
from sqlalchemy import Connection, inspect, text

from hotline.core.errors import InvalidInput
from hotline.core.storage.database import Database
from workers.migrations import run

_TOUCHED = re.compile(
    r"^\s*(?:ALTER TABLE|DROP TABLE|UPDATE|INSERT INTO|DELETE FROM"
    r"|CREATE (?:UNIQUE )?INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?\S+\s+ON"
    r"|CREATE (?:CONSTRAINT )?TRIGGER \w+\s[^;]*?\sON)\s+\"?(\w+)",
    re.MULTILINE,
)
_MADE = re.compile(r"^\s*CREATE TABLE\s+\"?(\w+)", re.MULTILINE)
_DROPPED = re.compile(r"^\s*DROP TABLE\s+\"?(\w+)", re.MULTILINE)
_LOST = re.compile(
    r"^\s*ALTER TABLE\s+\"?(\w+)\"?\s+DROP COLUMN\s+\"?(\w+)", re.MULTILINE
)
_NOT_OURS = frozenset({"alembic_version"})


@dataclass(frozen=True, slots=True)
class TouchedTable:
    """A table that exists now. ``rows`` is an estimate on PostgreSQL; ``size`` None: not known."""

    name: str
    rows: int
    size: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """One migration. ``statements`` None: it looks at rows first, and cannot say it before.

    ``lost``: tables and ``table.column`` that go with what is in them.
    """

    revision: str
    title: str
    statements: int | None
    touched: tuple[TouchedTable, ...]
    made: tuple[str, ...]
    lost: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        return {
            "revision": self.revision,
            "title": self.title,
            "statements": self.statements,
            "touched": [
                {"table": table.name, "rows": table.rows, "bytes": table.size}
                for table in self.touched
            ],
            "made": list(self.made),
            "lost": list(self.lost),
        }


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """``database_size`` in bytes: on SQLite a table that is changed is written anew beside it."""

    have: str | None
    want: str
    steps: tuple[Step, ...]
    database_size: int

    def to_json(self) -> dict[str, object]:
        return {
            "have": self.have,
            "want": self.want,
            "steps": [step.to_json() for step in self.steps],
            "database_bytes": self.database_size,
        }


def plan_upgrade(database: Database) -> MigrationPlan:
    """From where the database is to the newest schema; nothing is changed."""
    have, want = run.current_revision(database), run.newest_revision()
    if have is not None and not run.knows_revision(have):
        raise InvalidInput(
            f"The database is at schema {have}, which this version does not know: it is newer."
        )
    scripts = run.scripts_between(have, want)
    return _plan(database, have, want, scripts, down=False)


def plan_downgrade(database: Database, revision: str) -> MigrationPlan:
    """Back to ``revision``; nothing is changed. ``InvalidInput`` where it lies not behind us."""
    have = run.current_revision(database)
    if have is None or not run.knows_revision(have):
        raise InvalidInput(
            f"The database is at schema {have or 'none'}; there is no way back from there."
        )
    behind = [script.revision for script in run.scripts_between(None, have)]
    # The last one is where the database is: there is nothing to go back from.
    if revision not in behind[:-1]:
        raise InvalidInput(
            f"{revision[:20]} is no schema before {have}.",
            hint=f"There are {', '.join(behind[:-1])}.",
        )
    scripts = run.scripts_between(revision, have)
    return _plan(database, have, revision, scripts[::-1], down=True)


def _plan(
    database: Database,
    have: str | None,
    want: str,
    scripts: Sequence[Script],
    *,
    down: bool,
) -> MigrationPlan:
    with database.engine.connect() as connection:
        sizes = _read_sizes(connection)
        total = _read_total(connection, database)
    steps = tuple(_step_of(script, sizes, down=down) for script in scripts)
    return MigrationPlan(have, want, steps, total)


def _step_of(
    script: Script, sizes: dict[str, TouchedTable], *, down: bool
) -> Step:
    # Of PostgreSQL in any case: on SQLite the same migration changes the same
    # tables.
    sql = run.statements_of(script, down=down)
    names = sorted({*_TOUCHED.findall(sql or "")} - _NOT_OURS)
    lost = [
        *_DROPPED.findall(sql or ""),
        *(".".join(pair) for pair in _LOST.findall(sql or "")),
    ]
    return Step(
        revision=script.revision,
        title=(script.doc or "").strip(),
        statements=None if sql is None else _count_statements(sql),
        touched=tuple(sizes[name] for name in names if name in sizes),
        made=tuple(
            name for name in _MADE.findall(sql or "") if name not in _NOT_OURS
        ),
        lost=tuple(name for name in lost if name not in _NOT_OURS),
    )


def _count_statements(sql: str) -> int:
    lines = (line.strip() for line in sql.splitlines())
    return sum(
        line.endswith(";") and line not in ("BEGIN;", "COMMIT;")
        for line in lines
    )


def _read_sizes(connection: Connection) -> dict[str, TouchedTable]:
    """PostgreSQL knows about how many rows there are; on SQLite they are counted."""
    if connection.dialect.name == "postgresql":
        rows = connection.execute(
            text(
                "SELECT relname, greatest(reltuples, 0)::bigint, pg_total_relation_size(oid) "
                "FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                "current_schema()::regnamespace"
            )
        )
        return {name: TouchedTable(name, n, size) for name, n, size in rows}
    quote = connection.dialect.identifier_preparer.quote
    tables = {}
    for name in inspect(connection).get_table_names():
        query = f"SELECT count(*) FROM {quote(name)}"  # noqa: S608  # a table of ours, quoted
        rows_there = connection.exec_driver_sql(query).scalar_one()
        tables[name] = TouchedTable(name, rows_there, None)
    return tables


def _read_total(connection: Connection, database: Database) -> int:
    if connection.dialect.name == "postgresql":
        size: int = connection.exec_driver_sql(
            "SELECT pg_database_size(current_database())"
        ).scalar_one()
        return size
    file = database.engine.url.database
    path = Path(file) if file else None
    return path.stat().st_size if path is not None and path.is_file() else 0
