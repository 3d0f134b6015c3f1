"""Finding cases: a page of the queue, how many stand in each tab, one by its reference."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.errors import NotFound, phrase
from triage.cases.assessing.rounds import BLIND_STATES
from triage.cases.handling.models import HandOver
from triage.cases.listing.filters import (
    Filters,
    conditions_of,
    marks_of,
)
from triage.cases.listing.tabs import (
    IN_DANGER,
    TABS,
    Order,
    order_of,
    stands_in,
)
from triage.cases.models import Assessment, Case
from triage.cases.places import whole_of
from triage.cases.vocabulary import Held

COUNTED = 1_000
COUNTED_OF_SEVERAL = 200
"""Where several values are asked for, each case is looked at for the others."""
PAGE = 50
HELD_NAMED = 10
"""Cases in one's own hands that are named above the list."""


@dataclass(frozen=True)
class Row:
    """``assessed``: the person who looks has assessed the case in this round already."""

    case: Case
    assessed: bool


@dataclass(frozen=True, slots=True)
class HeldCase:
    """A case in somebody's hands; ``giver`` is the name of whoever handed it to them."""

    reference: str
    giver: str


@dataclass(frozen=True)
class Page:
    """``after`` leads to the next page; None on the last."""

    rows: list[Row] = field(default_factory=list)
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; or so many at least, where nobody counted further."""

    number: int
    is_more: bool = False

    @classmethod
    def up_to(cls, most: int, number: int) -> Self:
        """Of what was counted up to one more than ``most``."""
        return cls(min(number, most), number > most)

    def __str__(self) -> str:
        return f"{self.number}+" if self.is_more else str(self.number)


def list_queue(
    session: Session,
    *,
    tab: str,
    filters: Filters,
    person: Person,
    now: datetime,
    after: str | None = None,
    limit: int = PAGE,
) -> Page:
    """One page of a tab, most urgent first, among equals the one that waits longest. One query.

    The tab of what is held has every case where reports of a flood wait, whatever its state.
    """
    order = _order_of(tab, filters)
    mine = exists().where(
        Assessment.case_id == Case.id,
        Assessment.round == Case.round,
        Assessment.person_id == person.id,
    )
    query = (
        order.join_marks(select(Case, mine, order.rank).select_from(Case))
        .where(
            order.stands,
            *conditions_of(filters, person, now, but=order.mark),
        )
        .order_by(*order.columns)
        # One more than is shown says whether there is a next page, without a
        # count.
        .limit(limit + 1)
    )
    if after:
        query = query.where(order.beyond(after))
    answers = session.execute(query).all()
    rows = [Row(case, assessed) for case, assessed, _ in answers[:limit]]
    if len(answers) <= limit:
        return Page(rows)
    last, _, rank = answers[limit - 1]
    return Page(rows, f"{rank}.{last.id.hex}")


def _order_of(tab: str, filters: Filters) -> Order:
    return order_of(tab, next(iter(marks_of(filters)), ""))


def count_matching(
    session: Session,
    *,
    tab: str,
    filters: Filters,
    person: Person,
    now: datetime,
    page: Page,
    after: str | None = None,
) -> Count:
    """How many cases of the tab the filters let through, of which ``page`` is shown."""
    if not after and not page.after:
        return Count(len(page.rows))
    several = len(filters.to_query()) > 1
    most = COUNTED_OF_SEVERAL if several else COUNTED
    order = _order_of(tab, filters)
    some = (
        _ids_of(order, conditions_of(filters, person, now, but=order.mark))
        .limit(most + 1)
        .subquery()
    )
    number = session.scalar(select(func.count()).select_from(some)) or 0
    return Count.up_to(most, number)


def list_matching(
    session: Session,
    *,
    tab: str,
    filters: Filters,
    person: Person,
    now: datetime,
    limit: int = COUNTED,
) -> Sequence[uuid.UUID]:
    """The most urgent cases that the filters let through, by their ids."""
    order = _order_of(tab, filters)
    conditions = conditions_of(filters, person, now, but=order.mark)
    query = _ids_of(order, conditions).order_by(*order.columns)
    return session.scalars(query.limit(limit)).all()


def _ids_of(
    order: Order, conditions: Sequence[ColumnElement[bool]]
) -> Select[uuid.UUID]:
    """The cases themselves are read only where something is asked of them."""
    query = select(order.case_id).where(order.stands)
    if conditions:
        query = order.join_marks(query.select_from(Case)).where(*conditions)
    return query


def count_tabs(session: Session) -> dict[str, int]:
    """Cases by tab, and those ``IN_DANGER``, each counted up to ``COUNTED`` + 1 only, so that a
    million costs no more."""

    def capped(name: str, condition: ColumnElement[bool]) -> Select[str, int]:
        some = select(Case.id).where(condition).limit(COUNTED + 1).subquery()
        return select(literal(name), func.count()).select_from(some)

    wanted = {tab: stands_in(tab) for tab in TABS} | {
        IN_DANGER: Case.held == Held.DANGER
    }
    rows = session.execute(
        union_all(
            *(
                capped(*name_and_condition)
                for name_and_condition in wanted.items()
            )
        )
    )
    return {row[0]: row[1] for row in rows}


def list_awaiting_call(session: Session) -> Sequence[Case]:
    """Cases where nobody has telephoned the police yet, the oldest first: they stand above every
    tab, whatever else is looked at."""
    query = (
        select(Case)
        .where(Case.awaits_call_since.is_not(None))
        .order_by(Case.awaits_call_since)
        .limit(PAGE)
    )
    return session.scalars(query).all()


def list_held_by(
    session: Session, person: Person, now: datetime
) -> Sequence[HeldCase]:
    """What the person has in hand, what came last first; one more than is named, where there is."""
    handed = and_(
        HandOver.case_id == Case.id,
        HandOver.to_id == person.id,
        # Whoever took it again later has it by themselves.
        HandOver.at == Case.claimed_at,
    )
    query = (
        select(Case.reference, Case.state, Person.display_name)
        .outerjoin(HandOver, handed)
        .outerjoin(Person, Person.id == HandOver.from_id)
        .where(Case.claimed_by_id == person.id, Case.claimed_until > now)
        .order_by(Case.claimed_at.desc(), Case.id)
        .limit(HELD_NAMED + 1)
    )
    return [
        # In a blind round nobody is named.
        HeldCase(reference, "" if state in BLIND_STATES else giver or "")
        for reference, state, giver in session.execute(query)
    ]


def by_reference(session: Session, reference: str) -> Case:
    """The case; the one that it became a part of, where it was merged."""
    case = session.scalar(select(Case).where(Case.reference == reference))
    if case is None:
        raise NotFound(phrase("There is no such case."))
    return whole_of(session, case)
