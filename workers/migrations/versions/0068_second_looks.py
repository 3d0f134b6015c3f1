"""The second look at an item is found by an index of its own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None

NAME = "ix_outbox_entry_second_look"
# "look-again:" and the item's id with its colon.
ITEM = "substr(key, 1, 48)"
ROWS = "substr(key, 1, 11) = 'look-again:'"


def upgrade() -> None:
    limit_waiting()
    if op.get_context().dialect.name != "postgresql":
        op.create_index(
            NAME, "outbox_entry", [sa.text(ITEM)], sqlite_where=sa.text(ROWS)
        )
        return
    # The whole table is read for it, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {NAME}"
            f" ON outbox_entry ({ITEM}) WHERE {ROWS}"
        )


def downgrade() -> None:
    limit_waiting()
    if op.get_context().dialect.name != "postgresql":
        op.drop_index(NAME, "outbox_entry")
        return
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")
