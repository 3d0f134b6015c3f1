"""Which identity of the provider is whose account here."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.accounts.models import Person
from hotline.core.storage.database import Base, Identified, short_text


class OidcLink(Identified, Base):
    """An administrator's word, approved by another one, that a subject is a person here."""

    __tablename__ = "oidc_link"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("person.id"), unique=True
    )
    issuer: Mapped[str] = mapped_column(short_text(300))
    subject: Mapped[str] = mapped_column(short_text(255))
    made_at: Mapped[datetime]

    person: Mapped[Person] = relationship(lazy="joined")


class SpentLogout(Identified, Base):
    """A logout token that was taken: it counts once. Nothing of it is kept but a digest."""

    __tablename__ = "spent_logout"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
