"""Tables of notices and of what providers answer, and the notice's state machine."""

from __future__ import annotations

import uuid
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.machine import Machine, Stateful
from partners.directory.models import Partner
from partners.states import NoticeEvent, NoticeState
from triage.cases.models import Case
from triage.items.models import Item

_ANSWERABLE = (
    NoticeState.SENT,
    NoticeState.ACKNOWLEDGED,
    NoticeState.CLAIMED_REMOVED,
    NoticeState.DISPUTED,
    NoticeState.ESCALATED,
    NoticeState.PRESERVED,
)

# The host has it and has not said that it did anything: reminders are for these.
OPEN = (NoticeState.SENT, NoticeState.ACKNOWLEDGED, NoticeState.PRESERVED)
# What has not left, or did not arrive.
UNSENT = (
    NoticeState.AWAITING_RELEASE,
    NoticeState.AWAITING_CONTACT,
    NoticeState.QUEUED,
    NoticeState.FAILED,
)
UNDER_WAY = (
    NoticeState.AWAITING_RELEASE,
    NoticeState.AWAITING_CONTACT,
    NoticeState.QUEUED,
    NoticeState.CLAIMED_REMOVED,
    *OPEN,
)

NOTICE_MACHINE = Machine(
    "notice",
    NoticeState.AWAITING_RELEASE,
    MappingProxyType(
        {
            (
                NoticeState.AWAITING_RELEASE,
                NoticeEvent.RELEASED,
            ): NoticeState.QUEUED,
            (
                NoticeState.AWAITING_RELEASE,
                NoticeEvent.WITHDRAWN,
            ): NoticeState.WITHDRAWN,
            (
                NoticeState.AWAITING_RELEASE,
                NoticeEvent.VERIFIED,
            ): NoticeState.VERIFIED_REMOVED,
            # The network is looked up again just before sending; a host that nobody confirmed yet
            # waits for a person.
            (
                NoticeState.QUEUED,
                NoticeEvent.CONTACT_UNCONFIRMED,
            ): NoticeState.AWAITING_CONTACT,
            (
                NoticeState.AWAITING_CONTACT,
                NoticeEvent.CONTACT_CONFIRMED,
            ): NoticeState.QUEUED,
            (
                NoticeState.AWAITING_CONTACT,
                NoticeEvent.WITHDRAWN,
            ): NoticeState.WITHDRAWN,
            (
                NoticeState.AWAITING_CONTACT,
                NoticeEvent.VERIFIED,
            ): NoticeState.VERIFIED_REMOVED,
            (NoticeState.QUEUED, NoticeEvent.SENT): NoticeState.SENT,
            **{
                (state, NoticeEvent.TOLD_BY_HAND): NoticeState.SENT
                for state in (NoticeState.AWAITING_CONTACT, NoticeState.FAILED)
            },
            (NoticeState.QUEUED, NoticeEvent.FAILED): NoticeState.FAILED,
            (NoticeState.QUEUED, NoticeEvent.WITHDRAWN): NoticeState.WITHDRAWN,
            (
                NoticeState.QUEUED,
                NoticeEvent.HELD,
            ): NoticeState.AWAITING_RELEASE,
            (
                NoticeState.FAILED,
                NoticeEvent.CONTACT_CONFIRMED,
            ): NoticeState.QUEUED,
            (NoticeState.FAILED, NoticeEvent.RETRIED): NoticeState.QUEUED,
            (NoticeState.FAILED, NoticeEvent.WITHDRAWN): NoticeState.WITHDRAWN,
            (
                NoticeState.FAILED,
                NoticeEvent.VERIFIED,
            ): NoticeState.VERIFIED_REMOVED,
            (
                NoticeState.QUEUED,
                NoticeEvent.VERIFIED,
            ): NoticeState.VERIFIED_REMOVED,
            **{
                (state, NoticeEvent.ACKNOWLEDGED): NoticeState.ACKNOWLEDGED
                for state in (NoticeState.SENT, NoticeState.ESCALATED)
            },
            # A host's "removed" is a claim until our own checks agree.
            **{
                (
                    state,
                    NoticeEvent.CLAIMED_REMOVED,
                ): NoticeState.CLAIMED_REMOVED
                for state in _ANSWERABLE
            },
            **{
                (state, NoticeEvent.PRESERVED): NoticeState.PRESERVED
                for state in (NoticeState.SENT, NoticeState.ACKNOWLEDGED)
            },
            **{
                (state, NoticeEvent.DISPUTED): NoticeState.DISPUTED
                for state in _ANSWERABLE
            },
            **{
                (state, NoticeEvent.VERIFIED): NoticeState.VERIFIED_REMOVED
                for state in _ANSWERABLE
            },
            **{
                (state, NoticeEvent.WITHDRAWN): NoticeState.WITHDRAWN
                for state in _ANSWERABLE
            },
            **{
                (state, NoticeEvent.ESCALATED): NoticeState.ESCALATED
                for state in (*OPEN, NoticeState.DISPUTED)
            },
            (
                NoticeState.CLAIMED_REMOVED,
                NoticeEvent.STILL_UP,
            ): NoticeState.ACKNOWLEDGED,
            (
                NoticeState.VERIFIED_REMOVED,
                NoticeEvent.REAPPEARED,
            ): NoticeState.ACKNOWLEDGED,
            # It was gone before anybody had been told; now somebody must be.
            (
                NoticeState.VERIFIED_REMOVED,
                NoticeEvent.UNTOLD,
            ): NoticeState.AWAITING_RELEASE,
        }
    ),
)


class Notice(Identified, Stateful, Base):
    """One notice to one contact about one or more items of one case.

    ``desk``: what its items had in common when it was made: a published contact, a network, a
    platform. A plan makes one notice of a kind for each.
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index("uq_notice_plan_desk", "plan_id", "kind", "desk", unique=True),
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
    desk: Mapped[str] = mapped_column(
        short_text(300), default="", server_default=""
    )
    why: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str] = mapped_column(short_text(12), default="en")
    needs_release: Mapped[bool] = mapped_column(default=True)
    # A person chose the partner: it is not looked up before the notice leaves.
    contact_named: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    link_mac: Mapped[bytes | None] = mapped_column(
        LargeBinary(32), unique=True
    )
    link_expires_at: Mapped[datetime | None]
    link_number: Mapped[int] = mapped_column(default=0, server_default="0")
    link_revoked_at: Mapped[datetime | None]

    case: Mapped[Case] = relationship(lazy="selectin")
    partner: Mapped[Partner | None] = relationship(lazy="selectin")
    items: Mapped[list[NoticeItem]] = relationship(
        back_populates="notice", order_by="NoticeItem.id", lazy="selectin"
    )
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
    item: Mapped[Item] = relationship(lazy="joined", innerjoin=True)


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
