"""What the case page shows. There is never a picture.

It asks the database a fixed number of questions, however many locations, files, reports and notes
the case has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from hotline.accounts.models import Person
from hotline.core.context import Context
from hotline.core.language.languages import SOURCE
from hotline.intake.models import Report, ReportPart
from triage.cases.assessing.assess import (
    digest_of_items,
    find_disputed_questions,
)
from triage.cases.assessing.assessment import load_schema
from triage.cases.assessing.claim import find_holder
from triage.cases.assessing.rounds import is_blind
from triage.cases.assessing.untouched import Past, read_past
from triage.cases.examination.appraise import route_case
from triage.cases.handling.hand_over import last_word, list_colleagues
from triage.cases.handling.models import CaseTag, HandOver
from triage.cases.handling.notes import ReadNote, count_notes, list_notes
from triage.cases.handling.tags import list_tags
from triage.cases.models import Assessment, Case, CaseItem
from triage.cases.pages.evidence.files import (
    File,
    count_further,
    files_of,
)
from triage.cases.pages.evidence.looked import SharedLook, sum_up_looks
from triage.cases.pages.evidence.places import PlaceView, view_places
from triage.cases.pages.parts import Part, read_part, take_first
from triage.cases.places import ANY_CASE, item_ids_of
from triage.cases.reports import about_case
from triage.cases.vocabulary import CaseState
from triage.items.models import Item, Sighting
from triage.jurisdiction import Routing, load_rules

SHOWN_REPORTS = 30
SHOWN_NOTES = 8
SHOWN_PLACES = 25
SHOWN_AT_THE_TOP = 5
"""Locations that are printed in full where a case, or what was said, begins."""


@dataclass(frozen=True, slots=True)
class KnownElsewhere:
    """An item that the case's reports name as well, and how far the case is that decides it."""

    item: Item
    state: str
    case_reference: str
    case_state: str


@dataclass(frozen=True)
class CasePage:
    """``done`` holds the round's assessments only where the viewer may see them (not blind).

    ``listed`` are all items, part by part; ``places`` are the first in full, ``looks`` what was
    seen at them, and ``further_places`` those of a large case that are only named.
    ``further_files``: how many there are beside ``files``.
    ``known_elsewhere``: what the same reports name and another case decides.
    ``disputed``: the questions on which the first two assessments differ, for the third person.
    """

    case: Case
    listed: Part[CaseItem]
    places: Sequence[PlaceView]
    looks: Sequence[SharedLook]
    further_places: Sequence[CaseItem]
    known_elsewhere: Sequence[KnownElsewhere]
    reports: Part[Report]
    files: Sequence[File]
    further_files: int
    routing: Routing
    reasons: Sequence[tuple[str, int]]
    past: Past
    blind: bool
    holder: Person | None
    has_assessed: bool
    done: Sequence[Assessment]
    disputed: Sequence[str]
    seen_items: str
    home_zone: str
    tags: Sequence[CaseTag]
    last_word: tuple[HandOver, str] | None
    notes: Part[ReadNote]
    colleagues: Sequence[Person]


def gather_case_page(
    session: Session,
    context: Context,
    case: Case,
    *,
    person: Person,
    language: str,
    now: datetime,
) -> CasePage:
    past = read_past(session, case)
    made, blind = past.assessments, is_blind(case)
    schema = load_schema(context.settings.data_dir)
    in_full = case.places[:SHOWN_PLACES]
    places = view_places(session, context, in_full, now)
    files = files_of(session, context, case, now=now)
    return CasePage(
        case=case,
        listed=take_first("where", case.places, SHOWN_PLACES),
        places=places,
        looks=_sum_up(places),
        further_places=case.places[SHOWN_PLACES:],
        known_elsewhere=_find_known_elsewhere(session, case),
        reports=_part_of_reports(session, case),
        files=files,
        further_files=count_further(session, case, files),
        routing=_routing_for_reader(session, context, case, language),
        reasons=priority_reasons(context, case, language),
        past=past,
        blind=blind,
        holder=find_holder(case, now),
        has_assessed=any(
            assessment.person_id == person.id for assessment in made
        ),
        # Left out here and not in the template: what is not in the page cannot
        # be shown by mistake.
        done=() if blind else made,
        disputed=find_disputed_questions(schema, made)
        if case.state == CaseState.THIRD_ASSESSMENT
        else (),
        seen_items=digest_of_items(case),
        home_zone=context.country.time_zone,
        tags=list_tags(session, [case.id], now).get(case.id, ()),
        last_word=last_word(session, context, case, past),
        notes=_part_of_notes(session, context, case, person, past),
        # To hand a case to somebody in a blind round would say who has
        # assessed.
        colleagues=() if blind else list_colleagues(session),
    )


def _sum_up(places: Sequence[PlaceView]) -> list[SharedLook]:
    """Of those that can be looked at, and of any that was."""
    return sum_up_looks(
        (at.place.number, at.looked)
        for at in places
        if at.place.item.display or at.visits
    )


def _find_known_elsewhere(
    session: Session, case: Case
) -> list[KnownElsewhere]:
    rows = session.execute(_known_elsewhere(), {ANY_CASE.key: case.id})
    return [KnownElsewhere(*row) for row in rows]


@cache
def _known_elsewhere() -> Select[Item, str, str, str]:
    own_parts = select(Sighting.part_id).where(
        Sighting.item_id.in_(item_ids_of(ANY_CASE))
    )
    other = aliased(ReportPart)
    siblings = (
        select(Sighting.item_id)
        .join(other, other.id == Sighting.part_id)
        .join(ReportPart, ReportPart.report_id == other.report_id)
        .where(ReportPart.id.in_(own_parts))
    )
    return (
        select(Item, CaseItem.state, Case.reference, Case.state)
        .join(CaseItem, CaseItem.item_id == Item.id)
        .join(Case, Case.id == CaseItem.case_id)
        .where(CaseItem.item_id.in_(siblings), CaseItem.case_id != ANY_CASE)
        .order_by(CaseItem.added_at.desc(), CaseItem.id)
        # A report of a list of addresses may touch hundreds of other cases.
        .limit(SHOWN_PLACES)
    )


def priority_reasons(
    context: Context, case: Case, language: str
) -> list[tuple[str, int]]:
    """Why the case stands where it stands: (words, points), largest first."""
    weights = load_rules(context.settings.data_dir).weights
    reasons = []
    for part in case.priority_parts:
        weight = getattr(weights, part["slug"], None)
        words = weight.why.get(language) if weight is not None else None
        reasons.append((words or part["why"], part["points"]))
    return reasons


def _routing_for_reader(
    session: Session, context: Context, case: Case, language: str
) -> Routing:
    """The stored routes. They are kept in English: for another reader the rules speak again."""
    rules = load_rules(context.settings.data_dir)
    if (
        not case.routing
        or language == SOURCE
        or language not in rules.messages
    ):
        return Routing.from_json(case.routing)
    return route_case(session, context, case, language)


def reports_of_case(
    session: Session, case: Case, skipped: int = 0, most: int = SHOWN_REPORTS
) -> Sequence[Report]:
    """The newest reports that name any item of the case; the very newest may be ``skipped``."""
    return session.scalars(
        about_case(select(Report), case)
        .distinct()
        .order_by(Report.received_at.desc(), Report.id.desc())
        .offset(skipped)
        .limit(most)
    ).all()


def _part_of_reports(session: Session, case: Case) -> Part[Report]:
    """The newest first, unlike the other lists: what came last is read first."""

    def count() -> int:
        counted = about_case(select(func.count(Report.id.distinct())), case)
        return session.scalar(counted) or 0

    return read_part(
        "reported",
        count,
        SHOWN_REPORTS,
        partial(reports_of_case, session, case),
    )


def _part_of_notes(
    session: Session, context: Context, case: Case, reader: Person, past: Past
) -> Part[ReadNote]:
    def read(skipped: int, most: int) -> Sequence[ReadNote]:
        return list_notes(
            session, context, case, reader, past, skipped=skipped, most=most
        )

    count = partial(count_notes, session, case, reader, past)
    return read_part("notes", count, SHOWN_NOTES, read)
