"""What reporters wrote after their report and nobody has read yet: they were promised a reader."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.storage.audit import AuditEntry
from hotline.intake.models import ReportMessage, ReportPart
from triage.cases.models import Case, CaseItem
from triage.items.models import Sighting

LOOKED_BACK = timedelta(days=60)
SHOWN = 200
"""Reports that one page shows; who waits longest comes first."""
AT_ONCE = 500
"""Reports whose reading is looked up in one query."""


def list_unread(
    session: Session, now: datetime
) -> list[tuple[Case, datetime]]:
    """(case, when the reporter last wrote) for each report with words that no person opened."""
    written = func.max(ReportMessage.at)
    wrote = session.execute(
        select(ReportMessage.report_id, written)
        .where(
            ReportMessage.author == "reporter",
            ReportMessage.at > now - LOOKED_BACK,
        )
        .group_by(ReportMessage.report_id)
        .order_by(written)
    ).all()
    waiting: dict[uuid.UUID, datetime] = {}
    for start in range(0, len(wrote), AT_ONCE):
        some = {row[0]: row[1] for row in wrote[start : start + AT_ONCE]}
        opened = _times_opened(session, some)
        waiting |= {
            report_id: at
            for report_id, at in some.items()
            if report_id not in opened or opened[report_id] < at
        }
        if len(waiting) >= SHOWN:
            break
    cases = _cases_of_reports(session, waiting)
    shown = [report_id for report_id in waiting if report_id in cases][:SHOWN]
    return [(cases[report_id], waiting[report_id]) for report_id in shown]


def _times_opened(
    session: Session, reports: Mapping[uuid.UUID, datetime]
) -> dict[uuid.UUID, datetime]:
    """When a person last opened the words of each report, as the audit log has it."""
    reads = session.execute(
        select(AuditEntry.entity_id, func.max(AuditEntry.at))
        .where(
            AuditEntry.entity_id.in_(
                [str(report_id) for report_id in reports]
            ),
            AuditEntry.action == "personal.read",
            AuditEntry.actor.startswith("person:"),
        )
        .group_by(AuditEntry.entity_id)
    )
    return {uuid.UUID(row[0]): row[1] for row in reads}


def _cases_of_reports(
    session: Session, reports: Mapping[uuid.UUID, datetime]
) -> dict[uuid.UUID, Case]:
    """One case of each report: its words can be read from any of them."""
    rows = session.execute(
        select(ReportPart.report_id, Case)
        .join(Sighting, Sighting.part_id == ReportPart.id)
        .join(CaseItem, CaseItem.item_id == Sighting.item_id)
        .join(Case, Case.id == CaseItem.case_id)
        .where(ReportPart.report_id.in_(list(reports)))
        .order_by(Case.id.desc())
    )
    return {row[0]: row[1] for row in rows}
