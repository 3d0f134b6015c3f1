"""Floods: proofs of work that were used, and cases whose reports wait for a person's release"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spent_proof",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spent_proof")),
        sa.UniqueConstraint("mac", name=op.f("uq_spent_proof_mac")),
    )
    op.create_index(
        op.f("ix_spent_proof_expires_at"), "spent_proof", ["expires_at"]
    )
    op.add_column(
        "case_file",
        sa.Column("held", sa.Integer(), nullable=False, server_default="0"),
    )
    op.add_column(
        "sighting",
        sa.Column(
            "held", sa.Boolean(), nullable=False, server_default=sa.false()
        ),
    )
    waiting = sa.text("held > 0")
    op.create_index(
        "ix_case_file_held",
        "case_file",
        ["held", "id"],
        postgresql_where=waiting,
        sqlite_where=waiting,
    )


def downgrade() -> None:
    op.execute("UPDATE case_file SET state = 'received' WHERE state = 'held'")
    op.drop_index("ix_case_file_held", "case_file")
    op.drop_column("sighting", "held")
    op.drop_column("case_file", "held")
    op.drop_table("spent_proof")
