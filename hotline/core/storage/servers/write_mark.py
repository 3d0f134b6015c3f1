"""One row that is written every few seconds, to learn whether the database takes anything."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.storage.database import Base, insert_once

MARK_ID = 1


class WriteMark(Base):
    """The only row has the id ``MARK_ID``."""

    __tablename__ = "write_mark"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    touched_at: Mapped[datetime]


def touch_mark(session: Session, now: datetime) -> None:
    """Write the row, whether it was there or not."""
    touched = session.execute(
        update(WriteMark)
        .where(WriteMark.id == MARK_ID)
        .values(touched_at=now)
        .returning(WriteMark.id)
    )
    if touched.first() is None:
        insert_once(session, WriteMark, ["id"], id=MARK_ID, touched_at=now)
