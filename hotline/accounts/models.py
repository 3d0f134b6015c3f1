"""Tables of people, of what is asked for about them, and of their sessions."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.machine import Machine, Stateful


class PersonAct(StrEnum):
    """What can be done to somebody's account. The values are stored."""

    ADD = "add"
    DISABLE = "disable"
    ENABLE = "enable"
    RENEW_PASSWORD = "password"  # noqa: S105  # the act, not a password
    CHANGE_ROLE = "role"


class RequestState(StrEnum):
    """What became of what an administrator asked for."""

    ASKED = "asked"
    """Another administrator is to agree."""
    DONE = "done"
    """It was agreed to, and done."""
    REFUSED = "refused"
    """Another administrator said no."""
    WITHDRAWN = "withdrawn"
    """Whoever asked took it back."""


class RequestEvent(StrEnum):
    """What moves a request from one state to the next."""

    APPROVED = "approved"
    """Another administrator agreed."""
    REFUSED = "refused"
    """Another administrator said no."""
    WITHDRAWN = "withdrawn"
    """Whoever asked took it back."""


REQUEST_MACHINE = Machine(
    "person_request",
    RequestState.ASKED,
    MappingProxyType(
        {
            (RequestState.ASKED, RequestEvent.APPROVED): RequestState.DONE,
            (RequestState.ASKED, RequestEvent.REFUSED): RequestState.REFUSED,
            (
                RequestState.ASKED,
                RequestEvent.WITHDRAWN,
            ): RequestState.WITHDRAWN,
        }
    ),
)


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


class PersonRequest(Identified, Stateful, Base):
    """An act on a person that one administrator asks for, and that another one approves.

    ``display_name`` and ``role`` are of those that are added, or whose role changes.
    """

    __tablename__ = "person_request"
    __table_args__ = (
        # The rule of two holds in the database too; two_person is False only by setting.
        CheckConstraint(
            "NOT two_person OR approved_by IS NULL OR approved_by <> asked_by",
            name="two_person",
        ),
    )

    machine: ClassVar[Machine] = REQUEST_MACHINE

    kind: Mapped[str] = mapped_column(short_text(20))
    username: Mapped[str] = mapped_column(short_text(60), index=True)
    display_name: Mapped[str] = mapped_column(short_text(120), default="")
    role: Mapped[str] = mapped_column(short_text(20), default="")
    why: Mapped[str] = mapped_column(Text, default="")
    asked_at: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(short_text(80))
    approved_by: Mapped[str | None] = mapped_column(short_text(80))
    two_person: Mapped[bool] = mapped_column(default=True)


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
