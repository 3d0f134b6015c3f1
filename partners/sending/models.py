"""Table of deliveries and its state machine."""

from __future__ import annotations

import uuid
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.machine import Machine, Stateful
from partners.directory.models import Partner

DELIVERY_MACHINE = Machine(
    "delivery",
    "queued",
    MappingProxyType(
        {
            ("queued", "attempted"): "sending",
            (
                "sending",
                "attempted",
            ): "sending",  # the worker died in between, or a try failed
            ("sending", "accepted"): "sent",
            ("sending", "failed"): "failed",
            ("queued", "failed"): "failed",  # its address was taken back
            # what was about to leave may not leave any more
            ("queued", "cancelled"): "cancelled",
            ("sending", "cancelled"): "cancelled",
            ("sent", "bounced"): "bounced",
            ("failed", "retried"): "queued",
        }
    ),
)


class Delivery(Identified, Stateful, Base):
    """``message_id`` is stable over all tries, so that a receiver can tell a repetition."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_subject", "subject", "subject_id"),)

    machine: ClassVar[Machine] = DELIVERY_MACHINE

    subject: Mapped[str] = mapped_column(short_text(12))  # referral, notice
    subject_id: Mapped[uuid.UUID]
    purpose: Mapped[str] = mapped_column(
        short_text(20), default="first"
    )  # first, reminder, withdrawal
    partner_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("partner.id"), index=True
    )
    channel: Mapped[str] = mapped_column(short_text(12))
    address: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str] = mapped_column(short_text(200), unique=True)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    answer: Mapped[dict[str, Any]] = mapped_column(default=dict)

    partner: Mapped[Partner] = relationship(lazy="selectin")
