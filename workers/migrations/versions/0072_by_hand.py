"""Cases in progress with a route that is done by hand are found by an index of those alone"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None

NAME = "ix_case_file_by_hand"
ROWS = (
    "state = 'in_progress' AND ("
    "replace(CAST(routing AS TEXT), '\"iccam\"', '') <> CAST(routing AS TEXT))"
)


def upgrade() -> None:
    limit_waiting()
    if op.get_context().dialect.name != "postgresql":
        op.create_index(
            NAME,
            "case_file",
            ["state_since", "id"],
            sqlite_where=sa.text(ROWS),
        )
        return
    # The whole table is read for it, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {NAME}"
            f" ON case_file (state_since, id) WHERE {ROWS}"
        )


def downgrade() -> None:
    limit_waiting()
    if op.get_context().dialect.name != "postgresql":
        op.drop_index(NAME, "case_file")
        return
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")
