"""What of intake still needs a key that is out of use: codes and keys that only others have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.intake.models import ApiKey, Report

NOTICED_WITHIN = timedelta(minutes=5)
"""Every process uses another key within seconds of the moment that is written down."""


def count_receipts_before(session: Session, used_from: datetime) -> int:
    """Reports whose receipt was given out before another key was in use, and still finds them."""
    count = session.scalar(
        select(func.count())
        .select_from(Report)
        .where(
            Report.received_at < used_from + NOTICED_WITHIN,
            Report.erased_at.is_(None),
        )
    )
    return count or 0


def senders_under_links(session: Session) -> Sequence[str]:
    """Senders whose key is known only under the key ``links``: they did not use it since."""
    return session.scalars(
        select(ApiKey.name)
        .where(ApiKey.revoked_at.is_(None), ApiKey.keyed)
        .order_by(ApiKey.name)
    ).all()
