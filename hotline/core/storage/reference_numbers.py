"""Short references that people can say on the telephone: ``AL-2026-000123``."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.storage.database import Base, insert_once, short_text


class Counter(Base):
    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(short_text(40), primary_key=True)
    value: Mapped[int]


def next_reference(session: Session, prefix: str, now: datetime) -> str:
    """The next reference of ``prefix`` in the year of ``now``; gaps appear only on a rollback."""
    name = f"{prefix}-{now.year}"
    # The first of a year may be two at once; the update below lets them take turns.
    insert_once(session, Counter, ["name"], name=name, value=0)
    value = session.execute(
        update(Counter)
        .where(Counter.name == name)
        # By the database: the row stays locked until the commit, and no number
        # comes twice.
        .values(value=Counter.value + 1)
        .returning(Counter.value)
    ).scalar_one()
    return f"{name}-{value:06d}"
