"""A report's locations become items in a case, and the report counts there."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.jobs.names import JobName
from hotline.core.storage import audit, machine, outbox
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from hotline.core.storage.reference_numbers import next_reference
from hotline.intake.models import Report
from hotline.intake.registry.vocabulary import ADULTS, CHILDREN
from hotline.intake.submission import MAX_OF_PARTNER
from triage.cases.assessing.rounds import begin_new_round
from triage.cases.examination.appraise import appraise_case
from triage.cases.examination.danger import post_danger, post_held_danger
from triage.cases.keeping.unread import note_late_reports
from triage.cases.models import Case, CaseItem
from triage.cases.vocabulary import CaseEvent, CaseState, Held
from triage.items.access import keep_userinfo
from triage.items.models import Item, Sighting
from triage.locations import Location

# A location that was examined this lately is not fetched again for one more sighting.
FRESH = timedelta(hours=1)
# In these a further location can still be decided together with those that are there.
UNDECIDED = (CaseState.RECEIVED, CaseState.WAITING)
MOST_JOINED = MAX_OF_PARTNER
"""A report that names one known location brings others along, up to as many as one report may name;
a person can merge more."""


@dataclass(frozen=True)
class Found:
    """A location found in part ``part_id`` of a report."""

    part_id: uuid.UUID
    location: Location


def note_sightings(
    act: Act,
    report: Report,
    entries: Sequence[Found],
    *,
    beside: Case | None = None,
) -> None:
    """Keep that the report names these locations, and let it count in their cases.

    ``beside``: a case that what is new belongs to, as long as nobody has decided on it.
    """
    session = act.session
    items = _join_items(session, entries, report.received_at)
    seen_keys = {
        entry.location.key
        for entry in entries
        if _store_sighting(act, report, entry, items)
    }
    seen_items = [item for key, item in items.items() if key in seen_keys]
    # The job ran before: nothing of it is new, and nothing counts twice.
    if not seen_items:
        return
    homes = _find_homes(session, seen_items)
    homeless = [item for item in seen_items if item.id not in homes]
    if homeless:
        case = _find_open_case(report, [*homes.values(), beside], homeless)
        case = case or _open_case(act, report)
        for item in homeless:
            session.add(case.add_item(item, act.now))
            homes[item.id] = case
        # The new places must be there before their cases are read by queries.
        session.flush()
    # Once a case, however many of its items the report names.
    for case in {case.id: case for case in homes.values()}.values():
        items_here = [item for item in seen_items if homes[item.id] is case]
        _let_count(act, case, report, items_here)


def _store_sighting(
    act: Act, report: Report, entry: Found, items: Mapping[str, Item]
) -> bool:
    """Whether it is new that this part of the report names the location."""
    item = items[entry.location.key]
    is_new = insert_once(
        act.session,
        Sighting,
        ["part_id", "item_id"],
        id=new_id(),
        item_id=item.id,
        part_id=entry.part_id,
        at=report.received_at,
        held=report.held_for_review,
    )
    if not is_new:
        return False
    # What came in by a flood is fetched by nobody, so its own way of fetching
    # can harm no check.
    is_new_item = item.sighting_count == 0
    if not report.held_for_review or is_new_item:
        # A flood must not change how a known item is fetched: its checks would be blind.
        keep_userinfo(
            act.session,
            act.context,
            item,
            entry.location.userinfo,
            now=act.now,
        )
    return True


def _find_homes(
    session: Session, items: Sequence[Item]
) -> dict[uuid.UUID, Case]:
    """By the item's id, the locked case in which it is decided, where there is one."""
    rows = session.execute(
        select(CaseItem.item_id, CaseItem.case_id).where(
            CaseItem.item_id.in_([item.id for item in items])
        )
    ).all()
    cases = session.scalars(
        select(Case)
        .where(Case.id.in_({case_id for _, case_id in rows}))
        # The one order of locks, as in ``locking``: the items are locked
        # already.
        .order_by(Case.id)
        .with_for_update(of=Case),
        execution_options={"populate_existing": True},
    ).all()
    by_id = {case.id: case for case in cases}
    return {item_id: by_id[case_id] for item_id, case_id in rows}


def _find_open_case(
    report: Report,
    candidates: Sequence[Case | None],
    newcomers: Sequence[Item],
) -> Case | None:
    """The oldest of the cases that nobody has decided on yet; what a flood brings joins none."""
    if report.held_for_review:
        return None
    undecided = [
        case
        for case in candidates
        if case is not None
        and case.state in UNDECIDED
        # One report of a whole list would else make a case that nobody can
        # look through.
        and len(case.places) + len(newcomers) <= MOST_JOINED
    ]
    return min(
        undecided, key=lambda case: (case.opened_at, case.id), default=None
    )


def _let_count(
    act: Act, case: Case, report: Report, items: Sequence[Item]
) -> None:
    """One report's effect on one case, and on those of its items that the report names."""
    if report.held_for_review:
        # Nothing else: a flood must not move what people work on.
        case.held = max(case.held, urgency_of_held(report))
        if report.danger_now:
            post_held_danger(act.session, case, act.now)
        return
    for item in items:
        count_sightings(act.session, item.id, [report])
    take_reports_in(act, case, [report])
    if report.danger_now:
        raise_alarm(act.session, act.context, case, act.now)
    is_urgent = report.danger_now or report.time_presses
    for item in items:
        look_at(
            act.session, item, str(report.id), urgent=is_urgent, now=act.now
        )


def count_sightings(
    session: Session, item_id: uuid.UUID, reports: Sequence[Report]
) -> None:
    """Add reports to those that name the item."""
    newest = max(counted.received_at for counted in reports)
    # What others call greatest is max in SQLite.
    latest = (
        func.max
        if session.get_bind().dialect.name == "sqlite"
        else func.greatest
    )
    session.execute(
        # In the database and not in the session: many reports of one place may
        # count at the same time.
        update(Item)
        .where(Item.id == item_id)
        .values(
            sighting_count=Item.sighting_count + len(reports),
            last_reported_at=latest(Item.last_reported_at, newest),
        )
    )


def take_reports_in(act: Act, case: Case, reports: Sequence[Report]) -> None:
    """Let reports about the case have their effect. What they say adds; it never takes away."""
    if case.state == CaseState.HELD:
        act.advance(case, CaseEvent.RELEASED)
    elif case.state in (CaseState.CLOSED, CaseState.NOT_ILLEGAL):
        act.advance(case, CaseEvent.REOPENED, why="reported again")
        begin_new_round(case)
    note_late_reports(act.session, case, reports)
    for report in reports:
        case.danger_now = case.danger_now or report.danger_now
        case.time_presses = case.time_presses or report.time_presses
        case.word_themes = sorted({*case.word_themes, *report.word_themes})
        case.own_material = case.own_material or is_of_child(report)
        case.child_reporter = case.child_reporter or (
            report.reporter_role in CHILDREN
        )
        # The first one that says what it is; later ones that say something
        # else are for a person to weigh.
        if case.kind == "unknown":
            case.kind = report.kind


def is_of_child(report: Report) -> bool:
    """Whether it shows the reporter, who may be a child: an adult in the picture is none."""
    return report.own_material and report.reporter_role not in ADULTS


def raise_alarm(
    session: Session, context: Context, case: Case, now: datetime
) -> None:
    """Somebody is in danger: a person is woken, and sees the case, with whom to tell, at once.

    Looking at it takes as long as servers of others like; it adds what it finds out later.
    """
    if case.machine.allows(case.state, CaseEvent.ALARMED):
        machine.advance_state(
            session, case, CaseEvent.ALARMED, actor=audit.SYSTEM, now=now
        )
    # Posted before the rules are asked: whatever they meet, somebody is
    # called.
    post_danger(session, case, now)
    appraise_case(session, context, case, now)


def post_alarm(session: Session, item: Item, now: datetime) -> None:
    """As ``raise_alarm``, where a person decides and the rules are asked by a worker."""
    outbox.post_work(
        session,
        JobName.ITEM_ALARM,
        key=f"alarm:{item.id}:{now.isoformat()}",
        payload={"item_id": str(item.id)},
        now=now,
        queue="urgent",
    )


def look_at(
    session: Session, item: Item, why: str, *, urgent: bool, now: datetime
) -> None:
    """Have the machine look at an item, or only rank it anew where it did so just now."""
    fresh = item.examined_at is not None and item.examined_at > now - FRESH
    outbox.post_work(
        session,
        JobName.ITEM_APPRAISE if fresh else JobName.ITEM_EXAMINE,
        # The reason is in the key: two reports look twice, one report that is
        # worked on again does not.
        key=f"examine:{item.id}:{why}",
        payload={"item_id": str(item.id)},
        now=now,
        queue="urgent" if urgent else "default",
    )


def urgency_of_held(report: Report) -> Held:
    """How much a held report says."""
    if report.danger_now:
        return Held.DANGER
    if (
        report.reporter_role in CHILDREN
        or is_of_child(report)
        or report.time_presses
    ):
        return Held.CHILD_REPORTS
    return Held.NOTHING_SAID


def _join_items(
    session: Session, entries: Sequence[Found], at: datetime
) -> dict[str, Item]:
    """The items by their key, locked; those that nobody reported before are made."""
    locations = {entry.location.key: entry.location for entry in entries}
    # Made in the order of their keys and locked in that of their ids, so that
    # two reports of the same locations never wait for each other.
    for key in sorted(locations):
        _make_item(session, locations[key], at)
    items = session.scalars(
        select(Item)
        .where(Item.key.in_(locations))
        .order_by(Item.id)
        .with_for_update()
    ).all()
    by_key = {item.key: item for item in items}
    # As the report has them, what can be looked at before what was only told.
    in_order = sorted(locations, key=lambda key: not by_key[key].canonical)
    return {key: by_key[key] for key in in_order}


def _make_item(session: Session, location: Location, at: datetime) -> None:
    insert_once(
        session,
        Item,
        ["key"],
        id=new_id(),
        key=location.key,
        kind=location.kind,
        canonical=location.canonical,
        display=location.display,
        platform=location.platform,
        content_id=location.content_id,
        host=location.host,
        registrable_domain=location.registrable_domain,
        fetchable=location.fetchable,
        sighting_count=0,
        first_reported_at=at,
        last_reported_at=at,
        # Nothing was looked up yet; "none" would say that there is nothing to
        # look up.
        hosting_kind="unknown",
    )


def _open_case(act: Act, report: Report) -> Case:
    """A case for what the report names first: held where the report is."""
    prefix = act.context.country.reference_prefix
    case = Case(
        id=new_id(),
        reference=next_reference(act.session, prefix, act.now),
        opened_at=act.now,
        # The report's further words are taken in afterwards, like those of
        # every later report.
        kind=report.kind,
        held=Held.NONE,
    )
    act.begin(case)
    if report.held_for_review:
        act.advance(case, CaseEvent.HELD)
    return case
