"""Where something lay at an address is found by an index of its own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None

NAME = "ix_hosting_observation_address"
TABLE = "hosting_observation"
ROWS = "fact = 'address'"


def upgrade() -> None:
    limit_waiting()
    if op.get_context().dialect.name != "postgresql":
        op.create_index(
            NAME, TABLE, ["value", "item_id"], sqlite_where=sa.text(ROWS)
        )
        return
    # The whole table is read for it, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {NAME}"
            f" ON {TABLE} (value, item_id) WHERE {ROWS}"
        )


def downgrade() -> None:
    limit_waiting()
    if op.get_context().dialect.name != "postgresql":
        op.drop_index(NAME, TABLE)
        return
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")
