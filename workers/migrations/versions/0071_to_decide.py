"""Watches on which a person has to look, and referrals that somebody wants taken back, are found by
indexes of those alone"""

from __future__ import annotations

from workers.migrations.limits import limit_waiting
from workers.migrations.partial_indexes import PartialIndex

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

INDEXES = (
    PartialIndex(
        "ix_watch_needs_person",
        "watch",
        "state_since",
        "needs_person",
        "needs_person = 1",
    ),
    PartialIndex(
        "ix_referral_withdrawal_asked",
        "referral",
        "state_since",
        "withdrawal_asked_by <> ''",
    ),
)


def upgrade() -> None:
    limit_waiting()
    for index in INDEXES:
        index.create()


def downgrade() -> None:
    limit_waiting()
    for index in INDEXES:
        index.drop()
