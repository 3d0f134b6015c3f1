"""Tables of decisions that the quality reviewer judges, and of gold items that analysts answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.core.storage.database import Base, Identified, short_text
from triage.cases.models import Case


class DrawnFor(StrEnum):
    """Why a decision was drawn. The values are stored."""

    ALONE = "alone"
    """One person decided it."""
    MACHINE = "machine"
    """Lists proposed a class for it."""


class QualityReview(Identified, Base):
    """A decision that was drawn by chance, and what the reviewer says of the case themself.

    ``answers``: to the decisive questions, by ``version`` of them, given before the decision is
    shown. ``is_gold``: the right answers are beyond doubt, so that accuracy is measured by them.
    """

    __tablename__ = "quality_review"
    __table_args__ = (
        UniqueConstraint("case_id", "round"),
        Index("ix_quality_review_judged_at", "judged_at"),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_file.id"))
    round: Mapped[int]
    drawn_for: Mapped[str] = mapped_column(short_text(12))
    drawn_at: Mapped[datetime]
    judged_at: Mapped[datetime | None]
    judged_by_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("person.id")
    )
    version: Mapped[str] = mapped_column(short_text(20), default="")
    answers: Mapped[Mapping[str, object]] = mapped_column(default=dict)
    is_gold: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )

    case: Mapped[Case] = relationship(lazy="joined")


class GoldCheck(Identified, Base):
    """A gold item that an analyst was asked about. No assessment: nothing follows from it.

    ``answers``: to the decisive questions, by ``version`` of them; none where it was left out.
    """

    __tablename__ = "gold_check"
    __table_args__ = (
        UniqueConstraint("review_id", "person_id"),
        Index("ix_gold_check_person_id", "person_id", "taken_at"),
        Index("ix_gold_check_ended_at", "ended_at"),
    )

    review_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("quality_review.id")
    )
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    taken_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    version: Mapped[str] = mapped_column(short_text(20), default="")
    answers: Mapped[Mapping[str, object]] = mapped_column(default=dict)

    review: Mapped[QualityReview] = relationship(lazy="joined")
