"""Table of watched items; the scheduler asks it one indexed question a tick."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.machine import Machine, Stateful


class WatchState(StrEnum):
    """Where a watch stands; the values are stored."""

    WATCHING = "watching"
    REMOVED = "removed"
    """The removal is verified; a return is looked for."""
    ENDED = "ended"


class WatchEvent(StrEnum):
    """What moves a watch on; the values are stored."""

    REMOVED = "removed"
    REAPPEARED = "reappeared"
    ENDED = "ended"
    RESTARTED = "restarted"


WATCH_MACHINE = Machine(
    "watch",
    WatchState.WATCHING,
    MappingProxyType(
        {
            (WatchState.WATCHING, WatchEvent.REMOVED): WatchState.REMOVED,
            (WatchState.REMOVED, WatchEvent.REAPPEARED): WatchState.WATCHING,
            (WatchState.REMOVED, WatchEvent.ENDED): WatchState.ENDED,
            (WatchState.WATCHING, WatchEvent.ENDED): WatchState.ENDED,
            (WatchState.ENDED, WatchEvent.RESTARTED): WatchState.WATCHING,
        }
    ),
)


class Watch(Identified, Stateful, Base):
    """One item under watch; ``baseline`` is what was there when it was assessed (hashes, sizes)."""

    __tablename__ = "watch"
    __table_args__ = (
        Index("ix_watch_next_at", "next_at"),
        Index("ix_watch_host_planned_at", "host", "planned_at"),
        # Those few on which a person has to look.
        Index(
            "ix_watch_needs_person",
            "state_since",
            postgresql_where=text("needs_person"),
            sqlite_where=text("needs_person = 1"),
        ),
    )

    machine: ClassVar[Machine] = WATCH_MACHINE

    item_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("item.id"), unique=True
    )
    case_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("case_file.id"), index=True
    )
    host: Mapped[str] = mapped_column(short_text(260), default="")
    policy: Mapped[str] = mapped_column(short_text(40))
    baseline: Mapped[dict[str, Any]]
    next_at: Mapped[datetime | None]
    # the place of its newest look in its host's line; not yet looked at where last_at is before it
    planned_at: Mapped[datetime | None]
    checks: Mapped[int] = mapped_column(default=0)
    last_verdict: Mapped[str] = mapped_column(short_text(20), default="")
    last_at: Mapped[datetime | None]
    # kept out, or as many looks that cannot tell as would prove a removal
    needs_person: Mapped[bool] = mapped_column(default=False)
