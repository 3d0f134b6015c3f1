"""From a report's words to items: identity, sightings, a case each. No network here."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, selectinload

from hotline.core.context import Context
from hotline.core.errors import NotFound
from hotline.core.jobs.task import Task
from hotline.core.settings import Settings
from hotline.core.storage import audit, machine, outbox
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from hotline.core.storage.reference_numbers import next_reference
from hotline.intake import service as intake
from hotline.intake.models import Report, ReportPart
from hotline.intake.vocabulary import CHILDREN
from triage.cases.examination.appraise import appraise_case
from triage.cases.examination.danger import post_danger, post_held_danger
from triage.cases.examination.reporters import parts_of
from triage.cases.models import Case
from triage.cases.vocabulary import CaseEvent, CaseState, Held
from triage.items.access import keep_userinfo
from triage.items.models import Item, Sighting
from triage.locations import Location, identify_locations
from triage.locations.catalogue import load_platforms

# A location that was examined this lately is not fetched again for one more sighting.
FRESH = timedelta(hours=1)
# Kinds that a narrative is searched for. Telephone numbers and addresses of people that are only
# mentioned in passing stay in the sealed words.
IN_NARRATIVE = frozenset({"url", "onion", "magnet", "ed2k", "ipfs"})


@dataclass(frozen=True)
class Found:
    """A location found in part ``part_id`` of a report."""

    part_id: uuid.UUID
    location: Location


def register_report(task: Task) -> None:
    """Give every reported location its identity and join, or open, its item and case."""
    report_id = task.id_of("report_id")
    with task.finishing() as session:
        report = _load_report(session, report_id)
        opened = intake.open_texts(
            session,
            task.context,
            report,
            actor=audit.SYSTEM,
            why="identity",
            now=task.now,
        )
        for entry in list(
            _scan_locations(report.parts, opened, task.context.settings)
        ):
            _note_sighting(session, task.context, report, entry, task.now)


def join_location(
    session: Session,
    context: Context,
    item: Item,
    location: Location,
    now: datetime,
) -> None:
    """Every report that named ``item`` names ``location`` too: a redirection was followed."""
    for part in parts_of(session, item.id):
        _note_sighting(
            session, context, part.report, Found(part.id, location), now
        )


def _load_report(session: Session, report_id: uuid.UUID) -> Report:
    query = (
        select(Report)
        .where(Report.id == report_id)
        .options(selectinload(Report.parts))
    )
    report = session.scalar(query)
    if report is None:
        raise NotFound("There is no such report.")
    return report


def _scan_locations(
    parts: Sequence[ReportPart],
    opened: intake.OpenedReport,
    settings: Settings,
) -> Iterator[Found]:
    catalogue = load_platforms(settings.data_dir)
    for part in parts:
        text = (
            opened.narrative
            if part.kind == "narrative"
            else opened.parts.get(part.id)
        )
        locations = [
            entry
            for entry in identify_locations(
                text or "", settings.country, catalogue=catalogue
            )
            if entry.key
        ]
        if part.kind == "narrative":
            locations = [
                entry for entry in locations if entry.kind in IN_NARRATIVE
            ]
        if part.kind == "narrative" or not locations:
            # Words that are no location are a person's work; they stay sealed with the report.
            yield Found(part.id, _words_of(part))
        for entry in locations:
            yield Found(part.id, _of_its_own(part, entry))


def _of_its_own(part: ReportPart, location: Location) -> Location:
    """A bare handle may be anybody's on any platform: two reports of it are not yet one item."""
    if "platform_unknown" not in location.problems:
        return location
    return replace(location, key=f"{location.key}#part:{part.id}")


def _words_of(part: ReportPart) -> Location:
    return Location(
        input="",
        kind="narrative",
        canonical="",
        key=f"part:{part.id}",
        display="",
    )


def _note_sighting(
    session: Session,
    context: Context,
    report: Report,
    found: Found,
    now: datetime,
) -> None:
    item = _join_item(session, found.location, report.received_at)
    sighting_id = new_id()
    is_new = insert_once(
        session,
        Sighting,
        ["part_id", "item_id"],
        id=sighting_id,
        item_id=item.id,
        part_id=found.part_id,
        at=report.received_at,
        held=report.held_for_review,
    )
    if not is_new:
        return
    case = _join_case(session, context, item, report, now)
    audit.record_entry(
        session,
        actor=audit.SYSTEM,
        action="item.sighted",
        entity="item",
        entity_id=item.id,
        now=now,
        report=str(report.id),
        case=case.reference,
    )
    if not report.held_for_review or case.state == CaseState.HELD:
        # A flood must not change how a known item is fetched: its checks would be blind.
        keep_userinfo(session, context, item, found.location.userinfo, now=now)
    if report.held_for_review:
        case.held = max(case.held, _urgency_of_held(report))
        if report.danger_now:
            post_held_danger(session, case, now)
        return
    count_reports(session, case, [report], actor=audit.SYSTEM, now=now)
    if report.danger_now:
        raise_alarm(session, context, case, now)
    look_at(session, item, str(sighting_id), urgent=report.danger_now, now=now)


def count_reports(
    session: Session,
    case: Case,
    reports: Sequence[Report],
    *,
    actor: str,
    now: datetime,
) -> None:
    """Let reports about the case have their effect. What they say adds; it never takes away."""
    newest = max(
        (counted.received_at for counted in reports),
        default=case.item.last_reported_at,
    )
    latest = (
        func.max
        if session.get_bind().dialect.name == "sqlite"
        else func.greatest
    )
    session.execute(
        update(Item)
        .where(Item.id == case.item_id)
        .values(
            sighting_count=Item.sighting_count + len(reports),
            last_reported_at=latest(Item.last_reported_at, newest),
        )
    )
    if case.state == CaseState.HELD:
        machine.advance_state(
            session, case, CaseEvent.RELEASED, actor=actor, now=now
        )
    elif case.state in (CaseState.CLOSED, CaseState.NOT_ILLEGAL):
        machine.advance_state(
            session,
            case,
            CaseEvent.REOPENED,
            actor=actor,
            now=now,
            why="reported again",
        )
        case.round += 1
    for report in reports:
        case.danger_now = case.danger_now or report.danger_now
        case.own_material = case.own_material or report.own_material
        case.child_reporter = case.child_reporter or (
            report.reporter_role in CHILDREN
        )
        if case.kind == "unknown":
            case.kind = report.kind


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
    post_danger(session, case, now)
    appraise_case(session, context, case, now)


def post_alarm(session: Session, item: Item, now: datetime) -> None:
    """As ``raise_alarm``, where a person decides and the rules are asked by a worker."""
    outbox.post_work(
        session,
        "item.alarm",
        key=f"alarm:{item.id}:{now.isoformat()}",
        payload={"item_id": str(item.id)},
        now=now,
        queue="urgent",
    )


def alarm_item(task: Task) -> None:
    """The job that ``post_alarm`` posts."""
    with task.finishing() as session:
        item = session.get_one(
            Item, task.id_of("item_id"), with_for_update=True
        )
        case = session.scalars(
            select(Case).where(Case.item_id == item.id).with_for_update()
        ).one()
        if case.danger_now:
            raise_alarm(session, task.context, case, task.now)


def look_at(
    session: Session, item: Item, why: str, *, urgent: bool, now: datetime
) -> None:
    """Have the machine look at an item, or only rank it anew where it did so just now."""
    fresh = item.examined_at is not None and item.examined_at > now - FRESH
    outbox.post_work(
        session,
        "item.appraise" if fresh else "item.examine",
        key=f"examine:{item.id}:{why}",
        payload={"item_id": str(item.id)},
        now=now,
        queue="urgent" if urgent else "default",
    )


def _urgency_of_held(report: Report) -> Held:
    """How much a held report says."""
    if report.danger_now:
        return Held.DANGER
    if report.reporter_role in CHILDREN or report.own_material:
        return Held.CHILD_REPORTS
    return Held.NOTHING_SAID


def _join_item(session: Session, location: Location, at: datetime) -> Item:
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
        hosting_kind="unknown",
    )
    return session.scalars(
        select(Item).where(Item.key == location.key).with_for_update()
    ).one()


def _join_case(
    session: Session,
    context: Context,
    item: Item,
    report: Report,
    now: datetime,
) -> Case:
    """The item's case, opened if need be: held where the report is."""
    case = session.scalar(
        select(Case).where(Case.item_id == item.id).with_for_update()
    )
    if case is None:
        case = Case(
            id=new_id(),
            reference=next_reference(
                session, context.country.reference_prefix, now
            ),
            item_id=item.id,
            item=item,
            opened_at=now,
            kind=report.kind,
            held=Held.NONE,
        )
        machine.begin_state(session, case, actor=audit.SYSTEM, now=now)
        if report.held_for_review:
            machine.advance_state(
                session, case, CaseEvent.HELD, actor=audit.SYSTEM, now=now
            )
    return case
