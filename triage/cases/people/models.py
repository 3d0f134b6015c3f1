"""Tables of a case's people, what leads to them, and what is said of them to offices.

Values are sealed under the case's own key, so that erasing one key forgets them all. ``mac`` finds
the same identifier in another case without opening anything.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.storage.database import Base, Identified, short_text


class CaseIdentifier(Identified, Base):
    """Something that leads to a person; once a case."""

    __tablename__ = "case_identifier"
    __table_args__ = (
        UniqueConstraint("case_id", "mac"),
        Index("ix_case_identifier_mac", "mac"),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_file.id"))
    kind: Mapped[str] = mapped_column(short_text(20))  # an IdentifierKind
    platform: Mapped[str] = mapped_column(short_text(60), default="")
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))
    content: Mapped[bytes] = mapped_column(LargeBinary)  # IdentifierContent
    whose: Mapped[str] = mapped_column(short_text(20))  # a Whose
    source: Mapped[str] = mapped_column(short_text(12))  # a FactSource
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(short_text(80))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(short_text(80))


class ContactRelease(Identified, Base):
    """A reporter's contact that the police may have without consent; the log says why.

    It is the report's, so that it holds in whatever case the report is decided, while that one is
    of danger.
    """

    __tablename__ = "contact_release"

    report_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("report.id"), unique=True
    )
    released_at: Mapped[datetime]
    released_by: Mapped[str] = mapped_column(short_text(80))


class CasePerson(Identified, Base):
    """A child or a reported person of a case; ``number`` tells two of one role apart."""

    __tablename__ = "case_person"
    __table_args__ = (UniqueConstraint("case_id", "role", "number"),)

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_file.id"))
    role: Mapped[str] = mapped_column(short_text(20))  # a PersonRole
    number: Mapped[int]


class PersonFact(Identified, Base):
    """One thing that is known of a person, as one source said it. Earlier words stay."""

    __tablename__ = "person_fact"
    __table_args__ = (
        Index("ix_person_fact_person_id_name", "person_id", "name"),
    )

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_person.id"))
    name: Mapped[str] = mapped_column(short_text(20))  # a FactName
    value: Mapped[bytes] = mapped_column(LargeBinary)
    source: Mapped[str] = mapped_column(short_text(12))  # a FactSource
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(short_text(80))
    replaced_at: Mapped[datetime | None]


class CaseSummary(Identified, Base):
    """What an analyst writes to one kind of office; the second person reads it with the plan."""

    __tablename__ = "case_summary"
    __table_args__ = (UniqueConstraint("case_id", "office"),)

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_file.id"))
    office: Mapped[str] = mapped_column(short_text(24))  # a route's "to"
    text: Mapped[bytes] = mapped_column(LargeBinary)
    written_at: Mapped[datetime]
    written_by: Mapped[str] = mapped_column(short_text(80))
