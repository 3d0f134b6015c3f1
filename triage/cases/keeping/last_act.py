"""What happened with a report's cases keeps the words that they were opened for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, exists

from hotline.core.storage.machine import HistoryEntry
from hotline.intake.models import Report, ReportPart
from triage.cases.models import CaseItem
from triage.items.models import Sighting


def happened_since(before: datetime) -> ColumnElement[bool]:
    """Of a ``Report`` in the query: one of its cases, or a place there, moved on since."""
    return exists().where(
        ReportPart.report_id == Report.id,
        Sighting.part_id == ReportPart.id,
        CaseItem.item_id == Sighting.item_id,
        HistoryEntry.entity_id.in_((CaseItem.case_id, CaseItem.id)),
        HistoryEntry.at > before,
    )
