"""Marks of cases, by which lists that are narrowed down are read in their order"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from triage.cases.listing.mark_triggers import list_trigger_statements
from workers.migrations.limits import limit_waiting

revision = "0050"
down_revision = "0044"
branch_labels = None
depends_on = None

TRIGGERS = (
    ("mark_added_place", "case_item"),
    ("mark_moved_place", "case_item"),
    ("mark_changed_item", "item"),
    ("mark_new_sighting", "sighting"),
    ("follow_marked_case", "case_file"),
)
FUNCTIONS = (
    "mark_case(uuid)",
    "mark_place(uuid)",
    "lock_marked_case(uuid)",
    "marks_of_place(uuid)",
)
KIND: tuple[str, str, list[Any]] = (
    "ix_case_file_kind_ranked",
    "case_file",
    ["kind", "state", sa.text("priority DESC"), "id"],
)
# Some at a time, so that nobody waits for more than those.
MARK_ALL = """
DO $$
DECLARE
    batch uuid[];
    reached uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    LOOP
        batch := ARRAY(
            SELECT id FROM case_file WHERE id > reached ORDER BY id LIMIT 500
        );
        EXIT WHEN cardinality(batch) = 0;
        PERFORM mark_case(marked) FROM unnest(batch) AS marked;
        reached := batch[cardinality(batch)];
        COMMIT;
    END LOOP;
END
$$
"""


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "case_mark",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.String(300), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
            name=op.f("fk_case_mark_case_id_case_file"),
        ),
        sa.PrimaryKeyConstraint("case_id", "mark", name=op.f("pk_case_mark")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_case_mark_ranked",
        "case_mark",
        ["mark", "state", sa.text("priority DESC"), "case_id"],
        if_not_exists=True,
    )
    dialect = op.get_context().dialect.name
    # Marking takes minutes; where it was interrupted, this begins again.
    _drop_triggers(dialect)
    for statement in list_trigger_statements(dialect):
        op.execute(statement)
    if dialect == "sqlite":
        # Its trigger marks anew the case of a place that is said to move.
        op.execute("UPDATE case_item SET case_id = case_id")
    # Whole tables are read for what follows, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        if dialect == "postgresql":
            op.execute("SET statement_timeout = 0")
            op.execute(MARK_ALL)
        op.create_index(
            *KIND, postgresql_concurrently=True, if_not_exists=True
        )
        op.drop_index(
            "ix_case_file_kind",
            "case_file",
            postgresql_concurrently=True,
            if_exists=True,
        )


def downgrade() -> None:
    limit_waiting()
    op.create_index("ix_case_file_kind", "case_file", ["kind"])
    op.drop_index(KIND[0], "case_file")
    dialect = op.get_context().dialect.name
    _drop_triggers(dialect)
    if dialect == "postgresql":
        for name, _ in TRIGGERS:
            op.execute(f"DROP FUNCTION {name}()")
        for function in FUNCTIONS:
            op.execute(f"DROP FUNCTION {function}")
    op.drop_table("case_mark")


def _drop_triggers(dialect: str) -> None:
    for name, table in TRIGGERS:
        where = f" ON {table}" if dialect == "postgresql" else ""
        op.execute(f"DROP TRIGGER IF EXISTS {name}{where}")
