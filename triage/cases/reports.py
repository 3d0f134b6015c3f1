"""The reports of a case."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from hotline.core.errors import NotFound, phrase
from hotline.intake.models import Report, ReportPart
from triage.cases.models import Case
from triage.cases.places import item_ids_of
from triage.items.models import Sighting


def report_of_case(
    session: Session, case: Case, report_id: uuid.UUID
) -> Report:
    """A report about this case's item, with its parts; any other does not exist here."""
    report = session.scalar(
        select(Report)
        .join(ReportPart, ReportPart.report_id == Report.id)
        .join(Sighting, Sighting.part_id == ReportPart.id)
        .where(
            Report.id == report_id,
            Sighting.item_id.in_(item_ids_of(case.id)),
        )
        .options(selectinload(Report.parts))
        .limit(1)
    )
    if report is None:
        raise NotFound(phrase("There is no such report."))
    return report
