"""Held cases are read in the order of their tab, without sorting all of them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None

OLD, NEW = "ix_case_file_held", "ix_case_file_held_ranked"
ROWS = "held > 0"


def upgrade() -> None:
    _replace(OLD, NEW, "held DESC")


def downgrade() -> None:
    _replace(NEW, OLD, "held")


def _replace(before: str, after: str, column: str) -> None:
    limit_waiting()
    if op.get_context().dialect.name != "postgresql":
        op.create_index(
            after,
            "case_file",
            [sa.text(column), "id"],
            sqlite_where=sa.text(ROWS),
        )
        op.drop_index(before, "case_file")
        return
    # The whole table is read for it, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {after}"
            f" ON case_file ({column}, id) WHERE {ROWS}"
        )
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {before}")
