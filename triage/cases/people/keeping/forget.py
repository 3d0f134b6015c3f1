"""When a case's people are forgotten: with the last of the reports that told of them.

The period is that of reports (``retention_report_days`` after the last act of either side). Words
that nobody has read hold a report, and so they hold its case's people too.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.storage import audit
from hotline.intake.models import Report, ReportPart
from triage.cases.handling.models import CaseNote, HandOver
from triage.cases.handling.notes import delete_notes
from triage.cases.models import Case, CaseItem
from triage.cases.people.models import (
    CaseIdentifier,
    CasePerson,
    CaseSummary,
    PersonFact,
)
from triage.cases.vocabulary import CaseState
from triage.items.models import Sighting

# What a merged case knew of people was copied to the case that it became a part of.
OVER = (CaseState.CLOSED, CaseState.NOT_ILLEGAL, CaseState.MERGED)
BATCH = 500


def is_forgotten() -> ColumnElement[bool]:
    """Of a ``Case`` in the query: it is over, and every report about it was erased."""
    report_is_left = (
        exists()
        .where(
            CaseItem.case_id == Case.id,
            Sighting.item_id == CaseItem.item_id,
            ReportPart.id == Sighting.part_id,
            Report.id == ReportPart.report_id,
            Report.erased_at.is_(None),
        )
        .correlate(Case)
    )
    return Case.state.in_(OVER) & ~report_is_left


def forget_people(session: Session, context: Context, *, now: datetime) -> int:
    """Erase the keys, and what they sealed, of cases whose reports are gone; returns how many."""
    # A batch a run: the round comes by again until none is due.
    due = _list_due(session)
    for case in due:
        forget_people_of(session, context, case.id)
        audit.record_entry(
            session,
            actor=audit.SYSTEM,
            action="case.people_forgotten",
            entity="case",
            entity_id=case.id,
            now=now,
        )
    return len(due)


def forget_people_of(
    session: Session, context: Context, case_id: uuid.UUID
) -> None:
    """Of one case, whose time the caller knows to be over; the key goes first."""
    context.vault.erase(session, case_id)
    _delete_rows(session, case_id)


def _list_due(session: Session) -> Sequence[Case]:
    rows = (CaseIdentifier, CasePerson, CaseSummary, HandOver, CaseNote)
    has_people = or_(*(exists().where(row.case_id == Case.id) for row in rows))
    return session.scalars(
        select(Case)
        .where(is_forgotten(), has_people)
        .order_by(Case.id)
        .limit(BATCH)
        .with_for_update(of=Case)
    ).all()


def _delete_rows(session: Session, case_id: uuid.UUID) -> None:
    people = select(CasePerson.id).where(CasePerson.case_id == case_id)
    delete_notes(session, CaseNote.case_id == case_id)
    # Before the people to whom they refer.
    session.execute(delete(PersonFact).where(PersonFact.person_id.in_(people)))
    for row in (CasePerson, CaseIdentifier, CaseSummary, HandOver):
        session.execute(delete(row).where(row.case_id == case_id))
