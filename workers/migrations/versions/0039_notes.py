"""Notes on cases, and the people whom they name"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0039"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "case_note",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
            name=op.f("fk_case_note_case_id_case_file"),
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["person.id"],
            name=op.f("fk_case_note_author_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_note")),
    )
    op.create_index("ix_case_note_case_id", "case_note", ["case_id", "at"])
    op.create_index("ix_case_note_author_id", "case_note", ["author_id"])
    op.create_table(
        "case_mention",
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["note_id"],
            ["case_note.id"],
            name=op.f("fk_case_mention_note_id_case_note"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_case_mention_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_mention")),
        sa.UniqueConstraint(
            "note_id", "person_id", name=op.f("uq_case_mention_note_id")
        ),
    )
    op.create_index(
        "ix_case_mention_person_id",
        "case_mention",
        ["person_id", "opened_at"],
    )


def downgrade() -> None:
    limit_waiting()
    op.drop_table("case_mention")
    op.drop_table("case_note")
