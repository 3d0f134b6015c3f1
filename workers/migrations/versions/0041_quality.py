"""Decisions that the quality reviewer judges"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from workers.migrations.limits import limit_waiting

revision = "0041"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.create_table(
        "quality_review",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("drawn_for", sa.String(length=12), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("judged_by_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("answers", json, nullable=False),
        sa.Column(
            "is_gold",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
            name=op.f("fk_quality_review_case_id_case_file"),
        ),
        sa.ForeignKeyConstraint(
            ["judged_by_id"],
            ["person.id"],
            name=op.f("fk_quality_review_judged_by_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_review")),
        sa.UniqueConstraint(
            "case_id", "round", name=op.f("uq_quality_review_case_id")
        ),
    )
    op.create_index(
        "ix_quality_review_judged_at", "quality_review", ["judged_at"]
    )


def downgrade() -> None:
    limit_waiting()
    op.drop_table("quality_review")
