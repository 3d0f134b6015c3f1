"""Reports that name another's receipt, and indexes by which near pictures are found"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0048"
down_revision = "0051"
branch_labels = None
depends_on = None

# A sixteenth of a PDQ hash each, four of its 64 digits.
PIECES = {
    f"ix_media_pdq_{number}": f"substr(pdq, {number * 4 + 1}, 4)"
    for number in range(16)
}


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "report_mention",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("named_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["report.id"],
            name=op.f("fk_report_mention_report_id_report"),
        ),
        sa.ForeignKeyConstraint(
            ["named_id"],
            ["report.id"],
            name=op.f("fk_report_mention_named_id_report"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_mention")),
        sa.UniqueConstraint(
            "report_id", "named_id", name=op.f("uq_report_mention_report_id")
        ),
    )
    op.create_index(
        op.f("ix_report_mention_named_id"), "report_mention", ["named_id"]
    )
    # The whole table is read for each, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        for name, piece in PIECES.items():
            op.create_index(
                name, "media", [sa.text(piece)], postgresql_concurrently=True
            )


def downgrade() -> None:
    for name in PIECES:
        op.drop_index(name, "media")
    op.drop_table("report_mention")
