"""Tables of the rota, of alerts, and of each try to reach somebody."""

from __future__ import annotations

import uuid
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.accounts.models import Person
from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.machine import Machine, Stateful
from partners.duty.states import AlertEvent, AlertState, Way
from triage.cases.models import Case

ALERT_MACHINE = Machine(
    "duty_alert",
    AlertState.OPEN,
    MappingProxyType(
        {
            (AlertState.OPEN, AlertEvent.CALLED): AlertState.OPEN,
            (
                AlertState.OPEN,
                AlertEvent.ACKNOWLEDGED,
            ): AlertState.ACKNOWLEDGED,
        }
    ),
)


class DutyContact(Identified, Base):
    """How one person is reached at any hour; an empty way is none."""

    __tablename__ = "duty_contact"

    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("person.id"), unique=True
    )
    email: Mapped[str] = mapped_column(short_text(320), default="")
    phone: Mapped[str] = mapped_column(short_text(20), default="")
    topic: Mapped[str] = mapped_column(short_text(64), default="")

    person: Mapped[Person] = relationship(lazy="joined")

    @property
    def addresses(self) -> dict[Way, str]:
        """The ways that there are, with the address of each."""
        ways = {
            Way.EMAIL: self.email,
            Way.SMS: self.phone,
            Way.PUSH: self.topic,
        }
        return {way: address for way, address in ways.items() if address}


class DutyTurn(Identified, Base):
    """When a person is on duty: days and hours of the country's clock, and their place in the list.

    A turn whose end is not after its beginning ends on the next day.
    """

    __tablename__ = "duty_turn"

    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("person.id"), index=True
    )
    place: Mapped[int] = mapped_column(default=1)
    days: Mapped[list[str]] = mapped_column(default=list)
    starts: Mapped[str] = mapped_column(short_text(5))
    ends: Mapped[str] = mapped_column(short_text(5))

    person: Mapped[Person] = relationship(lazy="joined")


class Alert(Identified, Stateful, Base):
    """Something urgent waits in a case, and somebody has to say that they take it."""

    __tablename__ = "duty_alert"

    machine: ClassVar[Machine] = ALERT_MACHINE

    case_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("case_file.id"), index=True
    )
    opened_at: Mapped[datetime]
    rounds_of_all: Mapped[int] = mapped_column(default=0)
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str] = mapped_column(short_text(80), default="")

    case: Mapped[Case] = relationship(lazy="selectin")


class AlertCall(Identified, Base):
    """A message to one person by one way about one alert; ``tries`` counts what was attempted."""

    __tablename__ = "duty_call"

    alert_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("duty_alert.id"), index=True
    )
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    way: Mapped[str] = mapped_column(short_text(12))
    address: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(short_text(300), default="")

    person: Mapped[Person] = relationship(lazy="joined")
