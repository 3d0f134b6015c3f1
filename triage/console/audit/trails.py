"""From an entry of the audit log to what it is about in words, and from a case to all its entries.

An entry names a thing by its id, which nobody should have to read. What lies above this layer, such
as notices, hands in a trail of its own when the application is built.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.approvals.models import Approval
from hotline.accounts.models import Person
from hotline.intake.models import ReportPart
from triage.cases.models import Case, CaseItem
from triage.console.audit.detail_values import OWN_SAYERS
from triage.console.audit.details import Sayers
from triage.hashlists.models import HashList, MediaMatch
from triage.items.models import ItemMedia, Sighting
from triage.viewing.models import Viewing

Ids = Collection[uuid.UUID]


@dataclass(frozen=True, slots=True)
class Thing:
    """What an entry is about. ``case``: the case's reference where it belongs to one."""

    name: str = ""
    case: str = ""


Things = Mapping[uuid.UUID, Thing]


class Trail(Protocol):
    """What a layer knows about the things that are in the log."""

    @property
    def sayers(self) -> Sayers:
        """What makes words of the codes that the layer records."""
        ...

    def find_things(
        self, session: Session, entity: str, ids: Ids
    ) -> Things: ...

    def list_ids(
        self, session: Session, case_id: uuid.UUID
    ) -> Iterable[uuid.UUID]: ...


class OwnTrail:
    """Cases, their places, items and reports; people and hash lists by their names."""

    sayers = OWN_SAYERS

    def find_things(self, session: Session, entity: str, ids: Ids) -> Things:
        if entity == "person":
            return _name_rows(session, Person.id, Person.display_name, ids)
        if entity in ("hash_list", "hashlist"):
            return _name_rows(session, HashList.id, HashList.name, ids)
        query = _CASE_OF.get(entity)
        if query is None:
            return {}
        key, statement = query
        rows = session.execute(statement.where(key.in_(ids)))
        return {row_id: Thing(case=reference) for row_id, reference in rows}

    def list_ids(
        self, session: Session, case_id: uuid.UUID
    ) -> Iterable[uuid.UUID]:
        # All that may be named in an entry about this case; the log knows
        # ids, and no case.
        about = {case_id}
        for query in _OF_CASE:
            for row in session.execute(
                query.where(CaseItem.case_id == case_id)
            ):
                about.update(row)
        yield from about
        # Who was let read a reporter's name, and on whose word.
        yield from session.scalars(
            select(Approval.id).where(Approval.subject.in_(map(str, about)))
        )


def find_all_things(
    session: Session, trails: Iterable[Trail], named: Mapping[str, Ids]
) -> dict[uuid.UUID, Thing]:
    """Of ids by the name of their entity, as the log calls it."""
    things: dict[uuid.UUID, Thing] = {}
    # A question for each kind of thing, whatever the number of entries.
    for trail in trails:
        for entity, ids in named.items():
            things.update(trail.find_things(session, entity, ids))
    return things


def _name_rows(session: Session, key: Any, name: Any, ids: Ids) -> Things:
    rows = session.execute(select(key, name).where(key.in_(ids)))
    return {row_id: Thing(name=text) for row_id, text in rows}


def _of_parts(key: Any) -> Any:
    """(key, the case's reference) of reported parts, through what they named."""
    return (
        select(key, Case.reference)
        .select_from(ReportPart)
        .join(Sighting, Sighting.part_id == ReportPart.id)
        .join(CaseItem, CaseItem.item_id == Sighting.item_id)
        .join(Case, Case.id == CaseItem.case_id)
    )


_OF_CASE: tuple[Any, ...] = (
    select(CaseItem.id, CaseItem.item_id),
    select(ReportPart.id, ReportPart.report_id)
    .join(Sighting, Sighting.part_id == ReportPart.id)
    .join(CaseItem, CaseItem.item_id == Sighting.item_id),
    select(Viewing.id).join(CaseItem, CaseItem.item_id == Viewing.item_id),
    # What a person said of a match, of the files that were seen in the case.
    select(MediaMatch.id)
    .join(ItemMedia, ItemMedia.media_id == MediaMatch.media_id)
    .join(CaseItem, CaseItem.item_id == ItemMedia.item_id),
)
"""Ids that entries about a case hold."""


def _of_places(key: Any) -> Any:
    return select(key, Case.reference).join(Case, Case.id == CaseItem.case_id)


_CASE_OF: Mapping[str, tuple[Any, Any]] = {
    "approval": (
        Approval.id,
        select(Approval.id, Case.reference).join(
            Case, Case.reference == Approval.about
        ),
    ),
    "case": (Case.id, select(Case.id, Case.reference)),
    "case_item": (CaseItem.id, _of_places(CaseItem.id)),
    "item": (CaseItem.item_id, _of_places(CaseItem.item_id)),
    "report": (ReportPart.report_id, _of_parts(ReportPart.report_id)),
    "report_part": (ReportPart.id, _of_parts(ReportPart.id)),
    "viewing": (
        Viewing.id,
        select(Viewing.id, Case.reference)
        .join(CaseItem, CaseItem.item_id == Viewing.item_id)
        .join(Case, Case.id == CaseItem.case_id),
    ),
}
