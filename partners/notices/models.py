"""Tables of notices and of what providers answer, and the notice's state machine."""

from __future__ import annotations

import uuid
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.machine import Machine, Stateful
from partners.directory.models import Partner
from triage.cases.models import Case

_ANSWERABLE = (
    "sent",
    "acknowledged",
    "claimed_removed",
    "disputed",
    "escalated",
    "preserved",
)

# The host has it and has not said that it did anything: reminders are for these.
OPEN = ("sent", "acknowledged", "preserved")
# What has not left, or did not arrive.
UNSENT = ("awaiting_release", "awaiting_contact", "queued", "failed")
UNDER_WAY = (
    "awaiting_release",
    "awaiting_contact",
    "queued",
    "claimed_removed",
    *OPEN,
)

NOTICE_MACHINE = Machine(
    "notice",
    "awaiting_release",
    MappingProxyType(
        {
            ("awaiting_release", "released"): "queued",
            ("awaiting_release", "withdrawn"): "withdrawn",
            ("awaiting_release", "verified"): "verified_removed",
            # The network is looked up again just before sending; a host that nobody confirmed yet
            # waits for a person.
            ("queued", "contact_unconfirmed"): "awaiting_contact",
            ("awaiting_contact", "contact_confirmed"): "queued",
            ("awaiting_contact", "withdrawn"): "withdrawn",
            ("awaiting_contact", "verified"): "verified_removed",
            ("queued", "sent"): "sent",
            ("queued", "failed"): "failed",
            ("queued", "withdrawn"): "withdrawn",
            ("queued", "held"): "awaiting_release",
            ("failed", "contact_confirmed"): "queued",
            ("failed", "retried"): "queued",
            ("failed", "withdrawn"): "withdrawn",
            ("failed", "verified"): "verified_removed",
            ("queued", "verified"): "verified_removed",
            ("sent", "bounced"): "failed",
            **{
                (state, "acknowledged"): "acknowledged"
                for state in ("sent", "escalated")
            },
            # A host's "removed" is a claim until our own checks agree.
            **{
                (state, "claimed_removed"): "claimed_removed"
                for state in _ANSWERABLE
            },
            **{
                (state, "preserved"): "preserved"
                for state in ("sent", "acknowledged")
            },
            **{(state, "disputed"): "disputed" for state in _ANSWERABLE},
            **{
                (state, "verified"): "verified_removed"
                for state in _ANSWERABLE
            },
            **{(state, "withdrawn"): "withdrawn" for state in _ANSWERABLE},
            **{
                (state, "escalated"): "escalated"
                for state in (*OPEN, "disputed")
            },
            ("claimed_removed", "still_up"): "acknowledged",
            ("verified_removed", "reappeared"): "acknowledged",
            # It was gone before anybody had been told; now somebody must be.
            ("verified_removed", "untold"): "awaiting_release",
        }
    ),
)


class Notice(Identified, Stateful, Base):
    """One notice to one contact about one or more items of one case."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("uq_notice_plan_id", "plan_id", "kind", unique=True),
    )

    machine: ClassVar[Machine] = NOTICE_MACHINE

    reference: Mapped[str] = mapped_column(short_text(24), unique=True)
    case_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("case_file.id"), index=True
    )
    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("plan.id"))
    partner_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("partner.id"), index=True
    )
    kind: Mapped[str] = mapped_column(
        short_text(24)
    )  # provider_notice, cdn_notice, preservation_…
    why: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str] = mapped_column(short_text(12), default="en")
    needs_release: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    link_mac: Mapped[bytes | None] = mapped_column(
        LargeBinary(32), unique=True
    )
    link_expires_at: Mapped[datetime | None]
    link_revoked_at: Mapped[datetime | None]

    case: Mapped[Case] = relationship(lazy="selectin")
    partner: Mapped[Partner | None] = relationship(lazy="selectin")
    items: Mapped[list[NoticeItem]] = relationship(back_populates="notice")
    answers: Mapped[list[ProviderAnswer]] = relationship(
        back_populates="notice", order_by="ProviderAnswer.at"
    )


class NoticeItem(Identified, Base):
    """One location of a notice; its id is stable, so that reminders join the same ticket."""

    __tablename__ = "notice_item"
    __table_args__ = (UniqueConstraint("notice_id", "item_id"),)

    notice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("notice.id"))
    item_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("item.id"), index=True
    )

    notice: Mapped[Notice] = relationship(back_populates="items")


class ProviderAnswer(Identified, Base):
    """What a host said on its page: the verb, and its own words."""

    __tablename__ = "provider_answer"

    notice_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("notice.id"), index=True
    )
    at: Mapped[datetime]
    verb: Mapped[str] = mapped_column(short_text(24))
    text: Mapped[str] = mapped_column(Text, default="")

    notice: Mapped[Notice] = relationship(back_populates="answers")
