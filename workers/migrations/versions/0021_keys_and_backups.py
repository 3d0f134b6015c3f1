"""Rotations of keys, keys of senders and links that work on for a while, backups that were made"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "key_rotation",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("old_key", sa.String(length=16), nullable=False),
        sa.Column("new_key", sa.String(length=16), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grace_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.String(length=80), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_rotation")),
    )
    op.create_index(op.f("ix_key_rotation_name"), "key_rotation", ["name"])
    op.create_table(
        "backup_run",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup_run")),
    )
    op.create_index(
        op.f("ix_backup_run_finished_at"), "backup_run", ["finished_at"]
    )
    op.add_column(
        "replaced_link",
        sa.Column("works_until", sa.DateTime(timezone=True), nullable=True),
    )
    # The digests of the keys that are there were made under a key of the service.
    op.add_column(
        "api_key",
        sa.Column(
            "keyed", sa.Boolean(), nullable=False, server_default=sa.true()
        ),
    )
    for column in (
        sa.Column("previous_mac", sa.LargeBinary(length=32), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("webhook_previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column(
            "webhook_previous_until", sa.DateTime(timezone=True), nullable=True
        ),
    ):
        op.add_column("api_key", column)


def downgrade() -> None:
    limit_waiting()
    for column in (
        "webhook_previous_until",
        "webhook_previous_secret",
        "previous_until",
        "previous_mac",
        "keyed",
    ):
        op.drop_column("api_key", column)
    op.drop_column("replaced_link", "works_until")
    op.drop_table("backup_run")
    op.drop_table("key_rotation")
