"""What waits for a person is found among few rows: late reports, kept ones, what was laid aside"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

KEPT = "erased_at IS NULL"
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
AND case_file.state IN ('assessed', 'in_progress', 'removed')
AND report.received_at > coalesce(
    (SELECT max(at) FROM assessment WHERE case_id = case_file.id),
    case_file.opened_at
)
"""
# Index: table, column, rows.
INDEXES = {
    "ix_outbox_entry_dead": ("outbox_entry", "dead_at", "dead_at IS NOT NULL"),
    "ix_report_kept": ("report", "received_at", KEPT),
}


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
    if op.get_context().dialect.name != "postgresql":
        for name, (table, column, rows) in INDEXES.items():
            op.create_index(name, table, [column], sqlite_where=sa.text(rows))
        return
    # The whole tables are read for them, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        for name, (table, column, rows) in INDEXES.items():
            op.execute(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name}"
                f" ON {table} ({column}) WHERE {rows}"
            )


def downgrade() -> None:
    limit_waiting()
    op.drop_table("late_report")
    if op.get_context().dialect.name != "postgresql":
        for name, (table, _, _) in INDEXES.items():
            op.drop_index(name, table)
        return
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        for name in INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
