"""The bench of migrations feels a lock, and knows which tables a migration changes."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from hotline.core.errors import InvalidInput
from hotline.core.storage.database import Database
from workers.bench.databases.migrations import (
    _others_at_work,
    measure_migrations,
)
from workers.migrations import run

HELD_SECONDS = 0.4


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    made = Database(postgres_url)
    run.upgrade_schema(made)
    yield made
    made.dispose()


@pytest.mark.parametrize(
    ("lock", "felt_by"),
    [
        ("ACCESS EXCLUSIVE", {"reading item", "writing item"}),
        ("SHARE", {"writing item"}),
    ],
)
def test_a_lock_is_felt(
    database: Database, lock: str, felt_by: set[str]
) -> None:
    with _others_at_work(database, ["item"]) as waits:
        with database.engine.begin() as connection:
            connection.execute(text(f"LOCK TABLE item IN {lock} MODE"))
            time.sleep(HELD_SECONDS)
        time.sleep(HELD_SECONDS / 2)
    long = {
        act
        for act, milliseconds in waits.longest.items()
        if milliseconds > HELD_SECONDS * 1000 * 0.7
    }
    assert felt_by <= long


def test_each_migration_has_its_row(postgres_server: str) -> None:
    measured = measure_migrations(
        1_000, since="0026", database=postgres_server, tick=lambda _: None
    )
    tables = {row.case: row.figures["tables"] for row in measured.rows}
    assert tables["0028"] == "assessment, case_file"
    assert list(tables)[-1] == run.newest_revision()


def test_an_unknown_schema_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no schema 9999"):
        measure_migrations(since="9999")
