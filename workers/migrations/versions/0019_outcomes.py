"""What came of referrals, as the offices say, and what the words of a report point to"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from workers.migrations.limits import limit_waiting

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
OUTCOMES = ("taken_up", "no_action")
"""Answers so far that are outcomes as well, under the same names."""


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "referral_outcome",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"],
            ["referral.id"],
            name=op.f("fk_referral_outcome_referral_id_referral"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_outcome")),
        sa.UniqueConstraint(
            "referral_id",
            "outcome",
            name=op.f("uq_referral_outcome_referral_id"),
        ),
    )
    _keep_answers()
    for table in ("report", "case_file"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(
                sa.Column(
                    "word_themes", JSON, server_default="[]", nullable=False
                )
            )


def _keep_answers() -> None:
    """The first answer of each sort becomes an outcome; its row of history lends its id."""
    history = sa.table(
        "history_entry",
        sa.column("id", sa.Uuid()),
        sa.column("entity", sa.String()),
        sa.column("entity_id", sa.Uuid()),
        sa.column("event", sa.String()),
        sa.column("at", sa.DateTime(timezone=True)),
        sa.column("actor", sa.String()),
    )
    outcome = sa.table(
        "referral_outcome",
        sa.column("id", sa.Uuid()),
        sa.column("referral_id", sa.Uuid()),
        sa.column("outcome", sa.String()),
        sa.column("at", sa.DateTime(timezone=True)),
        sa.column("actor", sa.String()),
    )
    numbered = (
        sa.select(
            history.c.id,
            history.c.entity_id,
            history.c.event,
            history.c.at,
            history.c.actor,
            sa.func.row_number()
            .over(
                partition_by=(history.c.entity_id, history.c.event),
                order_by=(history.c.at, history.c.id),
            )
            .label("number"),
        )
        .where(history.c.entity == "referral", history.c.event.in_(OUTCOMES))
        .subquery()
    )
    first = sa.select(
        numbered.c.id,
        numbered.c.entity_id,
        numbered.c.event,
        numbered.c.at,
        numbered.c.actor,
    ).where(numbered.c.number == 1)
    op.execute(
        outcome.insert().from_select(
            ["id", "referral_id", "outcome", "at", "actor"], first
        )
    )


def downgrade() -> None:
    limit_waiting()
    for table in ("case_file", "report"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("word_themes")
    op.drop_table("referral_outcome")
