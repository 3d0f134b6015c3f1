"""When a case was forgotten"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    op.add_column(
        "case_file",
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
    )


def downgrade() -> None:
    limit_waiting()
    op.drop_column("case_file", "forgotten_at")
