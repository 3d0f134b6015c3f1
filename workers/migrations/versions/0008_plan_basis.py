"""What a plan rests on: the round of the case and a digest of its routing"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "plan",
        sa.Column("round", sa.Integer(), nullable=False, server_default="1"),
    )
    # Nobody knows what a plan of before rests on: an open one is superseded and asked for anew.
    op.add_column(
        "plan",
        sa.Column(
            "routing_digest",
            sa.String(length=64),
            nullable=False,
            server_default="",
        ),
    )
    # A plan belongs to the round in which it was asked for, not to the one that the case is in
    # now: what was decided before the case was opened again does not count as decided after it.
    op.execute(
        "UPDATE plan SET round = 1 + ("
        "SELECT count(*) FROM history_entry"
        " WHERE history_entry.entity_id = plan.case_id"
        " AND history_entry.entity = 'case' AND history_entry.event = 'reopened'"
        " AND history_entry.at <= plan.requested_at)"
    )


def downgrade() -> None:
    op.drop_column("plan", "routing_digest")
    op.drop_column("plan", "round")
