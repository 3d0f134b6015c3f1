"""The table of files that were seen: their hashes and measures, never their bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.storage.database import Base, Identified, short_text

PIECE_COUNT = 16
PIECE_DIGITS = 4


def piece_of(number: int) -> str:
    """A sixteenth of the PDQ hash in SQL, counted from 0; see ``triage.media.near``."""
    return f"substr(pdq, {number * PIECE_DIGITS + 1}, {PIECE_DIGITS})"


class Media(Identified, Base):
    """The hashes of one file that was seen somewhere; the file itself was dropped at once."""

    __tablename__ = "media"
    __table_args__ = tuple(
        Index(f"ix_media_pdq_{number}", text(piece_of(number)))
        for number in range(PIECE_COUNT)
    )

    sha256: Mapped[str] = mapped_column(short_text(64), unique=True)
    sha1: Mapped[str] = mapped_column(short_text(40), index=True)
    md5: Mapped[str] = mapped_column(short_text(32), index=True)
    kind: Mapped[str] = mapped_column(short_text(12))  # image, video, other
    media_type: Mapped[str] = mapped_column(short_text(80))
    size: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int | None]
    height: Mapped[int | None]
    duration: Mapped[float | None]
    pdq: Mapped[str | None] = mapped_column(short_text(64), index=True)
    pdq_quality: Mapped[int | None]
    phash: Mapped[str | None] = mapped_column(short_text(16), index=True)
    dhash: Mapped[str | None] = mapped_column(short_text(16))
    frames: Mapped[list[Any]] = mapped_column(default=list)
    hashable: Mapped[bool] = mapped_column(default=False)
    problems: Mapped[list[str]] = mapped_column(default=list)
    first_seen_at: Mapped[datetime]
    matched_at: Mapped[datetime | None]
