"""Tags, words from one to the next, acts on many cases, saved views, and indexes of the queue"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from workers.migrations.limits import limit_waiting

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# Index now, table, columns, its condition, and the index that it takes the place of.
INDEXES: tuple[
    tuple[str, str, list[Any], str | None, tuple[str, list[str]] | None], ...
] = (
    (
        "ix_case_file_ranked",
        "case_file",
        ["state", sa.text("priority DESC"), "id"],
        None,
        ("ix_case_file_queue", ["state", "priority", "id"]),
    ),
    (
        "ix_item_host_id",
        "item",
        ["host", "id"],
        None,
        ("ix_item_host", ["host"]),
    ),
    (
        "ix_item_registrable_domain_id",
        "item",
        ["registrable_domain", "id"],
        None,
        ("ix_item_registrable_domain", ["registrable_domain"]),
    ),
    ("ix_item_asn_id", "item", ["asn", "id"], None, ("ix_item_asn", ["asn"])),
    (
        "ix_case_file_merged_into_id",
        "case_file",
        ["merged_into_id"],
        "merged_into_id IS NOT NULL",
        None,
    ),
    ("ix_report_source", "report", ["source"], "source <> ''", None),
    (
        "ix_referral_their_reference",
        "referral",
        ["their_reference"],
        None,
        None,
    ),
    ("ix_hold_officer_reference", "hold", ["officer_reference"], None, None),
)


def upgrade() -> None:
    limit_waiting()
    _create_preferences()
    _create_views()
    _create_handling()
    _create_bulk()
    # Whole tables are read for these, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        for name, table, columns, condition, before in INDEXES:
            where = sa.text(condition) if condition else None
            op.create_index(
                name,
                table,
                columns,
                postgresql_where=where,
                sqlite_where=where,
                postgresql_concurrently=True,
            )
            if before:
                op.drop_index(before[0], table, postgresql_concurrently=True)


def _create_preferences() -> None:
    op.create_table(
        "preferences",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("keys", _json(), nullable=False),
        sa.Column("columns", _json(), nullable=False),
        sa.Column("opted_out", _json(), nullable=False),
        sa.Column("changed_at", _time(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        _key("preferences", "person_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preferences")),
        sa.UniqueConstraint(
            "person_id", name=op.f("uq_preferences_person_id")
        ),
    )


def _create_views() -> None:
    op.create_table(
        "saved_view",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("query", sa.String(length=1000), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        _key("saved_view", "person_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint(
            "person_id", "name", name=op.f("uq_saved_view_person_id")
        ),
    )
    op.create_index(
        op.f("ix_saved_view_is_shared"), "saved_view", ["is_shared"]
    )


def _create_handling() -> None:
    op.create_table(
        "case_tag",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.String(length=40), nullable=False),
        sa.Column("added_at", _time(), nullable=False),
        sa.Column("added_by", sa.String(length=80), nullable=False),
        sa.Column("expires_at", _time(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        _key("case_tag", "case_id", "case_file"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_tag")),
        sa.UniqueConstraint(
            "case_id", "tag", name=op.f("uq_case_tag_case_id")
        ),
    )
    op.create_index("ix_case_tag_tag", "case_tag", ["tag", "case_id"])
    op.create_index(op.f("ix_case_tag_expires_at"), "case_tag", ["expires_at"])
    op.create_table(
        "hand_over",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=True),
        sa.Column("at", _time(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        _key("hand_over", "case_id", "case_file"),
        _key("hand_over", "from_id", "person"),
        _key("hand_over", "to_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_over")),
    )
    op.create_index("ix_hand_over_case_id", "hand_over", ["case_id", "at"])


def _create_bulk() -> None:
    op.create_table(
        "bulk_act",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("values", _json(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", _time(), nullable=False),
        sa.Column("runs_at", _time(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("state_since", _time(), nullable=False),
        _key("bulk_act", "person_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_act")),
    )
    op.create_index(
        "ix_bulk_act_person_id", "bulk_act", ["person_id", "asked_at"]
    )
    op.create_index(op.f("ix_bulk_act_state"), "bulk_act", ["state"])
    op.create_table(
        "bulk_case",
        sa.Column("bulk_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        _key("bulk_case", "bulk_id", "bulk_act"),
        _key("bulk_case", "case_id", "case_file"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_case")),
        sa.UniqueConstraint(
            "bulk_id", "case_id", name=op.f("uq_bulk_case_bulk_id")
        ),
    )
    op.create_index(op.f("ix_bulk_case_case_id"), "bulk_case", ["case_id"])
    op.create_index(
        "ix_bulk_case_outcome", "bulk_case", ["bulk_id", "outcome", "id"]
    )


def _json() -> sa.JSON:
    return sa.JSON().with_variant(
        postgresql.JSONB(astext_type=sa.Text()), "postgresql"
    )


def _time() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _key(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}")
    )


def downgrade() -> None:
    limit_waiting()
    for name, table, _, _, before in reversed(INDEXES):
        if before:
            op.create_index(before[0], table, before[1])
        op.drop_index(name, table)
    for table in (
        "bulk_case",
        "bulk_act",
        "hand_over",
        "case_tag",
        "saved_view",
        "preferences",
    ):
        op.drop_table(table)
