"""How long a migration may keep others waiting."""

from __future__ import annotations

from alembic import op


def limit_waiting() -> None:
    """Give up after a second of waiting for a lock, and after a minute of any one statement.

    A statement that waits for a lock makes everybody behind it wait too. SQLite has no such limits;
    there the service stands still while its one file is migrated.
    """
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET lock_timeout = '1s'")
        op.execute("SET statement_timeout = '60s'")
