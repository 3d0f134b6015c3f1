"""Tables of acts on many cases, and how such an act goes its way."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.accounts.models import Person
from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.machine import Machine, Stateful


class BulkState(StrEnum):
    """How far an act on many cases has come. The values are stored."""

    DRAFTED = "drafted"
    """Somebody looks at what it would do."""
    WAITING = "waiting"
    """It was asked for; for a minute it can be taken back."""
    RUNNING = "running"
    """Case after case is done."""
    DONE = "done"
    TAKEN_BACK = "taken_back"
    """Nothing was done."""


class BulkEvent(StrEnum):
    """What moves an act on many cases from one state to the next."""

    ASKED = "asked"
    BEGUN = "begun"
    FINISHED = "finished"
    TAKEN_BACK = "taken_back"


BULK_MACHINE = Machine(
    "bulk_act",
    BulkState.DRAFTED,
    MappingProxyType(
        {
            (BulkState.DRAFTED, BulkEvent.ASKED): BulkState.WAITING,
            (BulkState.DRAFTED, BulkEvent.TAKEN_BACK): BulkState.TAKEN_BACK,
            (BulkState.WAITING, BulkEvent.TAKEN_BACK): BulkState.TAKEN_BACK,
            (BulkState.WAITING, BulkEvent.BEGUN): BulkState.RUNNING,
            (BulkState.RUNNING, BulkEvent.FINISHED): BulkState.DONE,
        }
    ),
)


class Outcome(StrEnum):
    """What became of one case of an act. The values are stored."""

    OPEN = "open"
    DONE = "done"
    LEFT = "left"
    """Nothing was done; ``BulkCase.why`` says why."""


class BulkAct(Identified, Stateful, Base):
    """One act of one person on many cases.

    ``values``: what the act needs beside the reason: answers, a tag, a person. ``runs_at``: until
    then it can be taken back.
    """

    __tablename__ = "bulk_act"
    __table_args__ = (Index("ix_bulk_act_person_id", "person_id", "asked_at"),)

    machine: ClassVar[Machine] = BULK_MACHINE

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    act: Mapped[str] = mapped_column(short_text(20))
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    runs_at: Mapped[datetime | None]

    # Each case of the act asks again whether its person may do this.
    person: Mapped[Person] = relationship(lazy="joined")


class BulkCase(Identified, Base):
    """One case of an act. ``why``: what happens to it, or why nothing does, as a sentence; in a
    line below it the values that it takes, as JSON."""

    __tablename__ = "bulk_case"
    __table_args__ = (
        # A case that was chosen twice is done once.
        UniqueConstraint("bulk_id", "case_id"),
        Index("ix_bulk_case_outcome", "bulk_id", "outcome", "id"),
    )

    bulk_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bulk_act.id"))
    case_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("case_file.id"), index=True
    )
    outcome: Mapped[str] = mapped_column(short_text(8), default=Outcome.OPEN)
    why: Mapped[str] = mapped_column(short_text(300), default="")
