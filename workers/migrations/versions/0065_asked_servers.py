"""How servers that are asked for facts stand, for all processes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0065"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "asked_server",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("silences", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asked_server")),
        sa.UniqueConstraint("name", name=op.f("uq_asked_server_name")),
    )


def downgrade() -> None:
    op.drop_table("asked_server")
