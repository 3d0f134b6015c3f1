"""Watches on which a person has to look, and referrals that somebody wants taken back, are found by
indexes of those alone"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

# Index: table, rows on PostgreSQL, rows on SQLite.
INDEXES = {
    "ix_watch_needs_person": ("watch", "needs_person", "needs_person = 1"),
    "ix_referral_withdrawal_asked": (
        "referral",
        "withdrawal_asked_by <> ''",
        "withdrawal_asked_by <> ''",
    ),
}


def upgrade() -> None:
    limit_waiting()
    if op.get_context().dialect.name != "postgresql":
        for name, (table, _, rows) in INDEXES.items():
            op.create_index(
                name, table, ["state_since"], sqlite_where=sa.text(rows)
            )
        return
    # The whole tables are read for them, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        for name, (table, rows, _) in INDEXES.items():
            op.execute(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name}"
                f" ON {table} (state_since) WHERE {rows}"
            )


def downgrade() -> None:
    limit_waiting()
    if op.get_context().dialect.name != "postgresql":
        for name, (table, _, _) in INDEXES.items():
            op.drop_index(name, table)
        return
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        for name in INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
