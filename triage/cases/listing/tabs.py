"""The queue's tabs: which cases stand in each, in which order, and where a page of them ends."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from hotline.core.errors import InvalidInput, phrase
from triage.cases.listing.marks import CaseMark
from triage.cases.machines import OPEN_STATES
from triage.cases.models import Case
from triage.cases.vocabulary import CaseState, Held

Row = TypeVarTuple("Row")
HELD = CaseState.HELD
IN_DANGER = "held, in danger"
"""Counted beside the tabs: where a held report says that a child is in danger now."""
TABS = (
    *OPEN_STATES,
    HELD,
    CaseState.IN_PROGRESS,
    CaseState.REMOVED,
    CaseState.CLOSED,
    CaseState.NOT_ILLEGAL,
    CaseState.RECEIVED,
)


def stands_in(tab: str) -> ColumnElement[bool]:
    """A tab has the cases of its state; the held one all where reports of a flood wait."""
    # Held are reports, whose case may be in any state: it shows in both tabs.
    return Case.held > Held.NONE if tab == HELD else Case.state == tab


def rank_in(tab: str) -> InstrumentedAttribute[int]:
    """What the tab is ordered by, largest first."""
    return Case.held if tab == HELD else Case.priority


@dataclass(frozen=True, slots=True)
class Order:
    """Where the cases of a tab are read in their order: their own table, or that of their marks.

    ``mark``: which one; empty is their own table.
    """

    mark: str
    stands: ColumnElement[bool]
    rank: InstrumentedAttribute[int]
    case_id: InstrumentedAttribute[uuid.UUID]

    @property
    def columns(self) -> tuple[ColumnElement[Any], ...]:
        """Largest rank first, among equals the case that waits longest."""
        return self.rank.desc(), self.case_id.asc()

    def join_marks(self, query: Select[*Row]) -> Select[*Row]:
        """``query`` of cases, with the marks that it is read by.

        Joined, and no condition: one that nothing meets would take the others away.
        """
        if not self.mark:
            return query
        return query.join(CaseMark, CaseMark.case_id == Case.id)

    def beyond(self, after: str) -> ColumnElement[bool]:
        """Rows after a keyset mark ``rank.id``; the first half lets the index do the work."""
        try:
            rank_text, id_text = after.split(".")
            # The mark comes from the address of a page, where anybody may
            # write anything.
            reached, last = int(rank_text), uuid.UUID(hex=id_text)
        except ValueError:
            raise InvalidInput(
                phrase("This is no page of the queue."),
                fields={"/after": "invalid"},
            ) from None
        return and_(
            self.rank <= reached,
            or_(self.rank < reached, self.case_id > last),
        )


def order_of(tab: str, mark: str = "") -> Order:
    """Of the cases of ``tab``; where ``mark`` is given, of those that have it.

    The held tab is short, and has an order of its own: its cases are looked through.
    """
    if not mark or tab == HELD:
        return Order("", stands_in(tab), rank_in(tab), Case.id)
    stands = and_(CaseMark.mark == mark, CaseMark.state == tab)
    return Order(mark, stands, CaseMark.priority, CaseMark.case_id)
