"""The outbox: a change and the work that follows from it are stored in one transaction.

A service calls ``post``; after the commit ``workers.queues.transport`` hands the row's id over; a
sweeper finds rows that were left behind. The row is the truth and Redis only the transport, which
may be wiped at any moment. ``key`` is unique, so that posting the same work twice is posting it
once; a job marks its row done in the transaction that stores its result, so that running twice is
running once.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import Index, func, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.jobs.names import JobName
from hotline.core.storage.database import (
    Base,
    Identified,
    insert_once,
    note_for_after_commit,
    short_text,
)
from hotline.core.storage.ids import new_id
from hotline.core.tracing import with_parent

MAX_BACKOFF = timedelta(hours=6)
# A row that was handed over and is still not done after this long is handed over again: Redis may
# have been wiped, or the worker killed. Running twice is harmless, see above.
LEASE = timedelta(minutes=2)
# A younger row is on its way from the process that stored it; two hand-overs at once would
# let two workers begin the same work.
FRESH = timedelta(seconds=2)


class OutboxEntry(Identified, Base):
    """One piece of work: the job's name and the ids that it needs, never content."""

    __tablename__ = "outbox_entry"
    __table_args__ = (
        # For the sweeper: open rows are few among all that were ever done.
        Index("ix_outbox_entry_open", "done_at", "dead_at", "due_at"),
        # For the page of what was laid aside: fewer still.
        Index(
            "ix_outbox_entry_dead",
            "dead_at",
            postgresql_where=text("dead_at IS NOT NULL"),
            sqlite_where=text("dead_at IS NOT NULL"),
        ),
    )

    key: Mapped[str] = mapped_column(short_text(200), unique=True)
    job: Mapped[str] = mapped_column(short_text(60), index=True)
    queue: Mapped[str] = mapped_column(short_text(20))
    payload: Mapped[Mapping[str, object]]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    handed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(short_text(300), default="")
    done_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Note:
    """What ``Database.after_commit`` gets of a stored row, as text: whose work it is, and its id.

    ``queue`` says how soon its turn comes.
    """

    job: str
    queue: str
    entry_id: uuid.UUID

    def __str__(self) -> str:
        return f"{self.job}:{self.queue}:{self.entry_id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        job, queue, entry_id = text.split(":")
        return cls(job, queue, uuid.UUID(entry_id))


def post_work(
    session: Session,
    job: JobName,
    *,
    key: str,
    payload: Mapping[str, object],
    now: datetime,
    queue: str = "default",
    delay: timedelta = timedelta(),
) -> bool:
    """Store work for later, once per ``key``; False if that key was posted before."""
    entry_id = new_id()
    stored = insert_once(
        session,
        OutboxEntry,
        ["key"],
        id=entry_id,
        key=key,
        job=job,
        queue=queue,
        payload=with_parent(payload),
        created_at=now,
        due_at=now + delay,
        attempts=0,
        last_error="",
    )
    # What has to wait is found by the sweeper when its time has come.
    if stored and not delay:
        note_for_after_commit(session, str(Note(job, queue, entry_id)))
    return stored


def lock_entry(session: Session, entry_id: uuid.UUID) -> OutboxEntry | None:
    """The row if its work is still to be done, locked; None if it is done, dead or unknown."""
    return session.scalar(
        select(OutboxEntry)
        .where(
            OutboxEntry.id == entry_id,
            OutboxEntry.done_at.is_(None),
            OutboxEntry.dead_at.is_(None),
        )
        .with_for_update()
    )


def left_behind(
    session: Session, *, now: datetime, limit: int = 500
) -> Sequence[OutboxEntry]:
    """Open rows whose time has come and that nobody was handed or stored lately: danger first, then
    the oldest."""
    return session.scalars(
        select(OutboxEntry)
        .where(
            OutboxEntry.done_at.is_(None),
            OutboxEntry.dead_at.is_(None),
            OutboxEntry.due_at <= now,
            OutboxEntry.created_at <= now - FRESH,
            or_(
                OutboxEntry.handed_at.is_(None),
                OutboxEntry.handed_at <= now - LEASE,
            ),
        )
        # False sorts before True: what is urgent comes first.
        .order_by(OutboxEntry.queue != "urgent", OutboxEntry.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def note_failure(
    entry: OutboxEntry,
    error: str,
    *,
    now: datetime,
    attempts: int,
    base: float,
    final: bool,
) -> None:
    """Note a failure: wait longer each time (with jitter), or lay the row aside for a person."""
    entry.attempts += 1
    entry.last_error = error[:300]
    if final or entry.attempts >= attempts:
        entry.dead_at = now
        return
    entry.handed_at = None
    # With jitter, so that what failed together does not come back together.
    wait = min(
        timedelta(seconds=base * 2 ** (entry.attempts - 1)), MAX_BACKOFF
    )
    entry.due_at = now + wait * random.uniform(0.5, 1.0)  # noqa: S311


def postpone_entry(entry: OutboxEntry, why: str, *, until: datetime) -> None:
    """No try was made and none is counted: the other side is left alone until then."""
    entry.last_error = why[:300]
    entry.handed_at = None
    entry.due_at = until


def replay_entry(
    session: Session, entry_id: uuid.UUID, *, now: datetime
) -> bool:
    """Give work that was laid aside another round; True if there was such a row."""
    entry = session.get(OutboxEntry, entry_id, with_for_update=True)
    # Another person may have been quicker, and it runs already.
    if entry is None or entry.dead_at is None:
        return False
    entry.dead_at, entry.handed_at, entry.attempts, entry.due_at = (
        None,
        None,
        0,
        now,
    )
    return True


def count_open_work(session: Session, *, now: datetime) -> dict[str, int]:
    """Open, overdue (open and due for longer than a lease) and dead rows."""
    is_open = (OutboxEntry.done_at.is_(None), OutboxEntry.dead_at.is_(None))

    def count(*conditions: Any) -> int:
        query = (
            select(func.count()).select_from(OutboxEntry).where(*conditions)
        )
        return session.scalar(query) or 0

    return {
        "open": count(*is_open),
        "overdue": count(*is_open, OutboxEntry.due_at < now - LEASE),
        "dead": count(OutboxEntry.dead_at.is_not(None)),
    }
