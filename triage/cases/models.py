"""Tables of cases, their places, and assessments."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    desc,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.accounts.models import Person
from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.ids import new_id
from hotline.core.storage.machine import Machine, Stateful
from triage.cases.machines import CASE_MACHINE, PLACE_MACHINE
from triage.cases.vocabulary import (
    Held,
)
from triage.hosting.kinds import HostingKind
from triage.items.models import Item
from triage.locations.others.address_use import (
    IP_ADDRESS,
    is_used_by_person,
)


class Case(Identified, Stateful, Base):
    """What is decided and told together: one or more items, and the people around them.

    ``routing``: the answer of the jurisdiction rules for all its items together, with reasons.
    ``merged_into_id``: the case that this one became a part of; it has no items of its own then.
    ``awaits_call_since``: a child is in danger, and nobody has telephoned the police yet.
    ``held``: whether reports of a flood wait here for a person to let them through, and how much
    the most urgent of them says, as a ``Held``.
    ``forgotten_at``: its period is over; what is left of it are the figures.
    """

    __tablename__ = "case_file"
    __table_args__ = (
        # As a tab is read: the most urgent first, among equals the one that waits longest.
        Index(
            "ix_case_file_ranked",
            "state",
            desc("priority"),
            "id",
        ),
        # The same of one kind.
        Index(
            "ix_case_file_kind_ranked",
            "kind",
            "state",
            desc("priority"),
            "id",
        ),
        # As the queue finds what a person holds.
        Index("ix_case_file_claim", "claimed_by_id", "claimed_until"),
        Index(
            "ix_case_file_held_ranked",
            desc("held"),
            "id",
            postgresql_where=text("held > 0"),
            sqlite_where=text("held > 0"),
        ),
        Index(
            "ix_case_file_merged_into_id",
            "merged_into_id",
            postgresql_where=text("merged_into_id IS NOT NULL"),
            sqlite_where=text("merged_into_id IS NOT NULL"),
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
    kind: Mapped[str] = mapped_column(short_text(40), default="unknown")
    danger_now: Mapped[bool] = mapped_column(default=False)
    time_presses: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )
    word_themes: Mapped[list[str]] = mapped_column(
        default=list, server_default="[]"
    )
    child_reporter: Mapped[bool] = mapped_column(default=False)
    own_material: Mapped[bool] = mapped_column(default=False)
    held: Mapped[int] = mapped_column(default=Held.NONE, server_default="0")
    awaits_call_since: Mapped[datetime | None]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    claimed_by_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("person.id")
    )
    claimed_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]

    merged_into_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("case_file.id")
    )

    places: Mapped[list[CaseItem]] = relationship(
        back_populates="case", order_by="CaseItem.number", lazy="selectin"
    )
    claimed_by: Mapped[Person | None] = relationship(lazy="selectin")
    assessments: Mapped[list[Assessment]] = relationship(
        back_populates="case", order_by="Assessment.at"
    )

    @property
    def items(self) -> list[Item]:
        """All its items; the first one is what the case is called by on a list."""
        return [place.item for place in self.places]

    @property
    def item(self) -> Item:
        return self.places[0].item

    @property
    def located(self) -> list[CaseItem]:
        """Those of its items that are a location; words alone are none."""
        return [place for place in self.places if place.item.canonical]

    @property
    def is_hosted(self) -> bool:
        """Whether any of it lies with somebody; of a case in words nothing can be held."""
        return any(place.has_host for place in self.places)

    def place_of(self, item_id: uuid.UUID) -> CaseItem | None:
        """Where ``item_id`` stands in this case; None where it is no item of it."""
        for place in self.places:
            if place.item_id == item_id:
                return place
        return None

    def class_items(self, item_classes: Mapping[str, str]) -> None:
        """Keep the classes that people found for single items, by the item's hex id.

        Every place is written: an earlier round may have left a class where there is none now.
        """
        for place in self.places:
            place.assessed_class = item_classes.get(place.item_id.hex, "")

    def add_item(self, item: Item, at: datetime) -> CaseItem:
        """Make ``item``, which is in no case yet, one of this case's."""
        numbers = [place.number for place in self.places]
        return CaseItem(
            id=new_id(),
            case=self,
            item=item,
            number=max(numbers, default=0) + 1,
            added_at=at,
            state=PLACE_MACHINE.initial,
            state_since=at,
        )


class CaseItem(Identified, Stateful, Base):
    """An item in the case in which it is decided. An item is in one case only.

    ``state`` is how far its removal is, apart from what is done about the people of the case.
    ``assessed_class``: where people found another class for it than for the case; else empty.
    ``routing``: the answer of the jurisdiction rules for this item alone; empty where it is the
    case's only one, whose answer the case has.
    """

    __tablename__ = "case_item"
    __table_args__ = (Index("ix_case_item_case_id", "case_id", "number"),)

    machine: ClassVar[Machine] = PLACE_MACHINE

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_file.id"))
    item_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("item.id"), unique=True
    )
    number: Mapped[int]
    added_at: Mapped[datetime]
    assessed_class: Mapped[str] = mapped_column(
        short_text(20), default="", server_default=""
    )
    routing: Mapped[dict[str, Any]] = mapped_column(default=dict)

    case: Mapped[Case] = relationship(back_populates="places")
    item: Mapped[Item] = relationship(lazy="joined", innerjoin=True)

    @property
    def is_used_by_person(self) -> bool:
        """Whether it is the address of somebody who took part, and of no server."""
        item = self.item
        return item.kind == IP_ADDRESS and is_used_by_person(
            item.canonical, self.case.kind
        )

    @property
    def hosting_kind(self) -> HostingKind:
        """How it is hosted, as far as the case is concerned.

        What was looked up of the item does not know who reported it: behind an address that a
        person used there is no host, whatever its network says.
        """
        if not self.item.canonical:
            return HostingKind.NONE
        if self.is_used_by_person:
            return HostingKind.P2P
        return HostingKind(self.item.hosting_kind)

    @property
    def has_host(self) -> bool:
        """Whether somebody could be asked to take down what lies there, as far as is known."""
        kind = self.hosting_kind
        is_named = self.item.host is not None
        return kind.has_host or (kind is HostingKind.UNKNOWN and is_named)


class Assessment(Identified, Base):
    """One person's answers to the schema ``scheme``/``version``; one a person and round.

    ``item_classes``: item id in hexadecimal -> class, of items that are not of the case's class.
    """

    __tablename__ = "assessment"
    __table_args__ = (
        UniqueConstraint("case_id", "person_id", "round"),
        # As a person's own day is read, and that of the team.
        Index("ix_assessment_person_id", "person_id", "at"),
        Index("ix_assessment_at", "at"),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_file.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    round: Mapped[int] = mapped_column(
        default=1
    )  # rises when the case is opened again
    began_at: Mapped[datetime | None]  # when the person took the case
    at: Mapped[datetime]
    scheme: Mapped[str] = mapped_column(short_text(40))
    version: Mapped[str] = mapped_column(short_text(20))
    answers: Mapped[dict[str, Any]]
    item_classes: Mapped[dict[str, Any]] = mapped_column(
        default=dict, server_default="{}"
    )
    note: Mapped[bytes | None] = mapped_column(LargeBinary)

    case: Mapped[Case] = relationship(back_populates="assessments")
    person: Mapped[Person] = relationship(lazy="selectin")
