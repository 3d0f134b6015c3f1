"""Reports of a possible flood: they wait at their cases until a person lets them through.

Nothing is fetched for them and they change no priority, so that whoever floods the hotline can
neither reorder its queue nor have it call on addresses of their choosing. They are never dropped:
what a person sets aside stays stored and counts as soon as its case is opened again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, selectinload

from hotline.accounts.models import Person
from hotline.core.errors import Conflict, InvalidInput, phrase
from hotline.core.storage import audit, machine
from hotline.intake import service as intake
from hotline.intake.models import Report, ReportPart
from hotline.intake.vocabulary import PartEvent
from triage.cases.examination.register import (
    count_reports,
    look_at,
    post_alarm,
)
from triage.cases.examination.reporters import others_are_up
from triage.cases.locking import lock_case, lock_cases
from triage.cases.models import Case
from triage.cases.vocabulary import CaseEvent, Held
from triage.items.models import Sighting

NOT_A_REPORT = "part of a flood, not a report"
IN_BULK = Held.NOTHING_SAID
"""The highest ``Case.held`` that is set aside with others: no child reports, none is in danger."""


class SetAside(NamedTuple):
    """How many cases were set aside, and how many a person must look at one by one."""

    done: int
    left: int


def release_many(
    session: Session, references: Sequence[str], person: Person, now: datetime
) -> int:
    """Let the reports of several cases through; those that somebody was quicker with are left."""
    cases = _lock_chosen(session, references)
    for case in cases:
        _release_all(session, case, person, now)
    return len(cases)


def release_held(
    session: Session, case: Case, person: Person, now: datetime
) -> None:
    _lock_held(session, case)
    _release_all(session, case, person, now)


def set_aside_many(
    session: Session, references: Sequence[str], person: Person, now: datetime
) -> SetAside:
    """Set the held reports of several cases aside. Where a child reports, or one is said to be in
    danger, nothing happens: nobody decides that of a list."""
    cases = _lock_chosen(session, references)
    clear = [case for case in cases if case.held <= IN_BULK]
    for case in clear:
        _set_aside(session, case, person, now)
    return SetAside(len(clear), len(cases) - len(clear))


def set_aside(
    session: Session,
    case: Case,
    person: Person,
    now: datetime,
    *,
    confirmed: bool,
) -> None:
    """Set one case's held reports aside; ``confirmed``: the person says to have read them, which
    is asked for where a child reports or is said to be in danger."""
    _lock_held(session, case)
    if case.held > IN_BULK and not confirmed:
        raise InvalidInput(
            phrase(
                "A child may be behind one of these reports. Read what was reported, and tick "
                "that you did."
            ),
            fields={"/confirm": "is missing"},
        )
    _set_aside(session, case, person, now)


def take_back(
    session: Session, case: Case, person: Person, now: datetime
) -> None:
    """The case was opened again: what was set aside there counts like any other report."""
    aside = (
        select(Sighting.id)
        .where(Sighting.item_id == case.item_id, Sighting.held)
        .limit(1)
    )
    if not case.held and session.scalar(aside) is not None:
        _release_all(session, case, person, now)


def count_waiting(
    session: Session, items: Sequence[uuid.UUID]
) -> dict[uuid.UUID, int]:
    """How many held reports name each of the items, by its id."""
    rows = session.execute(
        select(Sighting.item_id, func.count())
        .where(Sighting.item_id.in_(items), Sighting.held)
        .group_by(Sighting.item_id)
    )
    return {row[0]: row[1] for row in rows}


def _lock_chosen(
    session: Session, references: Sequence[str]
) -> Sequence[Case]:
    if not references:
        raise InvalidInput(
            phrase("Choose at least one case."), fields={"/case": "is missing"}
        )
    chosen = select(Case.id).where(Case.reference.in_(references))
    cases = lock_cases(session, session.scalars(chosen))
    return [case for case in cases if case.held > Held.NONE]


def _lock_held(session: Session, case: Case) -> None:
    lock_case(session, case.id)
    if not case.held:
        raise Conflict(
            phrase(
                "No report waits here; perhaps somebody decided on them just now."
            )
        )


def _list_held(
    session: Session, case: Case
) -> Sequence[Row[Sighting, ReportPart]]:
    return session.execute(
        select(Sighting, ReportPart)
        .join(ReportPart, ReportPart.id == Sighting.part_id)
        .where(Sighting.item_id == case.item_id, Sighting.held)
        .order_by(ReportPart.id)
        .options(selectinload(ReportPart.report))
    ).all()


def _release_all(
    session: Session, case: Case, person: Person, now: datetime
) -> None:
    """All that is held, also what was set aside before: the place now deserves a look."""
    held = _list_held(session, case)
    reports = [part.report for _, part in held]
    for sighting, _ in held:
        sighting.held = False
    count_reports(session, case, reports, actor=person.actor, now=now)
    case.held = Held.NONE
    urgent = any(report.danger_now for report in reports)
    if urgent:
        post_alarm(session, case.item, now)
    look_at(
        session,
        case.item,
        f"released {now.timestamp():.6f}",
        urgent=urgent,
        now=now,
    )
    _record_act(session, case, "case.reports_released", person, reports, now)


def _set_aside(
    session: Session, case: Case, person: Person, now: datetime
) -> None:
    """A case that only the flood opened is closed; where other reports came in, it goes on."""
    waiting = [part for _, part in _list_held(session, case)]
    if case.machine.allows(case.state, CaseEvent.SET_ASIDE):
        machine.advance_state(
            session,
            case,
            CaseEvent.SET_ASIDE,
            actor=person.actor,
            now=now,
            why=NOT_A_REPORT,
        )
    case.held = Held.NONE
    session.flush()
    for part in waiting:
        if not others_are_up(session, part.id, case.item_id):
            intake.advance_part(
                session, part, PartEvent.SET_ASIDE, actor=person.actor, now=now
            )
    reports = [part.report for part in waiting]
    _record_act(session, case, "case.reports_set_aside", person, reports, now)


def _record_act(
    session: Session,
    case: Case,
    action: str,
    person: Person,
    reports: Sequence[Report],
    now: datetime,
) -> None:
    audit.record_entry(
        session,
        actor=person.actor,
        action=action,
        entity="case",
        entity_id=case.id,
        now=now,
        case=case.reference,
        reports=len(reports),
    )
