"""Reports of a possible flood: they wait at their cases until a person lets them through.

Nothing is fetched for them and they change no priority, so that whoever floods the hotline can
neither reorder its queue nor have it call on addresses of their choosing. They are never dropped:
what a person sets aside stays stored and counts as soon as its case is opened again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, selectinload

from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput, phrase
from hotline.intake import service as intake
from hotline.intake.models import Report, ReportPart
from hotline.intake.registry.vocabulary import PartEvent
from triage.cases.examination.reporters import others_are_up
from triage.cases.examination.sightings import (
    count_sightings,
    look_at,
    post_alarm,
    take_reports_in,
    urgency_of_held,
)
from triage.cases.locking import lock_case, lock_cases
from triage.cases.models import Case, CaseItem
from triage.cases.places import item_ids_of
from triage.cases.vocabulary import CaseEvent, Held
from triage.items.models import Sighting

NOT_A_REPORT = "part of a flood, not a report"
IN_BULK = Held.NOTHING_SAID
"""The highest ``Case.held`` that is set aside with others: no child reports, none is in danger."""


class SetAside(NamedTuple):
    """How many cases were set aside, and how many a person must look at one by one."""

    done: int
    left: int


def release_many(act: Act, references: Sequence[str]) -> int:
    """Let the reports of several cases through; those that somebody was quicker with are left."""
    cases = _lock_chosen(act.session, references)
    for case in cases:
        _release_all(act, case)
    return len(cases)


def release_held(act: Act, case: Case) -> None:
    _lock_held(act.session, case)
    _release_all(act, case)


def set_aside_many(act: Act, references: Sequence[str]) -> SetAside:
    """Set the held reports of several cases aside. Where a child reports, or one is said to be in
    danger, nothing happens: nobody decides that of a list."""
    cases = _lock_chosen(act.session, references)
    # Asked under the lock: a report of danger may have come in while the list
    # was looked at.
    clear = [case for case in cases if case.held <= IN_BULK]
    for case in clear:
        _set_aside(act, case)
    return SetAside(len(clear), len(cases) - len(clear))


def set_aside(
    act: Act,
    case: Case,
    *,
    confirmed: bool,
) -> None:
    """Set one case's held reports aside; ``confirmed``: the person says to have read them, which
    is asked for where a child reports or is said to be in danger."""
    _lock_held(act.session, case)
    if case.held > IN_BULK and not confirmed:
        raise InvalidInput(
            phrase(
                "A child may be behind one of these reports. Read what was reported, and tick "
                "that you did."
            ),
            fields={"/confirm": "is missing"},
        )
    _set_aside(act, case)


def take_back(act: Act, case: Case) -> None:
    """The case was opened again: what was set aside there counts like any other report."""
    if has_set_aside(act.session, case):
        _release_all(act, case)


def has_set_aside(session: Session, case: Case) -> bool:
    """Whether reports of a flood were set aside at the case's locations."""
    aside = (
        select(Sighting.id)
        .where(Sighting.item_id.in_(item_ids_of(case.id)), Sighting.held)
        .limit(1)
    )
    return not case.held and session.scalar(aside) is not None


def count_waiting(
    session: Session, case_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, int]:
    """How many held reports wait in each of the cases, by its id."""
    reports = func.count(ReportPart.report_id.distinct())
    rows = session.execute(
        select(CaseItem.case_id, reports)
        .join(Sighting, Sighting.item_id == CaseItem.item_id)
        .join(ReportPart, ReportPart.id == Sighting.part_id)
        .where(CaseItem.case_id.in_(case_ids), Sighting.held)
        .group_by(CaseItem.case_id)
    )
    return {row[0]: row[1] for row in rows}


def weigh_held(session: Session, case: Case) -> Held:
    """How much the most urgent of the reports says that are held at the case's locations."""
    reports = _reports_of(_list_held(session, case))
    return max(map(urgency_of_held, reports), default=Held.NONE)


def _lock_chosen(
    session: Session, references: Sequence[str]
) -> Sequence[Case]:
    if not references:
        raise InvalidInput(
            phrase("Choose at least one case."), fields={"/case": "is missing"}
        )
    chosen = select(Case.id).where(Case.reference.in_(references))
    cases = lock_cases(session, session.scalars(chosen))
    # Of two people who choose the same cases the second finds nothing left.
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
        .where(Sighting.item_id.in_(item_ids_of(case.id)), Sighting.held)
        .order_by(ReportPart.id)
        .options(selectinload(ReportPart.report))
    ).all()


def _release_all(act: Act, case: Case) -> None:
    """All that is held, also what was set aside before: the place now deserves a look."""
    held = _list_held(act.session, case)
    by_item: dict[uuid.UUID, dict[uuid.UUID, Report]] = {}
    for sighting, part in held:
        sighting.held = False
        of_item = by_item.setdefault(sighting.item_id, {})
        of_item[part.report_id] = part.report
    for item_id, its_reports in by_item.items():
        count_sightings(act.session, item_id, [*its_reports.values()])
    reports = _reports_of(held)
    # After the counts: the rules weigh how many named the place.
    take_reports_in(act, case, reports)
    case.held = Held.NONE
    urgent = any(report.danger_now for report in reports)
    if urgent:
        post_alarm(act.session, case.item, act.now)
    for place in case.places:
        if place.item_id in by_item:
            look_at(
                act.session,
                place.item,
                # The same report may be released, set aside and released
                # again.
                f"released {act.now.timestamp():.6f}",
                urgent=urgent
                or any(report.time_presses for report in reports),
                now=act.now,
            )
    _record_act(act, case, "case.reports_released", reports)


def _set_aside(act: Act, case: Case) -> None:
    """A case that only the flood opened is closed; where other reports came in, it goes on."""
    held = _list_held(act.session, case)
    if case.machine.allows(case.state, CaseEvent.SET_ASIDE):
        act.advance(case, CaseEvent.SET_ASIDE, why=NOT_A_REPORT)
    case.held = Held.NONE
    # The question below asks the database for the case's state.
    act.session.flush()
    for sighting, part in held:
        # Its reporter named a place that somebody still works on: "set aside"
        # would be wrong.
        if others_are_up(act.session, part.id, sighting.item_id):
            continue
        intake.advance_part(act, part, PartEvent.SET_ASIDE)
    reports = _reports_of(held)
    _record_act(act, case, "case.reports_set_aside", reports)


def _reports_of(
    held: Sequence[Row[Sighting, ReportPart]],
) -> list[Report]:
    """Each report once, however many of its locations wait."""
    return list({part.report_id: part.report for _, part in held}.values())


def _record_act(
    act: Act, case: Case, action: str, reports: Sequence[Report]
) -> None:
    act.record(
        action, "case", case.id, case=case.reference, reports=len(reports)
    )
