"""What was met of the fingerprints that reporters gave, as people and reporters are told."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select
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


def view_prints(
    session: Session, item_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, PrintView]:
    """What is known of the items' fingerprints; of an item without one that is looked for,
    nothing."""
    watched = select(WatchedPrint.item_id, WatchedPrint.id).where(
        WatchedPrint.item_id.in_(item_ids)
    )
    print_ids = {row.item_id: row.id for row in session.execute(watched)}
    if not print_ids:
        return {}
    met = _list_met(session, print_ids.values())
    lists = _lists_of(session, print_ids.values())
    return {
        item_id: PrintView(
            total=its_own[0].total if its_own else 0,
            removed=int(its_own[0].removed) if its_own else 0,
            places=[
                PrintPlace(row.reference, PlaceState(row.state), row.distance)
                for row in its_own
            ],
            lists=lists.get(print_id, ()),
        )
        for item_id, print_id in print_ids.items()
        for its_own in [met.get(print_id, ())]
    }


def _list_met(
    session: Session, print_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[Row[*tuple[Any, ...]]]]:
    """By fingerprint, the newest places where it was seen, each with how many there are in all."""
    each = (
        select(
            PrintSighting.print_id,
            CaseItem.id,
            CaseItem.state,
            Case.reference,
            # A place may show several files that are near it: the nearest says
            # most.
            func.min(PrintSighting.distance).label("distance"),
            func.max(PrintSighting.at).label("newest_at"),
        )
        .join(CaseItem, CaseItem.item_id == PrintSighting.item_id)
        .join(Case, Case.id == CaseItem.case_id)
        .where(PrintSighting.print_id.in_(print_ids))
        .group_by(
            PrintSighting.print_id, CaseItem.id, CaseItem.state, Case.reference
        )
        .subquery()
    )
    of_print = each.c.print_id
    is_removed = case(
        (each.c.state == PlaceState.VERIFIED_REMOVED, 1), else_=0
    )
    newest_first = (each.c.newest_at.desc(), each.c.id)
    ranked = select(
        *each.c,
        func.count().over(partition_by=of_print).label("total"),
        func.sum(is_removed).over(partition_by=of_print).label("removed"),
        func.row_number()
        .over(partition_by=of_print, order_by=newest_first)
        .label("rank"),
    ).subquery()
    rows = session.execute(
        select(*ranked.c)
        .where(ranked.c.rank <= SHOWN_PLACES)
        .order_by(ranked.c.rank)
    )
    met: dict[uuid.UUID, list[Row[*tuple[Any, ...]]]] = {}
    for row in rows:
        met.setdefault(row.print_id, []).append(row)
    return met


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


def _lists_of(
    session: Session, print_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[str]]:
    rows = session.execute(
        select(PrintListing.print_id, HashList.name)
        .join(HashEntryRow, HashEntryRow.id == PrintListing.entry_id)
        .join(HashList, HashList.id == HashEntryRow.list_id)
        .where(
            PrintListing.print_id.in_(print_ids),
            HashList.enabled,
            HashEntryRow.removed_in.is_(None),
        )
        .distinct()
        .order_by(HashList.name)
    )
    lists: dict[uuid.UUID, list[str]] = {}
    for print_id, name in rows:
        lists.setdefault(print_id, []).append(name)
    return lists
