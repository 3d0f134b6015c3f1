"""Table of the reports that came after the decision on their case."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.storage.database import Base


class LateReport(Base):
    """A report that says something, and that came when its case was decided: nothing else leads
    anybody to it. The row goes when somebody has read the report, or decides anew."""

    __tablename__ = "late_report"

    report_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("report.id"), primary_key=True
    )
