"""What reporters wrote after their report and nobody has read yet: they were promised a reader."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.intake.models import ReportMessage, ReportPart
from hotline.intake.retention import is_unread
from triage.cases.models import Case, CaseItem
from triage.items.models import Sighting

SHOWN = 200
"""Reports that one page shows; who waits longest comes first."""


def list_unread(session: Session) -> list[tuple[Case, datetime]]:
    """(case, when the reporter last wrote) for each report with words that no person opened.

    However old they are: words go with their report, and unread ones keep it for a bounded time.
    """
    written = func.max(ReportMessage.at)
    # Of reports without a case none is shown, so that some more are looked at than shown.
    wrote = session.execute(
        select(ReportMessage.report_id, written)
        .where(is_unread())
        .group_by(ReportMessage.report_id)
        .order_by(written)
        .limit(2 * SHOWN)
    ).all()
    waiting = {row[0]: row[1] for row in wrote}
    cases = _cases_of_reports(session, waiting)
    shown = [report_id for report_id in waiting if report_id in cases][:SHOWN]
    return [(cases[report_id], waiting[report_id]) for report_id in shown]


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
        # The oldest case comes last and stays in the dict: it is where the
        # report was registered first.
        .order_by(Case.id.desc())
    )
    return {row[0]: row[1] for row in rows}
