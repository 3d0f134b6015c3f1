"""Codes of members of staff, and their sealed names"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0036"
down_revision = "0040"
branch_labels = None
depends_on = None

# Random to whoever knows the name; both alphabets are within that of later codes.
_GIVE_CODES = {
    "postgresql": """
UPDATE person SET code = (
  SELECT upper(substr(letters, 1, 4) || '-' || substr(letters, 5, 4))
  FROM (SELECT md5(gen_random_uuid()::text || person.id::text) AS letters) AS made)
""",
    "sqlite": """
UPDATE person SET code = hex(randomblob(2)) || '-' || hex(randomblob(2))
""",
}


def upgrade() -> None:
    limit_waiting()
    op.add_column("person", sa.Column("code", sa.String(9), nullable=True))
    op.add_column(
        "person", sa.Column("sealed_name", sa.LargeBinary(), nullable=True)
    )
    # Everybody who signs in writes there, and may not wait meanwhile: not for the lock of the new
    # columns, which ends with its transaction, either.
    with op.get_context().autocommit_block():
        op.execute(_GIVE_CODES[op.get_context().dialect.name])
        op.create_index(
            "ix_person_code",
            "person",
            ["code"],
            unique=True,
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("ix_person_code", "person")
    op.drop_column("person", "sealed_name")
    op.drop_column("person", "code")
