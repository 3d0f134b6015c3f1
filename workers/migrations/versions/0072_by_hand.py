"""Cases in progress with a route that is done by hand are found by an index of those alone"""

from __future__ import annotations

from workers.migrations.limits import limit_waiting
from workers.migrations.partial_indexes import PartialIndex

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None

INDEX = PartialIndex(
    "ix_case_file_by_hand",
    "case_file",
    "state_since, id",
    "state = 'in_progress' AND ("
    "replace(CAST(routing AS TEXT), '\"iccam\"', '') <> CAST(routing AS TEXT))",
)


def upgrade() -> None:
    limit_waiting()
    INDEX.create()


def downgrade() -> None:
    limit_waiting()
    INDEX.drop()
