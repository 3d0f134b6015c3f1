"""From a report's words to items: identity, sightings, one case for all. No network here."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from hotline.core.act import Act
from hotline.core.errors import NotFound, phrase
from hotline.core.jobs.task import Task
from hotline.core.settings import Settings
from hotline.core.storage import audit
from hotline.intake import service as intake
from hotline.intake.mentions import store_mentions
from hotline.intake.models import Report, ReportPart
from hotline.intake.registry.vocabulary import MessageAuthor
from triage.cases.examination.reporters import parts_of
from triage.cases.examination.sightings import (
    Found,
    note_sightings,
    raise_alarm,
)
from triage.cases.models import Case, CaseItem
from triage.cases.places import find_case_id, lock_case_of
from triage.items.models import Item, Sighting
from triage.locations import Location, identify_locations
from triage.locations.catalogue import load_platforms
from triage.locations.understanding import IN_NARRATIVE
from triage.prints.watch import FINGERPRINT_ITEM
from triage.priority.keywords import find_themes, load_keywords


def register_report(task: Task) -> None:
    """Give every reported location its identity; all that are new are decided in one case.

    A location that is known stays in the case in which it is decided, where the report counts.
    """
    report_id = task.id_of("report_id")
    with task.finishing() as session:
        report = _load_report(session, report_id)
        act = Act(session, task.context, audit.SYSTEM, task.now)
        opened = intake.open_on_arrival(act, report)
        entries = list(
            _scan_locations(report.parts, opened, task.context.settings)
        )
        said = _join_words(opened)
        report.word_themes = _themes_of(said, task.context.settings)
        said_at_places = "\n".join([said, *opened.parts.values()])
        store_mentions(session, task.context, report, said_at_places)
        note_sightings(act, report, entries)


def register_added(task: Task) -> None:
    """Look for the fingerprints, and the receipts of others, that a reporter sent later.

    Only for these: what else such words name, a person reads.
    """
    report_id = task.id_of("report_id")
    with task.finishing() as session:
        report = _load_report(session, report_id)
        act = Act(session, task.context, audit.SYSTEM, task.now)
        act.record("personal.read", "report", report.id, why="identity")
        status = intake.status_of(session, task.context, report)
        added = [
            message.text
            for message in status.messages
            if message.author == MessageAuthor.REPORTER
        ]
        store_mentions(session, task.context, report, "\n".join(added))
        entries = [
            Found(report.parts[0].id, location)
            for text in added
            for location in identify_locations(
                text, task.context.settings.country
            )
            if location.kind == FINGERPRINT_ITEM
        ]
        # What the reporter adds belongs to the case that the report is in, and
        # not to one of its own.
        home = _find_case_of(session, report)
        note_sightings(act, report, entries, beside=home)


def _find_case_of(session: Session, report: Report) -> Case | None:
    """The case that the report opened or joined; None before it is registered."""
    query = (
        select(Case)
        .join(CaseItem, CaseItem.case_id == Case.id)
        .join(Sighting, Sighting.item_id == CaseItem.item_id)
        .join(ReportPart, ReportPart.id == Sighting.part_id)
        .where(ReportPart.report_id == report.id)
        .order_by(ReportPart.position, Case.opened_at, Case.id)
        .limit(1)
    )
    return session.scalar(query)


def join_location(act: Act, item: Item, location: Location) -> None:
    """Every report that named ``item`` names ``location`` too: a redirection was followed."""
    beside = act.session.get_one(Case, find_case_id(act.session, item.id))
    for part in parts_of(act.session, item.id):
        entry = Found(part.id, location)
        # Report by report: one that is held stays held at the new place, too.
        note_sightings(act, part.report, [entry], beside=beside)


def alarm_item(task: Task) -> None:
    """The job that ``post_alarm`` posts."""
    with task.finishing() as session:
        item = session.get_one(
            Item, task.id_of("item_id"), with_for_update=True
        )
        case = lock_case_of(session, item)
        # Somebody may have found since that there is no danger.
        if case.danger_now:
            raise_alarm(session, task.context, case, task.now)


def _load_report(session: Session, report_id: uuid.UUID) -> Report:
    query = (
        select(Report)
        .where(Report.id == report_id)
        .options(selectinload(Report.parts))
    )
    report = session.scalar(query)
    if report is None:
        raise NotFound(phrase("There is no such report."))
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
        # In words somebody mentions many things in passing; a line of the
        # form's own field is meant as a location.
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


def _join_words(opened: intake.OpenedReport) -> str:
    """What was told and answered, not the addresses."""
    return "\n".join([opened.narrative, *map(str, opened.answers.values())])


def _themes_of(said: str, settings: Settings) -> list[str]:
    """What the words point to."""
    return sorted(find_themes(said, load_keywords(settings.data_dir)))


def _words_of(part: ReportPart) -> Location:
    return Location(
        input="",
        kind="narrative",
        canonical="",
        key=f"part:{part.id}",
        display="",
    )
