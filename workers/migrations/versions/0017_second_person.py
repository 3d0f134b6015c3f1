"""What two people agree on: addresses and acts on accounts; links that were replaced"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Whoever entered an address that is not confirmed yet is known to the log; ids are text there.
NOTE_WHO_ENTERED = """
UPDATE partner SET entered_by = coalesce((
  SELECT audit_entry.actor FROM audit_entry
  WHERE audit_entry.action = 'partner.contact_changed'
  AND replace(audit_entry.entity_id, '-', '') = replace(CAST(partner.id AS text), '-', '')
  ORDER BY audit_entry.id DESC LIMIT 1
), '') WHERE approved_at IS NULL AND address <> ''
"""


def upgrade() -> None:
    limit_waiting()
    for name in ("entered_by", "head_entered_by"):
        op.add_column(
            "partner",
            sa.Column(
                name,
                sa.String(length=80),
                nullable=False,
                server_default="",
            ),
        )
    op.execute(NOTE_WHO_ENTERED)
    op.add_column(
        "notice",
        sa.Column(
            "contact_named",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
        ),
    )
    for table in ("notice", "referral"):
        op.add_column(
            table,
            sa.Column(
                "link_number",
                sa.Integer(),
                nullable=False,
                server_default="0",
            ),
        )
    for name, kind in (
        ("withdrawal_asked_by", sa.String(length=80)),
        ("withdrawal_reason", sa.Text()),
    ):
        op.add_column(
            "referral",
            sa.Column(name, kind, nullable=False, server_default=""),
        )
    _create_replaced_links()
    _create_person_requests()


def _create_replaced_links() -> None:
    op.create_table(
        "replaced_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scope", sa.String(length=12), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replaced_link")),
        sa.UniqueConstraint("mac", name=op.f("uq_replaced_link_mac")),
    )
    op.create_index(
        op.f("ix_replaced_link_subject_id"), "replaced_link", ["subject_id"]
    )


def _create_person_requests() -> None:
    op.create_table(
        "person_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("display_name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=80), nullable=False),
        sa.Column("approved_by", sa.String(length=80), nullable=True),
        sa.Column("two_person", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "NOT two_person OR approved_by IS NULL OR approved_by <> asked_by",
            name=op.f("ck_person_request_two_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_request")),
    )
    for column in ("state", "username"):
        op.create_index(
            op.f(f"ix_person_request_{column}"), "person_request", [column]
        )


def downgrade() -> None:
    limit_waiting()
    op.drop_table("person_request")
    op.drop_table("replaced_link")
    for name in ("withdrawal_reason", "withdrawal_asked_by", "link_number"):
        op.drop_column("referral", name)
    op.drop_column("notice", "link_number")
    op.drop_column("notice", "contact_named")
    op.drop_column("partner", "head_entered_by")
    op.drop_column("partner", "entered_by")
