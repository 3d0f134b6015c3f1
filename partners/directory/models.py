"""Tables of the directory: whom we tell, how, and whether a person confirmed the address."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.storage.database import Base, Identified, short_text


class Partner(Identified, Base):
    """One organisation or one host's abuse desk. Nothing is sent to an unapproved address.

    ``entered_by``, ``head_entered_by``: who entered an address that waits to be confirmed, which
    another person does; empty where nobody did, e.g. where a network publishes it.
    """

    __tablename__ = "partner"

    code: Mapped[str] = mapped_column(short_text(80), unique=True)
    kind: Mapped[str] = mapped_column(short_text(24), index=True)
    country: Mapped[str | None] = mapped_column(short_text(2), index=True)
    name: Mapped[str] = mapped_column(short_text(200))
    languages: Mapped[list[str]] = mapped_column(default=list)
    channel: Mapped[str] = mapped_column(
        short_text(12), default="email"
    )  # email, http, none
    address: Mapped[str] = mapped_column(Text, default="")
    telephone: Mapped[str] = mapped_column(
        short_text(40), default="", server_default=""
    )
    # of whoever is above the office: told where it does not answer
    head_address: Mapped[str] = mapped_column(
        short_text(320), default="", server_default=""
    )
    details: Mapped[dict[str, Any]] = mapped_column(
        default=dict
    )  # territory, hours, ASNs
    source: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    entered_by: Mapped[str] = mapped_column(
        short_text(80), default="", server_default=""
    )
    head_entered_by: Mapped[str] = mapped_column(
        short_text(80), default="", server_default=""
    )
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str] = mapped_column(short_text(80), default="")
    last_success_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
