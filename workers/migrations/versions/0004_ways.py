"""How single items are fetched, and when a watched host is looked at next"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "item_access",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("cookies", sa.LargeBinary(), nullable=True),
        sa.Column("userinfo", sa.LargeBinary(), nullable=True),
        sa.Column("referrer", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("route", sa.String(length=40), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["item.id"], name=op.f("fk_item_access_item_id_item")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_access")),
        sa.UniqueConstraint("item_id", name=op.f("uq_item_access_item_id")),
    )
    op.add_column(
        "watch",
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index(
        "ix_watch_host_planned_at", "watch", ["host", "planned_at"]
    )
    op.drop_index("ix_watch_host", "watch")


def downgrade() -> None:
    op.create_index("ix_watch_host", "watch", ["host"])
    op.drop_index("ix_watch_host_planned_at", "watch")
    op.drop_column("watch", "planned_at")
    op.drop_table("item_access")
