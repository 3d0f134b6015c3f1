"""Tables of fingerprints that are looked for, where they were met, and which lists know them.

A fingerprint comes from a person, so it goes with that person's report: no row outlives it.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.storage.database import Base, Identified, short_text


class WatchedPrint(Identified, Base):
    """One fingerprint that a report gave. Its item is a part of the report's case."""

    __tablename__ = "watched_print"
    __table_args__ = (Index("ix_watched_print_kind_value", "kind", "value"),)

    item_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("item.id"), unique=True
    )
    kind: Mapped[str] = mapped_column(short_text(10))  # a PrintKind
    value: Mapped[str] = mapped_column(short_text(64))
    since: Mapped[datetime]


class PrintSighting(Identified, Base):
    """A file that was seen at ``item_id`` has the fingerprint, or one that is near it."""

    __tablename__ = "print_sighting"
    # Files are searched twice on purpose: a place is kept once.
    __table_args__ = (UniqueConstraint("print_id", "item_id", "media_id"),)

    print_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("watched_print.id"))
    item_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("item.id"), index=True
    )
    media_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("media.id"))
    distance: Mapped[int]
    at: Mapped[datetime]


class PrintListing(Identified, Base):
    """A list of known hashes has the fingerprint, or one that is near it."""

    __tablename__ = "print_listing"
    # The lists are asked time and again: a hit is kept once.
    __table_args__ = (UniqueConstraint("print_id", "entry_id"),)

    print_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("watched_print.id"))
    entry_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("hash_entry.id"), index=True
    )
    distance: Mapped[int]
    at: Mapped[datetime]
