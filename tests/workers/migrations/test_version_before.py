"""The version before runs beside the new schema: what it reads and writes stays as it was.

Its code is not here. What is here is its schema: whatever can be done to a row by the columns that
it knows can still be done after each migration that came later, on both databases.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Table,
    delete,
    insert,
    inspect,
    select,
    text,
    update,
)

from hotline.core.errors import Misconfigured
from hotline.core.storage.database import Database
from workers.migrations import run
from workers.migrations.serving import (
    UNUSED_BEFORE,
    VERSION_BEFORE,
    note_served,
)

BACKENDS = ("sqlite", "postgresql")
BEFORE_THE_FIRST_RELEASE = "0019"
"""Up to here migrations ran nowhere with data in use, and some of them contracted."""
KEPT_BY_TRIGGERS = ("case_mark",)
"""No version writes these: the database does, whoever writes what they are made of."""
STEPS = run.scripts_between(BEFORE_THE_FIRST_RELEASE, run.newest_revision())


@pytest.fixture
def empty_database(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Database]]:
    made = []

    def make(backend: str) -> Database:
        url = f"sqlite:///{tmp_path / 'before.db'}"
        if backend == "postgresql":
            url = request.getfixturevalue("postgres_url")
        made.append(Database(url))
        return made[-1]

    yield make
    for database in made:
        database.dispose()


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_the_schema_before_knows_can_still_be_written_and_read(
    empty_database: Callable[[str], Database], backend: str
) -> None:
    """Step by step, since an upgrade may stop at any of them."""
    database = empty_database(backend)
    run.upgrade_schema(database, BEFORE_THE_FIRST_RELEASE)
    for script in STEPS:
        tables = reflect(database)
        with unreferred(database) as connection:
            for table in tables:
                connection.execute(insert(table), row_of(table, 1))
        run.upgrade_schema(database, script.revision)
        with unreferred(database) as connection:
            for table in tables:
                assert_is_as_before(connection, table)
                connection.execute(delete(table))


def test_the_version_before_is_a_schema_that_is_watched() -> None:
    watched = [script.revision for script in STEPS]
    assert VERSION_BEFORE in watched
    assert watched[-1] == run.newest_revision()


def assert_is_as_before(connection: Connection, table: Table) -> None:
    """The row of before is there with its values, and another one comes, changes and goes."""
    first, second = row_of(table, 1), row_of(table, 2)
    rows = connection.execute(select(table)).mappings().all()
    assert [plain(row) for row in rows] == [plain(first)], table.name
    connection.execute(insert(table), second)
    key = next(iter(table.primary_key))
    changed = {
        column.name: first[column.name]
        for column in table.c
        if not column.unique and column.name not in _kept_apart(table)
    }
    if changed:
        connection.execute(
            update(table).where(key == second[key.name]).values(changed)
        )
    connection.execute(delete(table).where(key == second[key.name]))


def _kept_apart(table: Table) -> set[str]:
    """Columns of which two rows cannot have the same value."""
    unique = [index.columns for index in table.indexes if index.unique]
    unique += [
        constraint.columns
        for constraint in table.constraints
        if isinstance(
            constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint
        )
    ]
    return {column.name for columns in unique for column in columns}


def reflect(database: Database) -> list[Table]:
    """Every table as the version before uses it, without its references."""
    looked = inspect(database.engine)
    with database.engine.connect() as connection:
        return [
            Table(
                name,
                MetaData(),
                autoload_with=connection,
                resolve_fks=False,
                include_columns=[
                    column["name"]
                    for column in looked.get_columns(name)
                    if f"{name}.{column['name']}" not in UNUSED_BEFORE
                ],
            )
            for name in sorted(looked.get_table_names())
            if name
            not in (
                *UNUSED_BEFORE,
                *KEPT_BY_TRIGGERS,
                "alembic_version",
                "served_schema",
            )
        ]


@contextmanager
def unreferred(database: Database) -> Iterator[Connection]:
    """A transaction in which a row may refer to one that is not there."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            run._set_checking(connection, on=False)
        else:
            connection.execute(text("SET session_replication_role = replica"))
        yield connection
        connection.commit()
        if database.is_sqlite:
            run._set_checking(connection, on=True)
        connection.invalidate()


def row_of(table: Table, number: int) -> dict[str, Any]:
    """A value for each column that the schema before knows; it differs with ``number``."""
    return {column.name: _value_of(column, number) for column in table.c}


def _value_of(column: Column[Any], number: int) -> Any:
    kind, length = column.type, getattr(column.type, "length", None) or 60
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
    if isinstance(kind, sa.String):
        return f"{number}{_referred_name(column)}"[:length]
    values: tuple[tuple[type, Any], ...] = (
        (sa.Uuid, uuid.UUID(int=number)),
        (sa.Boolean, False),
        (sa.Integer, number),
        (sa.Float, float(number)),
        (sa.DateTime, at if kind_has_zone(kind) else at.replace(tzinfo=None)),
        (sa.Date, date(2026, 1, number)),
        (sa.JSON, {"number": number}),
        (sa.LargeBinary, bytes([number] * 32)),
    )
    return next(value for known, value in values if isinstance(kind, known))


def _referred_name(column: Column[Any]) -> str:
    """A reference has the value of what it refers to: the row of its number over there."""
    for key in column.foreign_keys:
        return key.target_fullname.rpartition(".")[2]
    return column.name


def kind_has_zone(kind: Any) -> bool:
    return bool(getattr(kind, "timezone", False))


def plain(row: Any) -> dict[str, Any]:
    return {
        name: bytes(value) if isinstance(value, memoryview) else value
        for name, value in row.items()
    }


def come_to_a_newer(database: Database, *served: str) -> None:
    """As if a version that this one does not know had migrated."""
    with database.engine.begin() as connection:
        connection.execute(
            text("UPDATE alembic_version SET version_num = '9999'")
        )
        note_served(connection, served)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_newer_schema_that_serves_this_version_is_one_to_work_on(
    empty_database: Callable[[str], Database], backend: str
) -> None:
    database = empty_database(backend)
    run.upgrade_schema(database)
    come_to_a_newer(database, run.newest_revision(), "9999")
    run.require_current(database)
    run.upgrade_schema(database)
    assert run.current_revision(database) == "9999"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_newer_schema_that_does_not_is_refused(
    empty_database: Callable[[str], Database], backend: str
) -> None:
    database = empty_database(backend)
    run.upgrade_schema(database)
    come_to_a_newer(database, "9999")
    for use in (run.require_current, run.upgrade_schema):
        with pytest.raises(Misconfigured, match="schema 9999"):
            use(database)


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_schema_says_whom_it_serves(
    empty_database: Callable[[str], Database], backend: str
) -> None:
    database = empty_database(backend)

    run.upgrade_schema(database)
    with database.engine.connect() as connection:
        served = set(
            connection.scalars(text("SELECT revision FROM served_schema"))
        )
    later = run.scripts_between(VERSION_BEFORE, run.newest_revision())
    assert served == {VERSION_BEFORE, *(script.revision for script in later)}
    assert BEFORE_THE_FIRST_RELEASE not in served
