"""When a case was taken, and when the person who assessed it had taken it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0028"
down_revision = "0026"
branch_labels = None
depends_on = None

COLUMNS = (("case_file", "claimed_at"), ("assessment", "began_at"))
INDEXES = (
    ("ix_assessment_person_id", ["person_id", "at"]),
    ("ix_assessment_at", ["at"]),
)


def upgrade() -> None:
    limit_waiting()
    for table, column in COLUMNS:
        op.add_column(
            table,
            sa.Column(column, sa.DateTime(timezone=True), nullable=True),
        )
    # The whole table is read for these, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        for name, columns in INDEXES:
            op.create_index(
                name, "assessment", columns, postgresql_concurrently=True
            )


def downgrade() -> None:
    limit_waiting()
    for name, _ in INDEXES:
        op.drop_index(name, "assessment")
    for table, column in reversed(COLUMNS):
        op.drop_column(table, column)
