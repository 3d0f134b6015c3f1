"""Indexes of few rows of a large table, made and dropped while the service goes on."""

from __future__ import annotations

from dataclasses import dataclass

from alembic import op


@dataclass(frozen=True, slots=True)
class PartialIndex:
    """``columns`` and ``rows`` are SQL: what is sorted, and which rows there are.

    ``rows_on_sqlite``: the same for SQLite, where it is spelled otherwise.
    """

    name: str
    table: str
    columns: str
    rows: str
    rows_on_sqlite: str = ""

    def create(self) -> None:
        target = f"{self.name} ON {self.table} ({self.columns})"
        if not _is_postgresql():
            rows = self.rows_on_sqlite or self.rows
            op.execute(f"CREATE INDEX {target} WHERE {rows}")
            return
        _execute_alone(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {target} WHERE {self.rows}"
        )

    def drop(self) -> None:
        if not _is_postgresql():
            op.execute(f"DROP INDEX {self.name}")
            return
        _execute_alone(f"DROP INDEX CONCURRENTLY IF EXISTS {self.name}")


def _is_postgresql() -> bool:
    return bool(op.get_context().dialect.name == "postgresql")


def _execute_alone(sql: str) -> None:
    # The whole table is read for it, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(sql)
