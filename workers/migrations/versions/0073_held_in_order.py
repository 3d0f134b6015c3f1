"""Held cases are read in the order of their tab, without sorting all of them"""

from __future__ import annotations

from workers.migrations.limits import limit_waiting
from workers.migrations.partial_indexes import PartialIndex

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None

BEFORE = PartialIndex("ix_case_file_held", "case_file", "held, id", "held > 0")
IN_ORDER = PartialIndex(
    "ix_case_file_held_ranked", "case_file", "held DESC, id", "held > 0"
)


def upgrade() -> None:
    limit_waiting()
    IN_ORDER.create()
    BEFORE.drop()


def downgrade() -> None:
    limit_waiting()
    BEFORE.create()
    IN_ORDER.drop()
