"""Finding cases: a page of the queue, how many stand in each tab, one by its reference."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Select,
    exists,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.errors import NotFound, phrase
from triage.cases.listing.filters import Filters, conditions_of
from triage.cases.listing.tabs import (
    IN_DANGER,
    TABS,
    beyond_mark,
    rank_in,
    stands_in,
)
from triage.cases.models import Assessment, Case
from triage.cases.vocabulary import Held

COUNTED = 1_000
PAGE = 50


@dataclass(frozen=True)
class Row:
    """``assessed``: the person who looks has assessed the case in this round already."""

    case: Case
    assessed: bool


@dataclass(frozen=True)
class Page:
    """``after`` leads to the next page; None on the last."""

    rows: list[Row] = field(default_factory=list)
    after: str | None = None


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
    rank = rank_in(tab)
    mine = exists().where(
        Assessment.case_id == Case.id,
        Assessment.round == Case.round,
        Assessment.person_id == person.id,
    )
    query = (
        select(Case, mine)
        .where(stands_in(tab), *conditions_of(filters, person, now))
        .order_by(rank.desc(), Case.id)
        .limit(limit + 1)
    )
    if after:
        query = query.where(beyond_mark(after, rank))
    rows = [Row(case, assessed) for case, assessed in session.execute(query)]
    if len(rows) <= limit:
        return Page(rows)
    last = rows[limit - 1].case
    return Page(rows[:limit], f"{getattr(last, rank.key)}.{last.id.hex}")


def count_matching(
    session: Session,
    *,
    tab: str,
    filters: Filters,
    person: Person,
    now: datetime,
) -> int:
    """How many cases of the tab the filters let through, counted up to ``COUNTED`` + 1 only."""
    some = (
        select(Case.id)
        .where(stands_in(tab), *conditions_of(filters, person, now))
        .limit(COUNTED + 1)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(some)) or 0


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
    rank = rank_in(tab)
    query = (
        select(Case.id)
        .where(stands_in(tab), *conditions_of(filters, person, now))
        .order_by(rank.desc(), Case.id)
        .limit(limit)
    )
    return session.scalars(query).all()


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


def by_reference(session: Session, reference: str) -> Case:
    """The case; the one that it became a part of, where it was merged."""
    case = session.scalar(select(Case).where(Case.reference == reference))
    while case is not None and case.merged_into_id is not None:
        case = session.get(Case, case.merged_into_id)
    if case is None:
        raise NotFound(phrase("There is no such case."))
    return case
