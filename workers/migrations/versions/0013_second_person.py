"""Who entered an address, and which contacts a person chose"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0013"
down_revision = "0011"
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
    op.add_column(
        "partner",
        sa.Column(
            "entered_by",
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


def downgrade() -> None:
    limit_waiting()
    op.drop_column("notice", "contact_named")
    op.drop_column("partner", "entered_by")
