"""When it was seen or used, as a report says"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    op.add_column(
        "report", sa.Column("seen_at", sa.LargeBinary(), nullable=True)
    )


def downgrade() -> None:
    limit_waiting()
    op.drop_column("report", "seen_at")
