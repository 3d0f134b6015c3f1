"""Tables of cases and assessments, and the case's state machine."""

from __future__ import annotations

import uuid
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.accounts.models import Person
from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.machine import Machine, Stateful
from triage.cases.vocabulary import CaseEvent, CaseState, Held
from triage.items.models import Item

CASE_MACHINE = Machine(
    "case",
    CaseState.RECEIVED,
    MappingProxyType(
        {
            # the machine looks first; whatever it can't find out stays unknown, for a person
            (CaseState.RECEIVED, CaseEvent.EXAMINED): CaseState.WAITING,
            # somebody is in danger now: no person waits for what the machine finds out
            (CaseState.RECEIVED, CaseEvent.ALARMED): CaseState.WAITING,
            # opened by a report of a flood: nothing is done until somebody lets it through
            (CaseState.RECEIVED, CaseEvent.HELD): CaseState.HELD,
            (CaseState.HELD, CaseEvent.RELEASED): CaseState.RECEIVED,
            # a person found nothing in it that was meant as a report
            (CaseState.HELD, CaseEvent.SET_ASIDE): CaseState.CLOSED,
            (CaseState.WAITING, CaseEvent.EXAMINED): CaseState.WAITING,
            # two people assess, the second one blind; a third decides where they disagree
            (
                CaseState.WAITING,
                CaseEvent.ASSESSED_FIRST,
            ): CaseState.SECOND_ASSESSMENT,
            (CaseState.WAITING, CaseEvent.ASSESSED): CaseState.ASSESSED,
            (
                CaseState.SECOND_ASSESSMENT,
                CaseEvent.AGREED,
            ): CaseState.ASSESSED,
            (
                CaseState.SECOND_ASSESSMENT,
                CaseEvent.DISAGREED,
            ): CaseState.THIRD_ASSESSMENT,
            (
                CaseState.THIRD_ASSESSMENT,
                CaseEvent.DECIDED,
            ): CaseState.ASSESSED,
            # from the assessment to those who are told
            (CaseState.ASSESSED, CaseEvent.NOT_ILLEGAL): CaseState.NOT_ILLEGAL,
            (
                CaseState.ASSESSED,
                CaseEvent.PLAN_APPROVED,
            ): CaseState.IN_PROGRESS,
            (CaseState.ASSESSED, CaseEvent.REOPENED): CaseState.WAITING,
            (CaseState.IN_PROGRESS, CaseEvent.REMOVED): CaseState.REMOVED,
            (CaseState.IN_PROGRESS, CaseEvent.TOLD): CaseState.CLOSED,
            (CaseState.ASSESSED, CaseEvent.TOLD): CaseState.CLOSED,
            (
                CaseState.IN_PROGRESS,
                CaseEvent.PLAN_APPROVED,
            ): CaseState.IN_PROGRESS,
            # the host changed: whom to tell is to be decided anew, what was told still counts
            (CaseState.IN_PROGRESS, CaseEvent.HOST_MOVED): CaseState.ASSESSED,
            (CaseState.ASSESSED, CaseEvent.REMOVED): CaseState.REMOVED,
            (CaseState.REMOVED, CaseEvent.REAPPEARED): CaseState.IN_PROGRESS,
            (CaseState.REMOVED, CaseEvent.CLOSED): CaseState.CLOSED,
            (CaseState.CLOSED, CaseEvent.REAPPEARED): CaseState.IN_PROGRESS,
            (CaseState.CLOSED, CaseEvent.REOPENED): CaseState.WAITING,
            (CaseState.NOT_ILLEGAL, CaseEvent.REOPENED): CaseState.WAITING,
        }
    ),
)

# States in which a person has something to do, in the order of the queue's tabs.
OPEN_STATES = (
    CaseState.WAITING,
    CaseState.SECOND_ASSESSMENT,
    CaseState.THIRD_ASSESSMENT,
    CaseState.ASSESSED,
)


class Case(Identified, Stateful, Base):
    """One item, to be decided. ``routing``: the answer of the jurisdiction rules, with reasons.

    ``awaits_call_since``: a child is in danger, and nobody has telephoned the police yet.
    ``held``: whether reports of a flood wait here for a person to let them through, and how much
    the most urgent of them says, as a ``Held``.
    """

    __tablename__ = "case_file"
    __table_args__ = (
        Index("ix_case_file_queue", "state", "priority", "id"),
        Index("ix_case_file_claim", "claimed_by_id", "claimed_until"),
        Index(
            "ix_case_file_held",
            "held",
            "id",
            postgresql_where=text("held > 0"),
            sqlite_where=text("held > 0"),
        ),
        Index(
            "ix_case_file_awaits_call",
            "awaits_call_since",
            postgresql_where=text("awaits_call_since IS NOT NULL"),
            sqlite_where=text("awaits_call_since IS NOT NULL"),
        ),
    )

    machine: ClassVar[Machine] = CASE_MACHINE

    reference: Mapped[str] = mapped_column(short_text(24), unique=True)
    item_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("item.id"), unique=True
    )
    opened_at: Mapped[datetime]
    priority: Mapped[int] = mapped_column(default=0)
    priority_parts: Mapped[list[Any]] = mapped_column(default=list)
    routing: Mapped[dict[str, Any]] = mapped_column(default=dict)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    round: Mapped[int] = mapped_column(
        default=1
    )  # of assessments; rises when opened again
    proposed_class: Mapped[str] = mapped_column(short_text(20), default="")
    outcome: Mapped[dict[str, Any]] = mapped_column(
        default=dict
    )  # the agreed assessment
    kind: Mapped[str] = mapped_column(
        short_text(40), default="unknown", index=True
    )
    danger_now: Mapped[bool] = mapped_column(default=False)
    child_reporter: Mapped[bool] = mapped_column(default=False)
    own_material: Mapped[bool] = mapped_column(default=False)
    held: Mapped[int] = mapped_column(default=Held.NONE, server_default="0")
    awaits_call_since: Mapped[datetime | None]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    claimed_by_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("person.id")
    )
    claimed_until: Mapped[datetime | None]

    item: Mapped[Item] = relationship(lazy="selectin")
    claimed_by: Mapped[Person | None] = relationship(lazy="selectin")
    assessments: Mapped[list[Assessment]] = relationship(
        back_populates="case", order_by="Assessment.at"
    )


class Assessment(Identified, Base):
    """One person's answers to the schema ``scheme``/``version``; one a person and round."""

    __tablename__ = "assessment"
    __table_args__ = (UniqueConstraint("case_id", "person_id", "round"),)

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_file.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    round: Mapped[int] = mapped_column(
        default=1
    )  # rises when the case is opened again
    at: Mapped[datetime]
    scheme: Mapped[str] = mapped_column(short_text(40))
    version: Mapped[str] = mapped_column(short_text(20))
    answers: Mapped[dict[str, Any]]
    note: Mapped[bytes | None] = mapped_column(LargeBinary)

    case: Mapped[Case] = relationship(back_populates="assessments")
    person: Mapped[Person] = relationship(lazy="selectin")
