"""Table of closed periods: their figures, which outlive what they were counted from."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.storage.database import Base, Identified, short_text


class ClosedPeriod(Identified, Base):
    """A period that is over. ``tables`` are ``Figures.to_json``; nothing in them is personal."""

    __tablename__ = "closed_period"
    __table_args__ = (UniqueConstraint("first", "last", "zone"),)

    first: Mapped[date]
    last: Mapped[date]
    zone: Mapped[str] = mapped_column(short_text(60))
    closed_at: Mapped[datetime]
    tables: Mapped[dict[str, Any]]
