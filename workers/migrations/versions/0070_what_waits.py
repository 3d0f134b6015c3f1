"""What waits for a person is found among few rows: late reports, kept ones, what was laid aside"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting
from workers.migrations.partial_indexes import PartialIndex

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

# What the table would hold had it always been there.
LATE = """
INSERT INTO late_report (report_id)
SELECT DISTINCT report.id
FROM report
JOIN report_part ON report_part.report_id = report.id
JOIN sighting ON sighting.part_id = report_part.id
JOIN case_item ON case_item.item_id = sighting.item_id
JOIN case_file ON case_file.id = case_item.case_id
WHERE report.erased_at IS NULL
AND (report.narrative IS NOT NULL OR report.answers IS NOT NULL)
AND case_file.state IN ('assessed', 'in_progress', 'removed', 'closed')
AND report.received_at > coalesce(
    (SELECT max(at) FROM assessment WHERE case_id = case_file.id),
    case_file.opened_at
)
"""
INDEXES = (
    PartialIndex(
        "ix_outbox_entry_dead",
        "outbox_entry",
        "dead_at",
        "dead_at IS NOT NULL",
    ),
    PartialIndex(
        "ix_report_kept", "report", "received_at", "erased_at IS NULL"
    ),
)


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "late_report",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["report.id"],
            name="fk_late_report_report_id_report",
        ),
        sa.PrimaryKeyConstraint("report_id", name="pk_late_report"),
    )
    op.execute(LATE)
    for index in INDEXES:
        index.create()


def downgrade() -> None:
    limit_waiting()
    op.drop_table("late_report")
    for index in INDEXES:
        index.drop()
