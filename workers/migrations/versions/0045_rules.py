"""Changed rules: drafted, tried over past cases, in force by two people"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from workers.migrations.limits import limit_waiting

revision = "0045"
down_revision = "0050"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "rule_change",
        sa.Column("about", sa.String(200), nullable=False),
        sa.Column("files", JSON, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("base_digest", sa.String(64), nullable=False),
        sa.Column("drafted_by", sa.String(80), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_force_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replay_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replay_total", sa.Integer(), nullable=False),
        sa.Column("replay_done", sa.Integer(), nullable=False),
        sa.Column("replay_last", sa.Uuid(), nullable=True),
        sa.Column("replay_result", JSON, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_change")),
    )
    op.create_index("ix_rule_change_drafted_at", "rule_change", ["drafted_at"])
    op.create_index("ix_rule_change_state", "rule_change", ["state"])
    op.create_index(
        "ix_rule_change_in_force",
        "rule_change",
        ["state"],
        unique=True,
        sqlite_where=sa.text("state = 'in_force'"),
        postgresql_where=sa.text("state = 'in_force'"),
    )


def downgrade() -> None:
    op.drop_table("rule_change")
