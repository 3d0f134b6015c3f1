"""Tables of reports. What is personal is sealed under the report's own key; nothing else is kept.

No address, user agent or other trace of the reporter's connection has a column here, on purpose.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.machine import Machine, Stateful
from hotline.intake.registry.vocabulary import PartEvent, PartState

PART_MACHINE = Machine(
    "report_part",
    PartState.RECEIVED,
    MappingProxyType(
        {
            (PartState.RECEIVED, PartEvent.EXAMINED): PartState.IN_REVIEW,
            # Part of a flood, not a report; it counts again as soon as its place is looked at.
            (PartState.RECEIVED, PartEvent.SET_ASIDE): PartState.SET_ASIDE,
            (PartState.SET_ASIDE, PartEvent.REOPENED): PartState.IN_REVIEW,
            (PartState.SET_ASIDE, PartEvent.EXAMINED): PartState.IN_REVIEW,
            (PartState.IN_REVIEW, PartEvent.PASSED_ON): PartState.PASSED_ON,
            (
                PartState.IN_REVIEW,
                PartEvent.NOT_ILLEGAL,
            ): PartState.NOT_ILLEGAL,
            (PartState.IN_REVIEW, PartEvent.CLOSED): PartState.CLOSED,
            (PartState.PASSED_ON, PartEvent.REMOVED): PartState.REMOVED,
            (PartState.PASSED_ON, PartEvent.CLOSED): PartState.CLOSED,
            (PartState.IN_REVIEW, PartEvent.REMOVED): PartState.REMOVED,
            (PartState.REMOVED, PartEvent.REAPPEARED): PartState.PASSED_ON,
            (PartState.NOT_ILLEGAL, PartEvent.REOPENED): PartState.IN_REVIEW,
            (PartState.CLOSED, PartEvent.REOPENED): PartState.IN_REVIEW,
        }
    ),
)
"""What happens to each reported location, as its reporter may know it."""


_KEPT = "erased_at IS NULL"


class Report(Identified, Base):
    """One report as it came in. It has one part per location, or a single narrative part."""

    __tablename__ = "report"
    __table_args__ = (
        # Of known senders only: what the public sends has none, and costs no entry.
        Index(
            "ix_report_source",
            "source",
            postgresql_where=text("source <> ''"),
            sqlite_where=text("source <> ''"),
        ),
        # What is not forgotten yet: of the reports of many years, those of one or two.
        Index(
            "ix_report_kept",
            "received_at",
            postgresql_where=text(_KEPT),
            sqlite_where=text(_KEPT),
        ),
    )

    received_at: Mapped[datetime] = mapped_column(index=True)
    channel: Mapped[str] = mapped_column(short_text(20))  # a Channel
    source: Mapped[str] = mapped_column(short_text(80), default="")
    language: Mapped[str] = mapped_column(short_text(12))
    # A value of ``ReportKind``; a kind that was taken out since keeps its old word.
    kind: Mapped[str] = mapped_column(short_text(40), index=True)
    reporter_role: Mapped[str] = mapped_column(
        short_text(20), default="unknown"
    )
    danger_now: Mapped[bool] = mapped_column(default=False)
    time_presses: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )
    # whether the child was said to be in another country; which one stays sealed
    child_elsewhere: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )
    # what its words point to, as the queue's weights call it; never the words themselves
    word_themes: Mapped[list[str]] = mapped_column(server_default="[]")
    own_material: Mapped[bool] = mapped_column(default=False)
    receipt_mac: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    narrative: Mapped[bytes | None] = mapped_column(LargeBinary)
    contact: Mapped[bytes | None] = mapped_column(LargeBinary)
    contact_terms: Mapped[bytes | None] = mapped_column(LargeBinary)
    answers: Mapped[bytes | None] = mapped_column(LargeBinary)
    seen_at: Mapped[bytes | None] = mapped_column(LargeBinary)  # a SaidTime
    held_for_review: Mapped[bool] = mapped_column(default=False)
    erased_at: Mapped[datetime | None]
    contact_erased_at: Mapped[datetime | None]

    parts: Mapped[list[ReportPart]] = relationship(
        back_populates="report", order_by="ReportPart.position"
    )


class ReportPart(Identified, Stateful, Base):
    """One reported location (``text`` as it was typed, sealed), or the narrative of a report."""

    __tablename__ = "report_part"
    __table_args__ = (UniqueConstraint("report_id", "position"),)

    machine: ClassVar[Machine] = PART_MACHINE

    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("report.id"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(short_text(20))  # a PartKind
    text: Mapped[bytes | None] = mapped_column(LargeBinary)

    report: Mapped[Report] = relationship(back_populates="parts")


class ReportMessage(Identified, Base):
    """A later word between reporter and hotline, both ways, through the receipt alone."""

    __tablename__ = "report_message"

    report_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("report.id"), index=True
    )
    at: Mapped[datetime]
    author: Mapped[str] = mapped_column(short_text(12))  # a MessageAuthor
    actor: Mapped[str] = mapped_column(short_text(80))
    text: Mapped[bytes] = mapped_column(LargeBinary)


class ReportMention(Identified, Base):
    """One report names the receipt of another; the code itself is kept nowhere."""

    __tablename__ = "report_mention"
    __table_args__ = (UniqueConstraint("report_id", "named_id"),)

    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("report.id"))
    named_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("report.id"), index=True
    )


class IdempotencyKey(Identified, Base):
    """A client's key for one submission: the same key and body give the same answer again.

    The answer holds the receipt, so it is sealed under a key that only the client's own key yields.
    """

    __tablename__ = "idempotency_key"

    mac: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SpentProof(Identified, Base):
    """A proof of work that was used. Nothing leads from it to a report or a visitor."""

    __tablename__ = "spent_proof"

    mac: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Draft(Identified, Base):
    """A half-filled form. It opens with a key that only the browser's session cookie holds."""

    __tablename__ = "report_draft"

    mac: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ApiKey(Identified, Base):
    """A known sender. ``name`` is the source of its reports; only a hash of the key is kept."""

    __tablename__ = "api_key"

    name: Mapped[str] = mapped_column(short_text(80), unique=True)
    mac: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    """A digest of the key; ``keyed``: made under the service's key ``links``, as it was once."""
    keyed: Mapped[bool] = mapped_column(default=False, server_default=true())
    previous_mac: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    """Of the key before this one, which works until ``previous_until``."""
    previous_until: Mapped[datetime | None]
    scopes: Mapped[list[str]]
    daily_quota: Mapped[int]
    used_on: Mapped[str] = mapped_column(short_text(10), default="")
    used: Mapped[int] = mapped_column(default=0)
    webhook_url: Mapped[str] = mapped_column(short_text(500), default="")
    webhook_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    webhook_previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Signs what is sent beside the present one, until ``webhook_previous_until``."""
    webhook_previous_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
