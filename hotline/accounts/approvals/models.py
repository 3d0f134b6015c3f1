"""What one person asked for and another one grants: the table and its states."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.machine import Machine, Stateful


class ApprovalState(StrEnum):
    """What became of a question."""

    ASKED = "asked"
    """Another person is to agree."""
    GRANTED = "granted"
    """Another person agreed; whoever asked may use it until it ends."""
    USED = "used"
    """It was used, and can be used no more."""
    REFUSED = "refused"
    """Another person said no."""
    WITHDRAWN = "withdrawn"
    """Whoever asked took it back."""
    LAPSED = "lapsed"
    """Nobody answered in time."""


class ApprovalEvent(StrEnum):
    """What moves a question from one state to the next."""

    GRANTED = "granted"
    USED = "used"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


APPROVAL_MACHINE = Machine(
    "approval",
    ApprovalState.ASKED,
    MappingProxyType(
        {
            (
                ApprovalState.ASKED,
                ApprovalEvent.GRANTED,
            ): ApprovalState.GRANTED,
            (
                ApprovalState.ASKED,
                ApprovalEvent.REFUSED,
            ): ApprovalState.REFUSED,
            (
                ApprovalState.ASKED,
                ApprovalEvent.WITHDRAWN,
            ): ApprovalState.WITHDRAWN,
            (ApprovalState.ASKED, ApprovalEvent.LAPSED): ApprovalState.LAPSED,
            (ApprovalState.GRANTED, ApprovalEvent.USED): ApprovalState.USED,
            # Whoever granted it thinks again, or whoever asked gives it back.
            (
                ApprovalState.GRANTED,
                ApprovalEvent.WITHDRAWN,
            ): ApprovalState.WITHDRAWN,
        }
    ),
)


class Approval(Identified, Stateful, Base):
    """One act on one thing, asked for by one person and granted by another.

    ``kind`` is an act's code, ``subject`` the thing as the log writes its id, ``about`` what a
    reader knows it by (a case's reference, a list's name; never a person's name). ``ends_at``:
    until when it can be granted, and once it was, until when it may be used.
    """

    __tablename__ = "approval"
    __table_args__ = (
        # The rule of two holds in the database too; two_person is False only by setting.
        CheckConstraint(
            "NOT two_person OR granted_by IS NULL OR granted_by <> asked_by",
            name="two_person",
        ),
        CheckConstraint(
            "state NOT IN ('granted', 'used') OR granted_by IS NOT NULL",
            name="granted_by_somebody",
        ),
        Index(
            # Two may ask the same at one moment; only one question stays open.
            "ix_approval_asked",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("state = 'asked'"),
            postgresql_where=text("state = 'asked'"),
        ),
        Index("ix_approval_subject", "subject"),
    )

    machine: ClassVar[Machine] = APPROVAL_MACHINE

    kind: Mapped[str] = mapped_column(short_text(30))
    subject: Mapped[str] = mapped_column(short_text(80))
    about: Mapped[str] = mapped_column(short_text(120), default="")
    why: Mapped[str] = mapped_column(Text)
    details: Mapped[Mapping[str, object]] = mapped_column(default=dict)
    asked_at: Mapped[datetime] = mapped_column(index=True)
    asked_by: Mapped[str] = mapped_column(short_text(80))
    granted_at: Mapped[datetime | None]
    granted_by: Mapped[str | None] = mapped_column(short_text(80))
    ends_at: Mapped[datetime]
    two_person: Mapped[bool] = mapped_column(default=True)
