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
from partners.states import DeliveryEvent as Event
from partners.states import DeliveryState as State
from partners.states import Purpose

DELIVERY_MACHINE = Machine(
    "delivery",
    State.QUEUED,
    MappingProxyType(
        {
            (State.QUEUED, Event.ATTEMPTED): State.SENDING,
            # The worker died in between, or a try failed and another one follows.
            (State.SENDING, Event.ATTEMPTED): State.SENDING,
            (State.SENDING, Event.ACCEPTED): State.SENT,
            (State.SENDING, Event.FAILED): State.FAILED,
            # Its address was taken back before the first try.
            (State.QUEUED, Event.FAILED): State.FAILED,
            (State.QUEUED, Event.CANCELLED): State.CANCELLED,
            (State.SENDING, Event.CANCELLED): State.CANCELLED,
            (State.FAILED, Event.RETRIED): State.QUEUED,
        }
    ),
)
UNSETTLED = (State.QUEUED, State.SENDING)
"""Of it nobody knows yet whether it arrives."""


class Delivery(Identified, Stateful, Base):
    """``message_id`` is stable over all tries, so that a receiver can tell a repetition."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_subject", "subject", "subject_id"),)

    machine: ClassVar[Machine] = DELIVERY_MACHINE

    subject: Mapped[str] = mapped_column(
        short_text(12)
    )  # referral, package, notice
    subject_id: Mapped[uuid.UUID]
    purpose: Mapped[str] = mapped_column(short_text(20), default=Purpose.FIRST)
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
