"""Machines that the service runs on, and the index of known hashes of each"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "service_machine",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("first_at", WHEN, nullable=False),
        sa.Column("seen_at", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_service_machine")),
    )
    op.create_table(
        "hash_index_state",
        sa.Column("machine", sa.String(length=80), nullable=False),
        sa.Column("edition", sa.String(length=60), nullable=False),
        sa.Column("built_at", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("machine", name=op.f("pk_hash_index_state")),
    )


def downgrade() -> None:
    limit_waiting()
    op.drop_table("hash_index_state")
    op.drop_table("service_machine")
