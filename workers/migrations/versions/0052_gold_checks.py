"""Gold items that analysts answer"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from workers.migrations.limits import limit_waiting

revision = "0052"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.create_table(
        "gold_check",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("answers", json, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["quality_review.id"],
            name=op.f("fk_gold_check_review_id_quality_review"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_gold_check_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gold_check")),
        sa.UniqueConstraint(
            "review_id", "person_id", name=op.f("uq_gold_check_review_id")
        ),
    )
    op.create_index(
        "ix_gold_check_person_id", "gold_check", ["person_id", "taken_at"]
    )
    op.create_index("ix_gold_check_ended_at", "gold_check", ["ended_at"])


def downgrade() -> None:
    limit_waiting()
    op.drop_table("gold_check")
