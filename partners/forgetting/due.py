"""Which cases' time is over, and which of them the police still want kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select
from sqlalchemy.orm import Session

from hotline.core.datafiles.periods import Periods, Sort
from hotline.intake.models import ReportMessage, ReportPart
from hotline.intake.retention import is_unread
from partners.notices.models import Notice
from partners.notices.preservation import PRESERVATION
from partners.referrals.models import HOLDING, Hold, Referral
from partners.states import NoticeState, ReferralState
from triage.cases.models import Case, CaseItem
from triage.cases.people.keeping.forget import OVER, is_forgotten
from triage.cases.vocabulary import CaseState
from triage.items.models import Sighting

POLICE = ("police", "interpol_ncb", "prosecutor")
"""Kinds of referral whose office may need for years what the hotline saw."""
TAKEN_UP = (ReferralState.TAKEN_UP, ReferralState.MORE_WANTED)
CASE_SORTS = (Sort.CASE, Sort.CASE_NOT_ILLEGAL, Sort.CASE_OF_POLICE)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Cases of one sort that are over and still there.

    ``due``: their time is over. ``next_at``: when the next one's is; None where there is none.
    """

    sort: Sort
    kept: int
    due: int
    next_at: datetime | None


def is_under_hold() -> ColumnElement[bool]:
    """Of a ``Case``: a hold of the police is open, so that nothing of it may go."""
    return exists().where(Hold.case_id == Case.id, Hold.state.in_(HOLDING))


def is_of_police() -> ColumnElement[bool]:
    """Of a ``Case``: the police asked for a hold, took it up, or had data preserved for them."""
    return or_(
        exists().where(Hold.case_id == Case.id),
        exists().where(
            Referral.case_id == Case.id,
            Referral.kind.in_(POLICE),
            Referral.state.in_(TAKEN_UP),
        ),
        exists().where(
            Notice.case_id == Case.id,
            Notice.kind == PRESERVATION,
            Notice.state != NoticeState.WITHDRAWN,
        ),
    )


def is_of_sort(sort: Sort) -> ColumnElement[bool]:
    """Of a ``Case``: by which of the periods of cases it goes; each case goes by one."""
    not_illegal = Case.state == CaseState.NOT_ILLEGAL
    # Asked first: what the police may still need is kept longest, whatever the
    # case turned out to be.
    if sort is Sort.CASE_OF_POLICE:
        return is_of_police()
    if sort is Sort.CASE_NOT_ILLEGAL:
        return and_(not_illegal, not_(is_of_police()))
    return and_(not_(not_illegal), not_(is_of_police()))


def is_left(sort: Sort) -> ColumnElement[bool]:
    """Of a ``Case``: it is over and of this sort, and not forgotten yet."""
    return and_(
        Case.forgotten_at.is_(None), Case.state.in_(OVER), is_of_sort(sort)
    )


def is_due(periods: Periods, sort: Sort, now: datetime) -> ColumnElement[bool]:
    """Of a ``Case``: no hold is open, and its time is over, as is that of the reports about it.

    A lawful place does not wait for its reports, but for what their reporters may object.
    """
    nobody_waits = (
        not_(has_unread_words())
        if sort is Sort.CASE_NOT_ILLEGAL
        else is_forgotten()
    )
    return and_(
        is_left(sort),
        Case.state_since <= now - periods[sort].length,
        nobody_waits,
        not_(is_under_hold()),
    )


def has_unread_words() -> ColumnElement[bool]:
    """Of a ``Case``: a reporter wrote about it, and nobody has opened that yet."""
    return (
        exists()
        .where(
            CaseItem.case_id == Case.id,
            Sighting.item_id == CaseItem.item_id,
            ReportPart.id == Sighting.part_id,
            ReportMessage.report_id == ReportPart.report_id,
            is_unread(),
        )
        .correlate(Case)
    )


def lock_due_cases(
    session: Session, periods: Periods, now: datetime, limit: int
) -> Sequence[Case]:
    """Some of them, the oldest first."""
    return session.scalars(
        select(Case)
        .where(or_(*(is_due(periods, sort, now) for sort in CASE_SORTS)))
        .order_by(Case.id)
        .limit(limit)
        # A case that somebody works on just now is met by the next run.
        .with_for_update(of=Case, skip_locked=True)
    ).all()


def count_cases(
    session: Session, periods: Periods, now: datetime
) -> list[Waiting]:
    """What waits of each sort of case."""
    return [_count_sort(session, periods, sort, now) for sort in CASE_SORTS]


def _count_sort(
    session: Session, periods: Periods, sort: Sort, now: datetime
) -> Waiting:
    length = periods[sort].length
    kept = _count(session, is_left(sort))
    due = _count(session, is_due(periods, sort, now))
    first = session.scalar(
        select(func.min(Case.state_since)).where(
            is_left(sort), Case.state_since > now - length
        )
    )
    next_at = None if first is None else first + length
    return Waiting(sort, kept=kept, due=due, next_at=next_at)


def count_under_hold(session: Session) -> int:
    """Cases that are over and stay because the police still hold them."""
    is_open = and_(
        Case.forgotten_at.is_(None), Case.state.in_(OVER), is_under_hold()
    )
    return _count(session, is_open)


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(Case).where(condition)
    return session.scalar(query) or 0
