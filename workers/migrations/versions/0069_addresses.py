"""Where something lay at an address is found by an index of its own"""

from __future__ import annotations

from workers.migrations.limits import limit_waiting
from workers.migrations.partial_indexes import PartialIndex

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None

INDEX = PartialIndex(
    "ix_hosting_observation_address",
    "hosting_observation",
    "value, item_id",
    "fact = 'address'",
)


def upgrade() -> None:
    limit_waiting()
    INDEX.create()


def downgrade() -> None:
    limit_waiting()
    INDEX.drop()
