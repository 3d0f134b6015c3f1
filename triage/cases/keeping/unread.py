"""What reporters wrote and nobody has read yet, though nothing else leads anybody to it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVarTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hotline.core.storage.database import delete_some, insert_once
from hotline.intake.models import Report, ReportMessage, ReportPart
from hotline.intake.retention import is_unread, says_what_nobody_read
from triage.cases.keeping.models import LateReport
from triage.cases.machines import DECIDED
from triage.cases.models import Assessment, Case, CaseItem
from triage.cases.vocabulary import CaseState
from triage.items.models import Sighting

NOBODY_LOOKS = (CaseState.IN_PROGRESS, CaseState.REMOVED)
"""States in which a case waits for others: a report that comes in is counted, and opens nothing."""
SHOWN = 200
"""Reports that one page shows; who waits longest comes first."""
Row = TypeVarTuple("Row")
_CAME_AFTER = Report.received_at > func.coalesce(
    select(func.max(Assessment.at))
    .where(Assessment.case_id == Case.id)
    .correlate(Case)
    .scalar_subquery(),
    Case.opened_at,
)


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


def note_late_reports(
    session: Session, case: Case, reports: Sequence[Report]
) -> None:
    """Of reports that come in about the case: those that say something where people have decided
    already. They are few, and could not be found among all reports in time for a page."""
    if case.state not in DECIDED:
        return
    for report in reports:
        if report.narrative is not None or report.answers is not None:
            insert_once(
                session, LateReport, ["report_id"], report_id=report.id
            )


def list_unread_reports(session: Session) -> list[tuple[Case, datetime]]:
    """(case, when it came in) for each report about a case in which everything was decided, that
    says something which no person opened: what lies there may be known, and the child not yet.

    The newest ones, of those that came after the case was assessed.
    """
    rows = session.execute(
        _of_cases(select(Report.id, Case, Report.received_at))
        .join(LateReport, LateReport.report_id == Report.id)
        .where(
            Case.state.in_(NOBODY_LOOKS),
            _CAME_AFTER,
            says_what_nobody_read(),
        )
        .order_by(Report.received_at.desc())
        .limit(SHOWN)
    )
    # Of a report that names several of a case's places, one point.
    of_report = {(row[0], row[1].id): (row[1], row[2]) for row in rows}
    return list(of_report.values())


def drop_settled_reports(session: Session, *, limit: int) -> int:
    """Rows of late reports that somebody has read, that are forgotten, or whose cases were decided
    anew. A closed case keeps its own: what lay there may come back, and the case with it."""
    waits = (
        _of_cases(select(Report.id))
        .where(
            Report.id == LateReport.report_id,
            Case.state.in_(DECIDED),
            _CAME_AFTER,
            says_what_nobody_read(),
        )
        .correlate(LateReport)
    )
    return delete_some(session, LateReport, ~waits.exists(), limit=limit)


def _of_cases(query: Select[*Row]) -> Select[*Row]:
    """``query`` of late reports with each case that decides a place which they name."""
    return (
        query.select_from(Report)
        .join(ReportPart, ReportPart.report_id == Report.id)
        .join(Sighting, Sighting.part_id == ReportPart.id)
        .join(CaseItem, CaseItem.item_id == Sighting.item_id)
        .join(Case, Case.id == CaseItem.case_id)
        .where(Sighting.held.is_(False))
    )


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
