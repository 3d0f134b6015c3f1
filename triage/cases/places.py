"""Which case an item is decided in, and which items a case has, as queries ask for it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from sqlalchemy import BindParameter, Select, Uuid, bindparam, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import InvalidInput, phrase
from triage.cases.models import Case, CaseItem
from triage.cases.vocabulary import PlaceEvent
from triage.items.models import Item

_DASHES = re.compile(r"\s*[-\u2010-\u2015]\s*")
_RUN = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?", re.ASCII)
ANY_CASE: BindParameter[uuid.UUID] = bindparam("case_id", type_=Uuid())
"""The id of a case, in a question that is put together once and asked of one case after the other:
that takes longer than to ask it."""


def item_ids_of(
    case_id: uuid.UUID | BindParameter[uuid.UUID],
) -> Select[uuid.UUID]:
    """A subquery: ``ItemMedia.item_id.in_(item_ids_of(case.id))``."""
    return select(CaseItem.item_id).where(CaseItem.case_id == case_id)


def find_case_id(session: Session, item_id: uuid.UUID) -> uuid.UUID:
    """The id of the case in which the item is decided."""
    query = select(CaseItem.case_id).where(CaseItem.item_id == item_id)
    return session.scalars(query).one()


def lock_case_of(session: Session, item: Item) -> Case:
    """The case in which ``item``, which the session holds locked, is decided, locked as well."""
    return session.scalars(
        select(Case)
        .where(Case.id == find_case_id(session, item.id))
        .with_for_update(of=Case),
        # What the session read before it had the lock is out of date.
        execution_options={"populate_existing": True},
    ).one()


def list_parts(session: Session, case: Case) -> Sequence[Case]:
    """The cases that became a part of this one, those of its parts included."""
    parts: list[Case] = []
    wholes = [case.id]
    while wholes:
        query = select(Case).where(Case.merged_into_id.in_(wholes))
        nearest = session.scalars(query.order_by(Case.reference)).all()
        parts.extend(nearest)
        wholes = [part.id for part in nearest]
    return parts


def whole_of(session: Session, case: Case) -> Case:
    """The case itself; the one that it became a part of, where it was merged."""
    # The other case may itself have become a part of a third.
    while case.merged_into_id is not None:
        case = session.get_one(Case, case.merged_into_id)
    return case


def places_numbered(case: Case, text: str) -> list[CaseItem]:
    """Those of "3, 7-12": of a case with hundreds, nobody ticks them one by one."""
    there = {place.number for place in case.places}
    chosen: set[int] = set()
    for run in filter(None, re.split(r"[\s,;]+", _DASHES.sub("-", text))):
        ends = _RUN.fullmatch(run)
        first, last = (
            (int(ends[1]), int(ends[2] or ends[1])) if ends else (1, 0)
        )
        # Between the two some may have gone into another case; a number that
        # somebody wrote was meant for a location.
        if last < first or not {first, last} <= there:
            raise _not_numbers()
        chosen |= {number for number in there if first <= number <= last}
    return [place for place in case.places if place.number in chosen]


def _not_numbers() -> InvalidInput:
    return InvalidInput(
        phrase("These are no numbers of locations of this case."),
        hint=phrase("Write them as 3, 7-12."),
    )


def note_at_place(
    act: Act, case: Case, item_id: uuid.UUID, event: PlaceEvent
) -> None:
    """Move the item's removal on, where ``event`` says anything new about it."""
    place = case.place_of(item_id)
    # Such events come from many sides and in any order: one that says nothing
    # new is no fault.
    if place is not None and place.machine.allows(place.state, event):
        act.advance(place, event, case=case.reference)
