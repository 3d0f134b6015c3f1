"""A case has several items, each with how far its removal is"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from workers.migrations.limits import limit_waiting

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

# A case had one item. How far its removal is follows from the case and from its newest notice.
FILL = """
    INSERT INTO case_item (
        id, case_id, item_id, number, added_at, assessed_class, routing,
        state, state_since
    )
    SELECT id, id, item_id, 1, opened_at, '', routing,
    CASE
        WHEN case_file.state = 'removed' THEN 'verified_removed'
        ELSE COALESCE(
            (
                SELECT CASE
                    WHEN notice.state IN (
                        'awaiting_release', 'awaiting_contact', 'queued', 'failed'
                    ) THEN 'awaiting_release'
                    WHEN notice.state = 'claimed_removed' THEN 'claimed_removed'
                    WHEN notice.state = 'verified_removed' THEN 'verified_removed'
                    WHEN notice.state = 'withdrawn' THEN 'nothing'
                    ELSE 'noticed'
                END
                FROM notice WHERE notice.case_id = case_file.id
                ORDER BY notice.created_at DESC, notice.id DESC LIMIT 1
            ),
            'nothing'
        )
    END,
    state_since
    FROM case_file
"""


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "case_item",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "assessed_class",
            sa.String(length=20),
            server_default="",
            nullable=False,
        ),
        sa.Column("routing", JSON, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
            name=op.f("fk_case_item_case_id_case_file"),
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["item.id"], name=op.f("fk_case_item_item_id_item")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_item")),
        sa.UniqueConstraint("item_id", name=op.f("uq_case_item_item_id")),
    )
    op.create_index("ix_case_item_case_id", "case_item", ["case_id", "number"])
    op.create_index(op.f("ix_case_item_state"), "case_item", ["state"])
    # The id of the one item's row is the case's own: no other row has it.
    op.execute(FILL)
    _drop_item_of_case()
    op.add_column(
        "assessment",
        sa.Column("item_classes", JSON, server_default="{}", nullable=False),
    )


def downgrade() -> None:
    if op.get_bind().scalar(sa.text(SHARED)) is not None:
        raise RuntimeError(
            "The schema before has one item a case, and there are cases with several. There is no"
            " way back; restore the backup of before the upgrade."
        )
    limit_waiting()
    op.drop_column("assessment", "item_classes")
    _add_item_of_case()
    op.drop_index(op.f("ix_case_item_state"), "case_item")
    op.drop_index("ix_case_item_case_id", "case_item")
    op.drop_table("case_item")


# A case that is not of one item, or an item's row that stands second.
SHARED = """
    SELECT 1 FROM case_file
    WHERE (SELECT count(*) FROM case_item WHERE case_id = case_file.id) <> 1
    LIMIT 1
"""
HELD = sa.text("held > 0")


def _drop_item_of_case() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.drop_column("case_file", "item_id")
        op.add_column(
            "case_file", sa.Column("merged_into_id", sa.Uuid(), nullable=True)
        )
        op.execute(
            "ALTER TABLE case_file ADD CONSTRAINT"
            " fk_case_file_merged_into_id_case_file FOREIGN KEY"
            " (merged_into_id) REFERENCES case_file (id) NOT VALID"
        )
        return
    # SQLite cannot drop a column that a constraint names: the table is written anew. Its partial
    # index is made again by hand, because a reflected table does not know the condition.
    op.drop_index("ix_case_file_held", "case_file")
    with op.batch_alter_table("case_file") as table:
        table.drop_constraint("uq_case_file_item_id", type_="unique")
        table.drop_constraint("fk_case_file_item_id_item", type_="foreignkey")
        table.drop_column("item_id")
        table.add_column(sa.Column("merged_into_id", sa.Uuid(), nullable=True))
        table.create_foreign_key(
            "fk_case_file_merged_into_id_case_file",
            "case_file",
            ["merged_into_id"],
            ["id"],
        )
    _index_held()


def _add_item_of_case() -> None:
    item_id = sa.Column("item_id", sa.Uuid(), nullable=True)
    op.add_column("case_file", item_id)
    op.execute(
        "UPDATE case_file SET item_id = (SELECT item_id FROM case_item"
        " WHERE case_item.case_id = case_file.id)"
    )
    if op.get_context().dialect.name != "postgresql":
        op.drop_index("ix_case_file_held", "case_file")
    with op.batch_alter_table("case_file") as table:
        table.drop_constraint(
            "fk_case_file_merged_into_id_case_file", type_="foreignkey"
        )
        table.drop_column("merged_into_id")
        table.alter_column("item_id", nullable=False)
        table.create_foreign_key(
            "fk_case_file_item_id_item", "item", ["item_id"], ["id"]
        )
        table.create_unique_constraint("uq_case_file_item_id", ["item_id"])
    if op.get_context().dialect.name != "postgresql":
        _index_held()


def _index_held() -> None:
    op.create_index(
        "ix_case_file_held", "case_file", ["held", "id"], sqlite_where=HELD
    )
