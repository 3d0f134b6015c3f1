"""Backups that were made: every process can tell how old the newest is, wherever the files lie."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.storage.database import Base, Identified, short_text


class BackupRun(Identified, Base):
    """One try to make a backup. ``finished_at`` is empty while it runs, or where it failed."""

    __tablename__ = "backup_run"

    name: Mapped[str] = mapped_column(short_text(40))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None] = mapped_column(index=True)
    size: Mapped[int] = mapped_column(BigInteger, default=0)


def age_of_newest(session: Session, now: datetime) -> timedelta | None:
    """Since the moment that the newest backup shows; None where there is none."""
    newest = session.scalar(
        # When it began: what was written while it ran is not in it.
        select(func.max(BackupRun.started_at)).where(
            BackupRun.finished_at.is_not(None)
        )
    )
    return None if newest is None else now - newest


def is_due(session: Session, every: timedelta, now: datetime) -> bool:
    """Whether it is time for another try; one that failed is tried again after a quarter of it."""
    age = age_of_newest(session, now)
    if age is not None and age < every:
        return False
    tried = session.scalar(select(func.max(BackupRun.started_at)))
    return tried is None or now - tried >= every / 4
