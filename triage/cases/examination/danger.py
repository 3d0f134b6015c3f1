"""Somebody is to be woken: the job that begins it, which ``partners`` does by this name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.core.jobs.names import JobName
from hotline.core.storage import outbox
from triage.cases.models import Case


def post_danger(session: Session, case: Case, now: datetime) -> None:
    """Have the person on duty called about a case where a child is said to be in danger now."""
    # With the moment in its key: a second report of danger calls again.
    _post(session, case, f"danger:{case.id}:{now.isoformat()}", now)


def post_held_danger(session: Session, case: Case, now: datetime) -> None:
    """As ``post_danger``, of a report that is held as part of a possible flood.

    A flood must not wake people a thousand times: once an hour for all cases together.
    """
    _post(session, case, f"danger:held:{now:%Y-%m-%dT%H}", now)


def _post(session: Session, case: Case, key: str, now: datetime) -> None:
    outbox.post_work(
        session,
        JobName.DANGER_RAISED,
        key=key,
        payload={"case_id": str(case.id)},
        now=now,
        queue="urgent",
    )
