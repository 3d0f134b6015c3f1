"""The second look at an item is found by an index of its own"""

from __future__ import annotations

from workers.migrations.limits import limit_waiting
from workers.migrations.partial_indexes import PartialIndex

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None

INDEX = PartialIndex(
    "ix_outbox_entry_second_look",
    "outbox_entry",
    # "look-again:" and the item's id with its colon.
    "substr(key, 1, 48)",
    "substr(key, 1, 11) = 'look-again:'",
)


def upgrade() -> None:
    limit_waiting()
    INDEX.create()


def downgrade() -> None:
    limit_waiting()
    INDEX.drop()
