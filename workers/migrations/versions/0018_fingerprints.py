"""Fingerprints that reporters gave, where they were met, and which lists know them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "watched_print",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["item.id"],
            name=op.f("fk_watched_print_item_id_item"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watched_print")),
        sa.UniqueConstraint("item_id", name=op.f("uq_watched_print_item_id")),
    )
    op.create_index(
        "ix_watched_print_kind_value", "watched_print", ["kind", "value"]
    )
    op.create_table(
        "print_sighting",
        sa.Column("print_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("distance", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["print_id"],
            ["watched_print.id"],
            name=op.f("fk_print_sighting_print_id_watched_print"),
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["item.id"],
            name=op.f("fk_print_sighting_item_id_item"),
        ),
        sa.ForeignKeyConstraint(
            ["media_id"],
            ["media.id"],
            name=op.f("fk_print_sighting_media_id_media"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_sighting")),
        sa.UniqueConstraint(
            "print_id",
            "item_id",
            "media_id",
            name=op.f("uq_print_sighting_print_id"),
        ),
    )
    op.create_index(
        op.f("ix_print_sighting_item_id"), "print_sighting", ["item_id"]
    )
    op.create_table(
        "print_listing",
        sa.Column("print_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("distance", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["print_id"],
            ["watched_print.id"],
            name=op.f("fk_print_listing_print_id_watched_print"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["hash_entry.id"],
            name=op.f("fk_print_listing_entry_id_hash_entry"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_listing")),
        sa.UniqueConstraint(
            "print_id", "entry_id", name=op.f("uq_print_listing_print_id")
        ),
    )
    op.create_index(
        op.f("ix_print_listing_entry_id"), "print_listing", ["entry_id"]
    )


def downgrade() -> None:
    limit_waiting()
    for table in ("print_listing", "print_sighting", "watched_print"):
        op.drop_table(table)
