"""Tables of people, of what is asked for about them, and of how they prove who they are."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    LargeBinary,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.accounts.permissions import role_allows
from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.ids import new_staff_code
from hotline.core.storage.machine import Machine, Stateful

PERSON = "person:"
"""Stands before a user name where history and log name who acted."""


class PersonAct(StrEnum):
    """What can be done to somebody's account. The values are stored."""

    ADD = "add"
    DISABLE = "disable"
    ENABLE = "enable"
    RENEW_PASSWORD = "password"  # noqa: S105  # the act, not a password
    RESET_FACTORS = "factors"
    DROP_NAME = "name"
    LINK = "link"
    UNLINK = "unlink"
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
    LAPSED = "lapsed"
    """No other administrator answered in time."""


class RequestEvent(StrEnum):
    """What moves a request from one state to the next."""

    APPROVED = "approved"
    """Another administrator agreed."""
    REFUSED = "refused"
    """Another administrator said no."""
    WITHDRAWN = "withdrawn"
    """Whoever asked took it back."""
    LAPSED = "lapsed"
    """The same was asked for anew after its time."""


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
            (RequestState.ASKED, RequestEvent.LAPSED): RequestState.LAPSED,
        }
    ),
)


class Person(Identified, Base):
    """A member of staff. People are disabled, never deleted: the audit log names them."""

    __tablename__ = "person"

    username: Mapped[str] = mapped_column(short_text(60), unique=True)
    code: Mapped[str | None] = mapped_column(
        short_text(9), unique=True, index=True, default=new_staff_code
    )
    """What stands for the person outside the house; none where an older version added them."""
    sealed_name: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The full name, under the person's own data key."""
    display_name: Mapped[str] = mapped_column(short_text(120))
    role: Mapped[str] = mapped_column(short_text(20))
    language: Mapped[str] = mapped_column(short_text(12), default="")
    email: Mapped[str] = mapped_column(short_text(200), default="")
    """Where invitations go; never shown to a partner."""
    password_hash: Mapped[str] = mapped_column(short_text(200))
    """Empty until an invited person has chosen a password: no password fits that."""
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    @property
    def actor(self) -> str:
        """How audit and history name the person."""
        return f"{PERSON}{self.username}"

    def may(self, permission: str) -> bool:
        """By the role of now; nobody may do anything who is disabled."""
        return self.disabled_at is None and role_allows(self.role, permission)


class PersonRequest(Identified, Stateful, Base):
    """An act on a person that one administrator asks for, and that another one approves.

    ``display_name`` and ``role`` are of those that are added, or whose role changes; ``email`` is
    where the link goes by which somebody chooses a password.
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
    email: Mapped[str] = mapped_column(short_text(200), default="")
    subject: Mapped[str] = mapped_column(
        short_text(255), default="", server_default=""
    )
    """Of an identity that is linked: the provider's own word for the person."""
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
    browser: Mapped[str] = mapped_column(short_text(60), default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    proven_at: Mapped[datetime | None]
    """When a second factor was last proven in this session."""
    challenge: Mapped[bytes | None] = mapped_column(LargeBinary(64))
    """What a passkey is to sign next; it is used once."""
    provider_session: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    """A digest of the identity provider's session by which this one was opened."""

    person: Mapped[Person] = relationship(lazy="joined")


class TotpSecret(Identified, Base):
    """The shared secret of an authenticator app, sealed under the person's own data key."""

    __tablename__ = "totp_secret"

    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("person.id"), index=True
    )
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    """When a first code proved that the app has it; until then it counts for nothing."""
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    """The time step of the last code that was used: none up to it is taken again."""


class Passkey(Identified, Base):
    """A key pair in somebody's device; the private half never leaves it."""

    __tablename__ = "passkey"

    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("person.id"), index=True
    )
    name: Mapped[str] = mapped_column(short_text(60))
    # WebAuthn allows no longer one.
    credential_id: Mapped[bytes] = mapped_column(
        LargeBinary(1023), unique=True
    )
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RecoveryCode(Identified, Base):
    """A code for the day on which phone and key are lost. Only its hash is stored."""

    __tablename__ = "recovery_code"

    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("person.id"), index=True
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Invitation(Identified, Base):
    """A one-time link by which a person chooses their own password.

    The link's token is made from the id under the links key, so that the mail can be sent again;
    only its MAC is stored.
    """

    __tablename__ = "invitation"

    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("person.id"), index=True
    )
    mac: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    email: Mapped[str] = mapped_column(short_text(200), default="")
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="joined")
