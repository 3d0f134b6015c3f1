"""Rotations of the service's own keys: begun, how far they came, and done.

A key is called by its id, which is made from the key and leads nowhere. ``cursor`` says how far
what is under the key has been moved, so that a rotation that broke off goes on where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.storage.database import Base, Identified, short_text


class KeyRotation(Identified, Base):
    """One key takes the place of another. ``used_from``: since when the new one is in use."""

    __tablename__ = "key_rotation"

    name: Mapped[str] = mapped_column(short_text(20), index=True)
    old_key: Mapped[str] = mapped_column(short_text(16))
    new_key: Mapped[str] = mapped_column(short_text(16))
    started_at: Mapped[datetime]
    used_from: Mapped[datetime | None]
    grace_until: Mapped[datetime | None]
    cursor: Mapped[str] = mapped_column(short_text(80), default="")
    moved: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    """Since when the old key is no longer read with."""


def find_open_rotation(session: Session, name: str) -> KeyRotation | None:
    """The rotation of the key that is not finished."""
    return session.scalar(
        select(KeyRotation).where(
            KeyRotation.name == name, KeyRotation.finished_at.is_(None)
        )
    )


def list_rotations(session: Session) -> list[KeyRotation]:
    """All of them, the oldest first."""
    return list(session.scalars(select(KeyRotation).order_by(KeyRotation.id)))


def rotation_away_from(
    session: Session, name: str, key_id: str
) -> KeyRotation | None:
    """The rotation by which the key ``key_id`` went out of use."""
    return session.scalar(
        select(KeyRotation)
        .where(KeyRotation.name == name, KeyRotation.old_key == key_id)
        .order_by(KeyRotation.id.desc())
        .limit(1)
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """What one batch did. ``cursor``: where the next one begins; empty when all were seen."""

    seen: int
    moved: int
    cursor: str = ""
