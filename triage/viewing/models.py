"""Tables of looks at files, and of the switch that allows them. No picture is in either."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.accounts.models import Person
from hotline.core.storage.database import Base, Identified, short_text


class Outcome(StrEnum):
    """What came of a look, beside the problems for which nothing was shown."""

    ASKED = "asked"
    """Its one token was given out and not used yet."""
    FETCHING = "fetching"
    """The token is used up; the file is being fetched."""
    SHOWN = "shown"


class ViewingSwitch(Identified, Base):
    """One time for which two people switched viewing on, and what they did it by.

    ``agreed_on`` and ``document``: of the agreement with the police, ``authority`` with whom.
    """

    __tablename__ = "viewing_switch"
    __table_args__ = (
        # For viewing, no setting lets one person be enough.
        CheckConstraint("asked_by <> granted_by", name="two_people"),
    )

    agreed_on: Mapped[date]
    document: Mapped[str] = mapped_column(short_text(120))
    authority: Mapped[str] = mapped_column(short_text(200))
    asked_by: Mapped[str] = mapped_column(short_text(80))
    granted_by: Mapped[str] = mapped_column(short_text(80))
    on_at: Mapped[datetime]
    off_at: Mapped[datetime | None]
    off_by: Mapped[str | None] = mapped_column(short_text(80))


class Viewing(Identified, Base):
    """One look of one person at one file of an item; the reason stands in the audit log.

    ``token_digest``: of the one token, which the browser's session ``session_id`` alone may use.
    ``shown_at``: when the picture was handed out, ``ended_at`` when it was put away, as far as the
    browser said so. ``outcome``: an ``Outcome``, or the problem for which nothing was shown.
    """

    __tablename__ = "viewing"
    __table_args__ = (
        Index("ix_viewing_person_id", "person_id", "asked_at"),
        Index("ix_viewing_item_id", "item_id"),
        Index("ix_viewing_shown_at", "shown_at"),
    )

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    # No foreign keys here and below: sessions, items and files may be
    # forgotten before it is that somebody looked.
    session_id: Mapped[uuid.UUID]
    item_id: Mapped[uuid.UUID]
    media_id: Mapped[uuid.UUID]
    part: Mapped[int | None]
    is_violent: Mapped[bool]
    token_digest: Mapped[str] = mapped_column(short_text(64))
    asked_at: Mapped[datetime]
    shown_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(short_text(20))

    person: Mapped[Person] = relationship(lazy="joined")
