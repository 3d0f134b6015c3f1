"""Which versions may run on the schema: the one before, too, while an upgrade goes on"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0033"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "served_schema",
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_served_schema")),
    )


def downgrade() -> None:
    limit_waiting()
    op.drop_table("served_schema")
