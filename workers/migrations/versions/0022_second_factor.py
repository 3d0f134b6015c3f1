"""Second factors, invitations, and what a session knows of them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    limit_waiting()
    for table in ("person", "person_request"):
        op.add_column(
            table,
            sa.Column(
                "email",
                sa.String(length=200),
                nullable=False,
                server_default="",
            ),
        )
    op.add_column(
        "login_session",
        sa.Column(
            "browser",
            sa.String(length=60),
            nullable=False,
            server_default="",
        ),
    )
    op.add_column("login_session", sa.Column("proven_at", WHEN, nullable=True))
    op.add_column(
        "login_session",
        sa.Column("challenge", sa.LargeBinary(length=64), nullable=True),
    )
    _create_table(
        "totp_secret",
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("confirmed_at", WHEN, nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
    )
    _create_table(
        "passkey",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(1023), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("used_at", WHEN, nullable=True),
        unique="credential_id",
    )
    _create_table(
        "recovery_code",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("used_at", WHEN, nullable=True),
        unique="digest",
    )
    _create_table(
        "invitation",
        sa.Column("mac", sa.LargeBinary(32), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("made_at", WHEN, nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
        sa.Column("sent_at", WHEN, nullable=True),
        sa.Column("used_at", WHEN, nullable=True),
        unique="mac",
    )
    op.create_index(
        op.f("ix_invitation_expires_at"), "invitation", ["expires_at"]
    )


def _create_table(
    name: str, *columns: sa.Column[object], unique: str = ""
) -> None:
    """A table of what belongs to a person."""
    constraints = [
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f(f"fk_{name}_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    ]
    if unique:
        constraints.append(
            sa.UniqueConstraint(unique, name=op.f(f"uq_{name}_{unique}"))
        )
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        *columns,
        *constraints,
    )
    op.create_index(op.f(f"ix_{name}_person_id"), name, ["person_id"])


def downgrade() -> None:
    limit_waiting()
    for table in ("invitation", "recovery_code", "passkey", "totp_secret"):
        op.drop_table(table)
    for column in ("challenge", "proven_at", "browser"):
        op.drop_column("login_session", column)
    for table in ("person_request", "person"):
        op.drop_column(table, "email")
