"""What was met of the fingerprints that reporters gave, as people and reporters are told."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from hotline.intake.form.receipt.seen_again import SeenAgain
from hotline.intake.models import Report, ReportPart
from hotline.intake.registry.vocabulary import CHILDREN, ReporterRole
from triage.cases.models import Case, CaseItem
from triage.cases.vocabulary import PlaceState
from triage.hashlists.models import HashEntryRow, HashList
from triage.items.models import Sighting
from triage.prints.models import PrintListing, PrintSighting, WatchedPrint

SHOWN_PLACES = 10
MAY_BE_TOLD = frozenset({*CHILDREN, ReporterRole.PARENT})


@dataclass(frozen=True, slots=True)
class PrintPlace:
    """A place where the picture was seen: its case, how far the removal is, how near it is."""

    reference: str
    state: PlaceState
    distance: int


@dataclass(frozen=True, slots=True)
class PrintView:
    """A fingerprint on the page of its case. ``places`` are the newest few of ``total``."""

    total: int
    removed: int
    places: Sequence[PrintPlace]
    lists: Sequence[str]


def view_print(session: Session, item_id: uuid.UUID) -> PrintView | None:
    """What is known of the item's fingerprint; None where it is none that is looked for."""
    print_id = session.scalar(
        select(WatchedPrint.id).where(WatchedPrint.item_id == item_id)
    )
    if print_id is None:
        return None
    counts = _count(session, PrintSighting.print_id == print_id)
    rows = session.execute(
        select(
            Case.reference,
            CaseItem.state,
            # A place may show several files that are near it: the nearest says
            # most.
            func.min(PrintSighting.distance),
        )
        .join(CaseItem, CaseItem.case_id == Case.id)
        .join(PrintSighting, PrintSighting.item_id == CaseItem.item_id)
        .where(PrintSighting.print_id == print_id)
        .group_by(Case.reference, CaseItem.id, CaseItem.state)
        .order_by(func.max(PrintSighting.at).desc(), CaseItem.id)
        .limit(SHOWN_PLACES)
    )
    places = [
        PrintPlace(reference, PlaceState(state), distance)
        for reference, state, distance in rows
    ]
    return PrintView(
        counts.places, counts.removed, places, _lists_of(session, print_id)
    )


def count_for_reporter(session: Session, report: Report) -> SeenAgain | None:
    """For whoever says that it is their own picture, or that they look after the child in it.

    What lists know is told to no reporter at all.
    """
    # By what the reporter said in the report itself: nobody is asked to prove
    # it, and so little is told.
    is_theirs = report.own_material or report.reporter_role in MAY_BE_TOLD
    # Whoever else holds a picture must not learn from us whether it is known.
    if not is_theirs or report.held_for_review:
        return None
    given = (
        select(WatchedPrint.id)
        .join(Sighting, Sighting.item_id == WatchedPrint.item_id)
        .join(ReportPart, ReportPart.id == Sighting.part_id)
        .where(ReportPart.report_id == report.id)
    )
    if session.scalar(given.limit(1)) is None:
        return None
    return _count(session, PrintSighting.print_id.in_(given))


def _count(session: Session, which: ColumnElement[bool]) -> SeenAgain:
    """Each place once, whatever the number of its files and of fingerprints of one picture."""
    states = session.scalars(
        select(CaseItem.state).where(
            CaseItem.item_id.in_(select(PrintSighting.item_id).where(which))
        )
    ).all()
    return SeenAgain(
        places=len(states), removed=states.count(PlaceState.VERIFIED_REMOVED)
    )


def _lists_of(session: Session, print_id: uuid.UUID) -> Sequence[str]:
    return session.scalars(
        select(HashList.name)
        .join(HashEntryRow, HashEntryRow.list_id == HashList.id)
        .join(PrintListing, PrintListing.entry_id == HashEntryRow.id)
        .where(
            PrintListing.print_id == print_id,
            HashList.enabled,
            HashEntryRow.removed_in.is_(None),
        )
        .distinct()
        .order_by(HashList.name)
    ).all()
