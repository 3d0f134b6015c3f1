"""Table of what was done by hand."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.storage.database import Base, Identified, short_text


class ManualAct(Identified, Base):
    """A person told somebody of a case, or tried to, or says why it is not needed.

    ``route``: the ``Route.id`` that it was done for; ``round``: of assessments, as the case had it.
    """

    __tablename__ = "manual_act"

    case_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("case_file.id"), index=True
    )
    round: Mapped[int]
    route: Mapped[str] = mapped_column(short_text(120))
    way: Mapped[str] = mapped_column(short_text(12))
    outcome: Mapped[str] = mapped_column(short_text(12))
    reached: Mapped[str] = mapped_column(short_text(200), default="")
    number: Mapped[str] = mapped_column(short_text(120), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(short_text(80))
