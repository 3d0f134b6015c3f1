"""Lists whose matches tell the police by themselves, and what such a referral rests on"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "hash_list",
        sa.Column("police_since", sa.DateTime(timezone=True), nullable=True),
    )
    op.add_column(
        "hash_list",
        sa.Column(
            "police_asked_by",
            sa.String(length=80),
            nullable=False,
            server_default="",
        ),
    )
    evidence = sa.JSON().with_variant(
        postgresql.JSONB(astext_type=sa.Text()), "postgresql"
    )
    op.add_column("referral", sa.Column("automatic", evidence, nullable=True))


def downgrade() -> None:
    op.drop_column("referral", "automatic")
    op.drop_column("hash_list", "police_asked_by")
    op.drop_column("hash_list", "police_since")
