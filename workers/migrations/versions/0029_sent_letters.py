"""What left the house about a referral, as it left"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0029"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "referral_letter",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"],
            ["referral.id"],
            name=op.f("fk_referral_letter_referral_id_referral"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_letter")),
        sa.UniqueConstraint(
            "referral_id",
            "delivery_id",
            name=op.f("uq_referral_letter_referral_id"),
        ),
    )


def downgrade() -> None:
    limit_waiting()
    op.drop_table("referral_letter")
