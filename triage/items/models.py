"""Tables of items, their sightings, hosting facts, visits and the hashes found there."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.core.storage.database import Base, Identified, short_text
from triage.media.models import Media

IS_ADDRESS = "fact = 'address'"
"""Of an observation; word for word as its index has it, or that is not used."""


class Item(Identified, Base):
    """One location, whatever the number of reports about it. ``key`` is its identity.

    A narrative without any location is an item of kind ``narrative`` whose key is the report's id.
    """

    __tablename__ = "item"
    __table_args__ = (
        # With the id, the newest of a host that has very many are found without sorting them.
        Index("ix_item_host_id", "host", "id"),
        Index("ix_item_registrable_domain_id", "registrable_domain", "id"),
        Index("ix_item_asn_id", "asn", "id"),
    )

    key: Mapped[str] = mapped_column(short_text(200), unique=True)
    kind: Mapped[str] = mapped_column(short_text(20), index=True)
    canonical: Mapped[str] = mapped_column(Text)
    display: Mapped[str] = mapped_column(Text)
    platform: Mapped[str | None] = mapped_column(short_text(40), index=True)
    content_id: Mapped[str | None] = mapped_column(Text)
    host: Mapped[str | None] = mapped_column(short_text(260))
    registrable_domain: Mapped[str | None] = mapped_column(short_text(260))
    fetchable: Mapped[bool] = mapped_column(default=False)
    sighting_count: Mapped[int] = mapped_column(default=0)
    first_reported_at: Mapped[datetime]
    last_reported_at: Mapped[datetime]
    # The newest agreed hosting facts; where they come from stands in HostingObservation.
    hosting_kind: Mapped[str] = mapped_column(
        short_text(20), default="unknown"
    )
    hosting_country: Mapped[str | None] = mapped_column(
        short_text(2), index=True
    )
    # Such as AS64500.
    asn: Mapped[str | None] = mapped_column(short_text(16))
    abuse_contact: Mapped[str | None] = mapped_column(short_text(260))
    examined_at: Mapped[datetime | None]

    media: Mapped[list[ItemMedia]] = relationship(back_populates="item")


class Sighting(Identified, Base):
    """One reported part that names the item; a part names one item, once.

    ``held``: the report came in a flood; it does not count until a person lets it through.
    """

    __tablename__ = "sighting"
    # A job that runs twice counts once.
    __table_args__ = (UniqueConstraint("part_id", "item_id"),)

    item_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("item.id"), index=True
    )
    part_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("report_part.id"))
    at: Mapped[datetime]
    held: Mapped[bool] = mapped_column(default=False, server_default=false())


class ItemAccess(Identified, Base):
    """How this item is fetched where the ordinary way shows nothing (``triage.items.access``)."""

    __tablename__ = "item_access"

    item_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("item.id"), unique=True
    )
    cookies: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    userinfo: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    referrer: Mapped[str] = mapped_column(Text, default="")
    user_agent: Mapped[str] = mapped_column(Text, default="")
    route: Mapped[str] = mapped_column(short_text(40), default="")
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(short_text(80))


class HostingObservation(Identified, Base):
    """One fact about hosting, as one source gave it at one time; ``value`` None is "unknown"."""

    __tablename__ = "hosting_observation"
    __table_args__ = (
        Index("ix_hosting_observation_item_id_at", "item_id", "at"),
        # Few of the facts are addresses, and they alone are looked for by their value.
        Index(
            "ix_hosting_observation_address",
            "value",
            "item_id",
            postgresql_where=text(IS_ADDRESS),
            sqlite_where=text(IS_ADDRESS),
        ),
    )

    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("item.id"))
    fact: Mapped[str] = mapped_column(short_text(40))
    value: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(short_text(260))
    source: Mapped[str] = mapped_column(short_text(80))
    at: Mapped[datetime]
    confidence: Mapped[float]


class HostingHop(Identified, Base):
    """Where the item was hosted from ``at`` on. A changed host is a new hop, with a new clock."""

    __tablename__ = "hosting_hop"
    __table_args__ = (UniqueConstraint("item_id", "number"),)

    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("item.id"))
    number: Mapped[int]
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(short_text(20))
    country: Mapped[str | None] = mapped_column(short_text(2))
    asn: Mapped[str | None] = mapped_column(short_text(16))
    abuse_contact: Mapped[str | None] = mapped_column(short_text(260))


class Visit(Identified, Base):
    """One fetch of the item: what the network answered, never what it showed."""

    __tablename__ = "visit"
    __table_args__ = (Index("ix_visit_item_id_at", "item_id", "at"),)

    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("item.id"))
    at: Mapped[datetime]
    purpose: Mapped[str] = mapped_column(short_text(12))  # first, check
    outcome: Mapped[str] = mapped_column(short_text(20))
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(short_text(60))
    report: Mapped[dict[str, Any]]
    # of availability checks only
    verdict: Mapped[str | None] = mapped_column(short_text(20))
    reasons: Mapped[list[str] | None]
    evidence: Mapped[dict[str, Any] | None]
    control_ok: Mapped[bool | None]
    vantage: Mapped[str] = mapped_column(short_text(12), default="own")


class ItemMedia(Identified, Base):
    """A file seen at an item: page to files and file to pages, many to many."""

    __tablename__ = "item_media"
    __table_args__ = (UniqueConstraint("item_id", "media_id"),)

    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("item.id"))
    media_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("media.id"), index=True
    )
    url: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(short_text(12))
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]

    item: Mapped[Item] = relationship(back_populates="media")
    media: Mapped[Media] = relationship(lazy="selectin")
