"""Answers to the questions of a kind, and what a reporter allows of the contact"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    op.add_column(
        "report", sa.Column("contact_terms", sa.LargeBinary(), nullable=True)
    )
    op.add_column(
        "report", sa.Column("answers", sa.LargeBinary(), nullable=True)
    )
    for table in ("report", "case_file"):
        op.add_column(
            table,
            sa.Column(
                "time_presses",
                sa.Boolean(),
                server_default=sa.false(),
                nullable=False,
            ),
        )
    op.create_table(
        "contact_release",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["report.id"],
            name=op.f("fk_contact_release_report_id_report"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_release")),
        sa.UniqueConstraint(
            "report_id", name=op.f("uq_contact_release_report_id")
        ),
    )


def downgrade() -> None:
    limit_waiting()
    op.drop_table("contact_release")
    for table in ("case_file", "report"):
        op.drop_column(table, "time_presses")
    op.drop_column("report", "answers")
    op.drop_column("report", "contact_terms")
