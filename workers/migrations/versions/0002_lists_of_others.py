"""Lists that are fetched piece by piece, and lists that may not leave their owner"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain ADD and DROP COLUMN, which SQLite can do as well: its batch mode would copy the table,
    # and dropping the old one fails on the entries that refer to it.
    op.add_column(
        "hash_list",
        sa.Column(
            "checkpoint",
            sa.String(length=40),
            nullable=False,
            server_default="",
        ),
    )
    op.add_column(
        "hash_list",
        sa.Column(
            "remote", sa.Boolean(), nullable=False, server_default=sa.false()
        ),
    )


def downgrade() -> None:
    op.drop_column("hash_list", "remote")
    op.drop_column("hash_list", "checkpoint")
