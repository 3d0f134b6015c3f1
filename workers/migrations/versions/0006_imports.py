"""Imports of hash lists in chunks: what of a file is there, and the rows that wait for a version"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    names = sa.JSON().with_variant(
        postgresql.JSONB(astext_type=sa.Text()), "postgresql"
    )
    op.create_table(
        "hash_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("form", sa.String(length=20), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("problems", names, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hash_import")),
        sa.UniqueConstraint("name", name=op.f("uq_hash_import_name")),
    )
    op.create_table(
        "hash_import_row",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=80), nullable=True),
        sa.Column("source", sa.String(length=120), nullable=True),
        sa.Column("entry_ref", sa.String(length=120), nullable=True),
        sa.Column("dated", sa.Date(), nullable=True),
        sa.Column("quality", sa.Integer(), nullable=True),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hash_import_row")),
    )
    op.create_index(
        "ix_hash_import_row_value",
        "hash_import_row",
        ["import_id", "kind", "value"],
        postgresql_where=sa.text("deleted = 1"),
    )


def downgrade() -> None:
    op.drop_table("hash_import_row")
    op.drop_table("hash_import")
