"""Reports of a possible flood: they wait at their cases until a person lets them through.

Nothing is fetched for them and they change no priority, so that whoever floods the hotline can
neither reorder its queue nor have it call on addresses of their choosing. They are never dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core import audit
from hotline.core.errors import Conflict, InvalidInput
from hotline.intake.models import Report, ReportPart
from triage.cases.models import Case
from triage.items.models import Sighting
from triage.items.service import count, look_at


def release_many(session: Session, references: Sequence[str], person: Person, now: datetime) -> int:
    """Let the reports of several cases through; those that somebody was quicker with are left."""
    if not references:
        raise InvalidInput("Choose at least one case.", fields={"/case": "is missing"})
    cases = session.scalars(
        select(Case)
        .where(Case.reference.in_(references), Case.held > 0)
        .order_by(Case.id)  # in one order, so that two people never wait for each other
        .with_for_update(of=Case)
    ).all()
    for case in cases:
        _release(session, case, person, now)
    return len(cases)


def release(session: Session, case: Case, person: Person, now: datetime) -> None:
    session.flush()
    session.refresh(case, with_for_update=True)
    if not case.held:
        raise Conflict("No report waits here; perhaps somebody let them through just now.")
    _release(session, case, person, now)


def _release(session: Session, case: Case, person: Person, now: datetime) -> None:
    held = session.execute(
        select(Sighting, Report)
        .join(ReportPart, ReportPart.id == Sighting.part_id)
        .join(Report, Report.id == ReportPart.report_id)
        .where(Sighting.item_id == case.item_id, Sighting.held)
    ).all()
    reports = [report for _, report in held]
    for sighting, _ in held:
        sighting.held = False
    count(session, case, reports, actor=person.actor, now=now)
    case.held = 0
    urgent = any(report.danger_now for report in reports)
    look_at(session, case.item, f"released {now.timestamp():.6f}", urgent=urgent, now=now)
    audit.record(
        session, actor=person.actor, action="case.reports_released", entity="case",
        entity_id=case.id, now=now, case=case.reference, reports=len(reports),
    )  # fmt: skip
