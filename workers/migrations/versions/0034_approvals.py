"""What one person asks for and another grants; codes and sealed names of staff"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from workers.migrations.limits import limit_waiting

revision = "0034"
down_revision = "0028"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "approval",
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("about", sa.String(120), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(80), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted_by", sa.String(80), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("two_person", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "NOT two_person OR granted_by IS NULL OR granted_by <> asked_by",
            name=op.f("ck_approval_two_person"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('granted', 'used') OR granted_by IS NOT NULL",
            name=op.f("ck_approval_granted_by_somebody"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    for name, columns in (
        ("ix_approval_asked_at", ["asked_at"]),
        ("ix_approval_state", ["state"]),
        ("ix_approval_subject", ["subject"]),
    ):
        op.create_index(name, "approval", columns)
    op.create_index(
        "ix_approval_asked",
        "approval",
        ["kind", "subject"],
        unique=True,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )


def downgrade() -> None:
    op.drop_table("approval")
