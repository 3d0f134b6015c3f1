"""People of a case, what leads to them, and what offices are told"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "case_identifier",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("platform", sa.String(length=60), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("whose", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(length=80), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=80), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
            name=op.f("fk_case_identifier_case_id_case_file"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_identifier")),
        sa.UniqueConstraint(
            "case_id", "mac", name=op.f("uq_case_identifier_case_id")
        ),
    )
    op.create_index("ix_case_identifier_mac", "case_identifier", ["mac"])

    op.create_table(
        "case_person",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
            name=op.f("fk_case_person_case_id_case_file"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_person")),
        sa.UniqueConstraint(
            "case_id", "role", "number", name=op.f("uq_case_person_case_id")
        ),
    )
    op.create_table(
        "case_summary",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("office", sa.String(length=24), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
            name=op.f("fk_case_summary_case_id_case_file"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_summary")),
        sa.UniqueConstraint(
            "case_id", "office", name=op.f("uq_case_summary_case_id")
        ),
    )
    op.create_table(
        "person_fact",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(length=80), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["case_person.id"],
            name=op.f("fk_person_fact_person_id_case_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_fact")),
    )
    op.create_index(
        "ix_person_fact_person_id_name", "person_fact", ["person_id", "name"]
    )

    op.create_table(
        "referral_message",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_ours", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"],
            ["referral.id"],
            name=op.f("fk_referral_message_referral_id_referral"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_message")),
    )
    op.create_index(
        op.f("ix_referral_message_referral_id"),
        "referral_message",
        ["referral_id"],
    )

    op.add_column(
        "referral", sa.Column("told", sa.LargeBinary(), nullable=True)
    )


def downgrade() -> None:
    limit_waiting()
    op.drop_column("referral", "told")

    op.drop_index(op.f("ix_referral_message_referral_id"), "referral_message")

    op.drop_table("referral_message")
    op.drop_index("ix_person_fact_person_id_name", "person_fact")

    op.drop_table("person_fact")
    op.drop_table("case_summary")
    op.drop_table("case_person")
    op.drop_index("ix_case_identifier_mac", "case_identifier")

    op.drop_table("case_identifier")
