"""Being signed out by the identity provider"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit_waiting()
    op.create_table(
        "spent_logout",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spent_logout")),
        sa.UniqueConstraint("digest", name=op.f("uq_spent_logout_digest")),
    )
    op.create_index(
        "ix_spent_logout_expires_at", "spent_logout", ["expires_at"]
    )
    op.add_column(
        "login_session",
        sa.Column("provider_session", sa.LargeBinary(length=32)),
    )


def downgrade() -> None:
    limit_waiting()
    op.drop_column("login_session", "provider_session")
    op.drop_table("spent_logout")
