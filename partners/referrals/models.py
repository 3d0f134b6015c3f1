"""Tables of plans, referrals and police holds, and their state machines."""

from __future__ import annotations

import uuid
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.machine import Machine, Stateful
from partners.directory.models import Partner
from partners.referrals.routes import PlannedRoute
from partners.states import (
    HoldEvent,
    HoldState,
    PlanEvent,
    PlanState,
    ReferralEvent,
    ReferralState,
)
from triage.cases.models import Case

PLAN_MACHINE = Machine(
    "plan",
    PlanState.REQUESTED,
    MappingProxyType(
        {
            (PlanState.REQUESTED, PlanEvent.APPROVED): PlanState.APPROVED,
            (PlanState.REQUESTED, PlanEvent.REJECTED): PlanState.REJECTED,
            (PlanState.REQUESTED, PlanEvent.WITHDRAWN): PlanState.WITHDRAWN,
            # the case was opened again, or its routes are others: what may still be done of the
            # plan can be approved; where nothing is left, it is asked for anew
            (PlanState.REQUESTED, PlanEvent.NARROWED): PlanState.REQUESTED,
            (PlanState.REQUESTED, PlanEvent.SUPERSEDED): PlanState.SUPERSEDED,
        }
    ),
)

REFERRAL_MACHINE = Machine(
    "referral",
    ReferralState.APPROVED,
    MappingProxyType(
        {
            (
                ReferralState.APPROVED,
                ReferralEvent.QUEUED,
            ): ReferralState.QUEUED,
            (
                ReferralState.QUEUED,
                ReferralEvent.DELIVERED,
            ): ReferralState.DELIVERED,
            **{
                (
                    state,
                    ReferralEvent.TOLD_BY_HAND,
                ): ReferralState.DELIVERED
                for state in (ReferralState.APPROVED, ReferralState.FAILED)
            },
            (ReferralState.QUEUED, ReferralEvent.FAILED): ReferralState.FAILED,
            (ReferralState.FAILED, ReferralEvent.QUEUED): ReferralState.QUEUED,
            # Mail that was accepted may come back.
            (
                ReferralState.DELIVERED,
                ReferralEvent.FAILED,
            ): ReferralState.FAILED,
            (
                ReferralState.DELIVERED,
                ReferralEvent.ACKNOWLEDGED,
            ): ReferralState.ACKNOWLEDGED,
            (
                ReferralState.DELIVERED,
                ReferralEvent.TAKEN_UP,
            ): ReferralState.TAKEN_UP,
            (
                ReferralState.DELIVERED,
                ReferralEvent.NO_ACTION,
            ): ReferralState.NO_ACTION,
            (
                ReferralState.DELIVERED,
                ReferralEvent.MORE_WANTED,
            ): ReferralState.MORE_WANTED,
            (
                ReferralState.DELIVERED,
                ReferralEvent.CLOSED,
            ): ReferralState.CLOSED,
            (
                ReferralState.ACKNOWLEDGED,
                ReferralEvent.TAKEN_UP,
            ): ReferralState.TAKEN_UP,
            (
                ReferralState.ACKNOWLEDGED,
                ReferralEvent.NO_ACTION,
            ): ReferralState.NO_ACTION,
            (
                ReferralState.ACKNOWLEDGED,
                ReferralEvent.MORE_WANTED,
            ): ReferralState.MORE_WANTED,
            (
                ReferralState.ACKNOWLEDGED,
                ReferralEvent.CLOSED,
            ): ReferralState.CLOSED,
            (
                ReferralState.MORE_WANTED,
                ReferralEvent.QUEUED,
            ): ReferralState.QUEUED,
            # the office may go on without waiting for our answer
            (
                ReferralState.MORE_WANTED,
                ReferralEvent.TAKEN_UP,
            ): ReferralState.TAKEN_UP,
            (
                ReferralState.MORE_WANTED,
                ReferralEvent.NO_ACTION,
            ): ReferralState.NO_ACTION,
            (
                ReferralState.MORE_WANTED,
                ReferralEvent.CLOSED,
            ): ReferralState.CLOSED,
            (
                ReferralState.TAKEN_UP,
                ReferralEvent.MORE_WANTED,
            ): ReferralState.MORE_WANTED,
            (
                ReferralState.TAKEN_UP,
                ReferralEvent.NO_ACTION,
            ): ReferralState.NO_ACTION,
            (
                ReferralState.TAKEN_UP,
                ReferralEvent.CLOSED,
            ): ReferralState.CLOSED,
            (
                ReferralState.NO_ACTION,
                ReferralEvent.CLOSED,
            ): ReferralState.CLOSED,
            # until the office is done with it, also after it has arrived
            **{
                (state, ReferralEvent.WITHDRAWN): ReferralState.WITHDRAWN
                for state in ReferralState
                if state not in (ReferralState.CLOSED, ReferralState.WITHDRAWN)
            },
        }
    ),
)

# Expiry is a state of its own: it goes to a supervisor and sends nothing by itself.
HOLD_MACHINE = Machine(
    "hold",
    HoldState.PENDING,
    MappingProxyType(
        {
            # The police have the referral: only now can they use the time.
            (HoldState.PENDING, HoldEvent.STARTED): HoldState.ACTIVE,
            # the hold of another referral takes its place
            **{
                (state, HoldEvent.CANCELLED): HoldState.CANCELLED
                for state in (
                    HoldState.PENDING,
                    HoldState.ACTIVE,
                    HoldState.EXPIRED,
                )
            },
            (HoldState.PENDING, HoldEvent.RELEASED): HoldState.RELEASED,
            (HoldState.ACTIVE, HoldEvent.EXTENDED): HoldState.ACTIVE,
            (HoldState.ACTIVE, HoldEvent.RELEASED): HoldState.RELEASED,
            (HoldState.ACTIVE, HoldEvent.EXPIRED): HoldState.EXPIRED,
            (HoldState.EXPIRED, HoldEvent.EXTENDED): HoldState.ACTIVE,
            (HoldState.EXPIRED, HoldEvent.RELEASED): HoldState.RELEASED,
        }
    ),
)

# What has not left, or did not arrive.
NOT_DELIVERED = (
    ReferralState.APPROVED,
    ReferralState.QUEUED,
    ReferralState.FAILED,
)

# The office is done with it, or it was taken back. A failed one is not among them: it leaves once
# its address is confirmed.
DONE_WITH = (
    ReferralState.NO_ACTION,
    ReferralState.CLOSED,
    ReferralState.WITHDRAWN,
)

# States in which nothing about the item may leave the house.
HOLDING = (HoldState.PENDING, HoldState.ACTIVE, HoldState.EXPIRED)


class Plan(Identified, Stateful, Base):
    """The routes that a person asks to be taken for a case; another person approves them.

    ``round`` and ``routing_digest``: the case as it was when they were asked for.
    """

    __tablename__ = "plan"
    __table_args__ = (
        # The two-person rule holds in the database too; two_person is False only by setting.
        CheckConstraint(
            "NOT two_person OR approved_by IS NULL OR approved_by <> requested_by",
            name="two_person",
        ),
        Index(
            # Of people one at a time; the police of a known match are told by
            # the service beside it.
            "uq_plan_open",
            "case_id",
            unique=True,
            postgresql_where=text(
                "state = 'requested' AND requested_by <> 'system'"
            ),
            sqlite_where=text(
                "state = 'requested' AND requested_by <> 'system'"
            ),
        ),
    )

    machine: ClassVar[Machine] = PLAN_MACHINE

    case_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("case_file.id"), index=True
    )
    routes: Mapped[list[Any]] = mapped_column(default=list)
    note: Mapped[str] = mapped_column(Text, default="")
    requested_at: Mapped[datetime]
    requested_by: Mapped[str] = mapped_column(short_text(80))
    approved_by: Mapped[str | None] = mapped_column(short_text(80))
    two_person: Mapped[bool] = mapped_column(default=True)
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    routing_digest: Mapped[str] = mapped_column(
        short_text(64), default="", server_default=""
    )

    case: Mapped[Case] = relationship(lazy="selectin")

    @property
    def planned_routes(self) -> list[PlannedRoute]:
        return [PlannedRoute.from_json(route) for route in self.routes]


class Referral(Identified, Stateful, Base):
    """A case told to police, a partner hotline, a helpline or another office.

    ``automatic``: the match on which the service itself told the police (list, entry, hash,
    distance, quality); None where people decided. ``told``: what the office is told of people,
    sealed under the referral's own key, as the second person approved it. ``withdrawal_asked_by``:
    who wants it taken back, as long as another person has to agree.
    """

    __tablename__ = "referral"
    __table_args__ = (
        Index(
            "uq_referral_plan_id", "plan_id", "partner_id", "kind", unique=True
        ),
        Index("ix_referral_their_reference", "their_reference"),
        # Those few that somebody wants taken back.
        Index(
            "ix_referral_withdrawal_asked",
            "state_since",
            postgresql_where=text("withdrawal_asked_by <> ''"),
            sqlite_where=text("withdrawal_asked_by <> ''"),
        ),
    )

    machine: ClassVar[Machine] = REFERRAL_MACHINE

    reference: Mapped[str] = mapped_column(short_text(24), unique=True)
    case_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("case_file.id"), index=True
    )
    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("plan.id"))
    partner_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("partner.id"), index=True
    )
    kind: Mapped[str] = mapped_column(short_text(24))  # the route's "to"
    urgency: Mapped[str] = mapped_column(short_text(12))
    why: Mapped[str] = mapped_column(Text, default="")
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    # when the office is reminded next, how often it was, and since when that has not helped
    chase_at: Mapped[datetime | None] = mapped_column(index=True)
    reminded: Mapped[int] = mapped_column(default=0, server_default="0")
    escalated_at: Mapped[datetime | None]
    # when it leaves together with others; None where it leaves by itself
    leaves_at: Mapped[datetime | None]
    package_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("referral_package.id"), index=True
    )
    their_reference: Mapped[str] = mapped_column(short_text(120), default="")
    automatic: Mapped[dict[str, Any] | None]
    told: Mapped[bytes | None] = mapped_column(LargeBinary)
    link_mac: Mapped[bytes | None] = mapped_column(
        LargeBinary(32), unique=True
    )
    link_expires_at: Mapped[datetime | None]
    link_number: Mapped[int] = mapped_column(default=0, server_default="0")
    withdrawal_asked_by: Mapped[str] = mapped_column(
        short_text(80), default="", server_default=""
    )
    withdrawal_reason: Mapped[str] = mapped_column(
        Text, default="", server_default=""
    )

    case: Mapped[Case] = relationship(lazy="selectin")
    partner: Mapped[Partner] = relationship(lazy="selectin")


class ReferralPackage(Identified, Base):
    """Referrals that one letter lists; each stays its own, with its reference and its page."""

    __tablename__ = "referral_package"

    reference: Mapped[str] = mapped_column(short_text(24), unique=True)
    partner_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("partner.id"), index=True
    )
    created_at: Mapped[datetime]


class ReferralMessage(Identified, Base):
    """A word between the office and the hotline about one referral, both ways, sealed."""

    __tablename__ = "referral_message"

    referral_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("referral.id"), index=True
    )
    at: Mapped[datetime]
    is_ours: Mapped[bool]
    actor: Mapped[str] = mapped_column(short_text(80))
    text: Mapped[bytes] = mapped_column(LargeBinary)


class ReferralLetter(Identified, Base):
    """What left the house about one referral in one delivery, sealed.

    A delivery is forgotten before it, so it is named here and nothing more.
    """

    __tablename__ = "referral_letter"
    __table_args__ = (UniqueConstraint("referral_id", "delivery_id"),)

    referral_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("referral.id"))
    delivery_id: Mapped[uuid.UUID]
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ReferralOutcome(Identified, Base):
    """One thing that came of a referral, as the office says; taken back, it is gone."""

    __tablename__ = "referral_outcome"
    __table_args__ = (UniqueConstraint("referral_id", "outcome"),)

    referral_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("referral.id"))
    outcome: Mapped[str] = mapped_column(short_text(20))  # an OfficeOutcome
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(short_text(80))


class Hold(Identified, Stateful, Base):
    """A police hold: while it is pending, active or expired, no notice about the item leaves."""

    __tablename__ = "hold"
    __table_args__ = (Index("ix_hold_officer_reference", "officer_reference"),)

    machine: ClassVar[Machine] = HOLD_MACHINE

    case_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("case_file.id"), index=True
    )
    referral_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("referral.id"), unique=True
    )
    deadline: Mapped[datetime | None] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(Text, default="")
    officer_reference: Mapped[str] = mapped_column(short_text(120), default="")

    referral: Mapped[Referral] = relationship(lazy="selectin")
