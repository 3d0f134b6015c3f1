"""One row that is touched to learn whether the database takes anything."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.storage.database import Base

MARK_ID = 1


class WriteMark(Base):
    """The only row has the id ``MARK_ID``."""

    __tablename__ = "write_mark"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    touched_at: Mapped[datetime]
