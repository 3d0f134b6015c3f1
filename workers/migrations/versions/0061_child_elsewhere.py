"""Whether a report says that the child is in another country"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0061"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    op.add_column(
        "report",
        sa.Column(
            "child_elsewhere",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
        ),
    )


def downgrade() -> None:
    limit_waiting()
    op.drop_column("report", "child_elsewhere")
