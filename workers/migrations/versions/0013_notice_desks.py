"""A plan makes one notice for each desk; checked and indexed without keeping anybody waiting"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BEFORE, NOW = "uq_notice_plan_id", "uq_notice_plan_desk"


def upgrade() -> None:
    limit_waiting()
    is_postgresql = op.get_context().dialect.name == "postgresql"
    desk = sa.Column(
        "desk", sa.String(length=300), server_default="", nullable=False
    )
    # Whoever runs it again after it was interrupted finds what was done.
    op.add_column("notice", desk, if_not_exists=is_postgresql or None)
    with op.get_context().autocommit_block():
        if is_postgresql:
            op.execute(
                "ALTER TABLE case_file VALIDATE CONSTRAINT"
                " fk_case_file_merged_into_id_case_file"
            )
        op.create_index(
            NOW,
            "notice",
            ["plan_id", "kind", "desk"],
            unique=True,
            if_not_exists=True,
            postgresql_concurrently=True,
        )
        op.drop_index(
            BEFORE, "notice", if_exists=True, postgresql_concurrently=True
        )


def downgrade() -> None:
    limit_waiting()
    op.create_index(BEFORE, "notice", ["plan_id", "kind"], unique=True)
    op.drop_index(NOW, "notice")
    op.drop_column("notice", "desk")
