"""Looks at files, and the switch that two people turn on for them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0044"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "viewing_switch",
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("document", sa.String(120), nullable=False),
        sa.Column("authority", sa.String(200), nullable=False),
        sa.Column("asked_by", sa.String(80), nullable=False),
        sa.Column("granted_by", sa.String(80), nullable=False),
        sa.Column("on_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("off_by", sa.String(80), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "asked_by <> granted_by",
            name=op.f("ck_viewing_switch_two_people"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_viewing_switch")),
    )
    op.create_table(
        "viewing",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=True),
        sa.Column("is_violent", sa.Boolean(), nullable=False),
        sa.Column("token_digest", sa.String(64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_viewing_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_viewing")),
    )
    for name, columns in (
        ("ix_viewing_person_id", ["person_id", "asked_at"]),
        ("ix_viewing_item_id", ["item_id"]),
        ("ix_viewing_shown_at", ["shown_at"]),
    ):
        op.create_index(name, "viewing", columns)


def downgrade() -> None:
    op.drop_table("viewing")
    op.drop_table("viewing_switch")
