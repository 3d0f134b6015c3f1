"""What a case can be found by, in the order of each tab: hosts, networks, countries and senders.

Where thousands of cases have a value, neither reading the tab until a page is full nor sorting all
that have the value is quick. A mark is one value of one case beside what the tab is ordered by, so
that the first page is read from an index, however many there are.

The database itself keeps the marks (``triage.cases.listing.mark_triggers``).
"""

from __future__ import annotations

import uuid
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, delete, desc, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.storage.database import Base, short_text

LONGEST = 300


class MarkKind(StrEnum):
    """What is marked; those of which few cases have one value come first."""

    HOST = "host"
    NETWORK = "network"
    SENDER = "sender"
    COUNTRY = "country"


class CaseMark(Base):
    """One value of a case, such as ``network:AS64500``, with the case's state and priority."""

    __tablename__ = "case_mark"
    __table_args__ = (
        Index(
            "ix_case_mark_ranked",
            "mark",
            "state",
            desc("priority"),
            "case_id",
        ),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("case_file.id"), primary_key=True
    )
    mark: Mapped[str] = mapped_column(short_text(LONGEST), primary_key=True)
    state: Mapped[str] = mapped_column(short_text(32))
    priority: Mapped[int]


def mark_of(kind: MarkKind, value: str) -> str:
    """As it is kept."""
    return f"{kind}:{value}"


def forget_marks(session: Session, case_id: uuid.UUID) -> None:
    """A case that is forgotten is found by none of its values any more."""
    session.flush()
    # The forgetting changed the items, and PostgreSQL would mark them anew at the end.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET CONSTRAINTS mark_changed_item IMMEDIATE"))
    session.execute(delete(CaseMark).where(CaseMark.case_id == case_id))
