"""Tables of what people do with a case for each other: tags, words, notes, steps that are done."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.accounts.models import Person
from hotline.core.storage.database import Base, Identified, short_text


class CaseTag(Identified, Base):
    """A word that people put on a case to find it again; with ``expires_at`` for a while only."""

    __tablename__ = "case_tag"
    __table_args__ = (
        UniqueConstraint("case_id", "tag"),
        Index("ix_case_tag_tag", "tag", "case_id"),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_file.id"))
    tag: Mapped[str] = mapped_column(short_text(40))
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(short_text(80))
    expires_at: Mapped[datetime | None] = mapped_column(index=True)


class HandOver(Identified, Base):
    """A word to whoever works on the case next, sealed under the case's key.

    ``to_id``: to whom it was handed; None is whoever takes it.
    """

    __tablename__ = "hand_over"
    __table_args__ = (Index("ix_hand_over_case_id", "case_id", "at"),)

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_file.id"))
    from_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    to_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    words: Mapped[bytes] = mapped_column(LargeBinary)

    giver: Mapped[Person] = relationship(foreign_keys=[from_id], lazy="joined")
    taker: Mapped[Person | None] = relationship(
        foreign_keys=[to_id], lazy="joined"
    )


class CaseNote(Identified, Base):
    """What somebody writes for all who work on the case, sealed under the case's key."""

    __tablename__ = "case_note"
    __table_args__ = (
        Index("ix_case_note_case_id", "case_id", "at"),
        Index("ix_case_note_author_id", "author_id"),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_file.id"))
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    words: Mapped[bytes] = mapped_column(LargeBinary)

    author: Mapped[Person] = relationship(lazy="joined")


class CaseMention(Identified, Base):
    """Somebody whom a note names; ``opened_at``: when they went to it from their list."""

    __tablename__ = "case_mention"
    __table_args__ = (
        UniqueConstraint("note_id", "person_id"),
        Index("ix_case_mention_person_id", "person_id", "opened_at"),
    )

    note_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_note.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime | None]

    note: Mapped[CaseNote] = relationship(lazy="joined")


class StepTick(Identified, Base):
    """A person says that a step of the case's playbook is done, in the round of the case."""

    __tablename__ = "step_tick"
    __table_args__ = (UniqueConstraint("case_id", "round", "step"),)

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_file.id"))
    round: Mapped[int]
    step: Mapped[str] = mapped_column(short_text(40))
    ticked_at: Mapped[datetime]
    ticked_by: Mapped[str] = mapped_column(short_text(80))
