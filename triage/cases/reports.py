"""The reports of a case."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVarTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from hotline.core.errors import NotFound, phrase
from hotline.intake.models import Report, ReportPart
from triage.cases.models import Case
from triage.cases.places import item_ids_of
from triage.items.models import Sighting

Row = TypeVarTuple("Row")
COUNTS = Sighting.held.is_(False)
"""What a flood holds back waits for a person, and says nothing of the case yet."""


def about_case(query: Select[*Row], case: Case) -> Select[*Row]:
    """A ``query`` of ``Report``, of those that name any place of the case: a row for each time that
    one does."""
    return (
        query.join(ReportPart, ReportPart.report_id == Report.id)
        .join(Sighting, Sighting.part_id == ReportPart.id)
        .where(Sighting.item_id.in_(item_ids_of(case.id)))
    )


@dataclass(frozen=True, slots=True)
class Reported:
    """How often a case was reported, and when."""

    count: int
    first_at: datetime
    last_at: datetime


def when_reported(session: Session, case: Case) -> Reported:
    """Of all its places together: "on Saturday" in a report is the Saturday after it came in."""
    times = select(
        func.count(Report.id.distinct()),
        func.min(Report.received_at),
        func.max(Report.received_at),
    )
    counted = about_case(times, case).where(COUNTS)
    count, first_at, last_at = session.execute(counted).one()
    return Reported(
        count, first_at or case.opened_at, last_at or case.opened_at
    )


def tells_of_danger(session: Session, case: Case) -> bool:
    """Whether a report that counts says that a child is in danger now."""
    query = about_case(select(Report.id), case)
    query = query.where(COUNTS, Report.danger_now)
    return session.scalar(query.limit(1)) is not None


def report_of_case(
    session: Session, case: Case, report_id: uuid.UUID
) -> Report:
    """A report about this case's item, with its parts; any other does not exist here."""
    report = session.scalar(
        about_case(select(Report), case)
        .where(Report.id == report_id)
        .options(selectinload(Report.parts))
        .limit(1)
    )
    if report is None:
        raise NotFound(phrase("There is no such report."))
    return report
