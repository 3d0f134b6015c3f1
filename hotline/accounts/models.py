"""Tables of people and their sessions."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.core.storage.database import Base, Identified, short_text


class Person(Identified, Base):
    """A member of staff. People are disabled, never deleted: the audit log names them."""

    __tablename__ = "person"

    username: Mapped[str] = mapped_column(short_text(60), unique=True)
    display_name: Mapped[str] = mapped_column(short_text(120))
    role: Mapped[str] = mapped_column(short_text(20))
    language: Mapped[str] = mapped_column(short_text(12), default="")
    password_hash: Mapped[str] = mapped_column(short_text(200))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    @property
    def actor(self) -> str:
        """How audit and history name the person."""
        return f"person:{self.username}"


class LoginSession(Identified, Base):
    """A signed-in browser. Only a hash of the cookie's token is stored."""

    __tablename__ = "login_session"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("person.id"), index=True
    )
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    person: Mapped[Person] = relationship(lazy="joined")
