"""Identities of a provider that are linked to accounts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    op.add_column(
        "person_request",
        sa.Column(
            "subject", sa.String(255), server_default="", nullable=False
        ),
    )
    op.create_table(
        "oidc_link",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_oidc_link_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oidc_link")),
        sa.UniqueConstraint(
            "issuer", "subject", name=op.f("uq_oidc_link_issuer")
        ),
        sa.UniqueConstraint("person_id", name=op.f("uq_oidc_link_person_id")),
    )


def downgrade() -> None:
    op.drop_table("oidc_link")
    op.drop_column("person_request", "subject")
