"""What would be forgotten now, and when the next of each sort is: nothing is changed by asking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hotline.accounts.models import Invitation, LoginSession, Person
from hotline.accounts.oidc.models import SpentLogout
from hotline.core.context import Context
from hotline.core.datafiles.periods import Period, Periods, Sort, load_periods
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake.models import (
    Draft,
    IdempotencyKey,
    Report,
    ReportPart,
    SpentProof,
)
from hotline.intake.registry.vocabulary import FINAL_STATES
from hotline.intake.retention import count_waiting
from partners.forgetting import due
from partners.sending.models import Delivery
from triage.cases.keeping.last_act import happened_since
from workers.retention.pruning import SETTLED


@dataclass(frozen=True, slots=True)
class PlannedSort:
    """One sort of data: how many are due now, and when the next one is at the earliest.

    ``kept``: how many there are that have a time at all. ``next_at`` None: nothing is near.
    """

    sort: Sort
    period: Period
    kept: int
    due: int
    next_at: datetime | None

    def to_json(self) -> dict[str, object]:
        days = self.period.days
        return {
            "sort": self.sort.value,
            "what": self.period.what,
            "days": days,
            "hours": self.period.hours,
            "kept": self.kept,
            "due": self.due,
            "next_at": self.next_at and self.next_at.isoformat(),
            "reason": self.period.reason,
            "verified": self.period.verified,
        }


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """All sorts that are counted by time. ``unread`` and ``under_hold``: what is held back."""

    at: datetime
    sorts: tuple[PlannedSort, ...]
    unread: int
    under_hold: int

    def to_json(self) -> dict[str, object]:
        return {
            "at": self.at.isoformat(),
            "sorts": [planned.to_json() for planned in self.sorts],
            "held_unread": self.unread,
            "held_by_police": self.under_hold,
        }


def make_plan(
    session: Session, context: Context, now: datetime
) -> RetentionPlan:
    """As of ``now``, which may lie ahead: what a round would find then."""
    periods = load_periods(context.settings)
    waiting = count_waiting(
        session, context.settings, now=now, happened=happened_since
    )
    cases = [
        PlannedSort(
            row.sort, periods[row.sort], row.kept, row.due, row.next_at
        )
        for row in due.count_cases(session, periods, now)
    ]
    sorts = [
        _plan_words(session, periods, now, waiting.due),
        *cases,
        *_plan_rows(session, periods, now),
    ]
    return RetentionPlan(
        at=now,
        sorts=tuple(sorts),
        unread=waiting.unread,
        under_hold=due.count_under_hold(session),
    )


def _plan_words(
    session: Session, periods: Periods, now: datetime, count_due: int
) -> PlannedSort:
    """A report's time runs from its last part's end at the earliest."""
    period = periods[Sort.REPORT_WORDS]
    kept = _count(session, Report.erased_at.is_(None))
    still_open = (
        select(ReportPart.id)
        .where(
            ReportPart.report_id == Report.id,
            ReportPart.state.not_in(FINAL_STATES),
        )
        .exists()
    )
    last_end = (
        select(func.max(ReportPart.state_since))
        .where(ReportPart.report_id == Report.id)
        .scalar_subquery()
    )
    first = session.scalar(
        select(func.min(last_end)).where(
            Report.erased_at.is_(None),
            # With an open part a report has no end yet from which its time
            # could run.
            ~still_open,
            last_end > now - period.length,
        )
    )
    next_at = None if first is None else first + period.length
    return PlannedSort(Sort.REPORT_WORDS, period, kept, count_due, next_at)


def _plan_rows(
    session: Session, periods: Periods, now: datetime
) -> Iterator[PlannedSort]:
    """Tables each row of which goes when its own clock says so."""
    ended: tuple[
        tuple[
            Sort,
            InstrumentedAttribute[datetime]
            | InstrumentedAttribute[datetime | None],
            ColumnElement[bool] | None,
        ],
        ...,
    ] = (
        (Sort.WORK, OutboxEntry.done_at, OutboxEntry.done_at.is_not(None)),
        (
            Sort.DELIVERIES,
            Delivery.state_since,
            Delivery.state.in_(SETTLED),
        ),
        (
            Sort.STAFF,
            Person.disabled_at,
            Person.disabled_at.is_not(None) & (Person.password_hash != ""),
        ),
    )
    for sort, column, condition in ended:
        length = periods[sort].length
        yield _plan_column(
            session, periods, sort, column, now - length, condition
        )
    # These rows say themselves when they end.
    for sort, column in (
        (Sort.FORM, Draft.expires_at),
        (Sort.IDEMPOTENCY, IdempotencyKey.expires_at),
        (Sort.PROOF_OF_WORK, SpentProof.expires_at),
        (Sort.SESSIONS, LoginSession.expires_at),
        (Sort.SESSIONS, SpentLogout.expires_at),
        (Sort.INVITATIONS, Invitation.expires_at),
    ):
        yield _plan_column(session, periods, sort, column, now, None)


def _plan_column(
    session: Session,
    periods: Periods,
    sort: Sort,
    column: InstrumentedAttribute[datetime]
    | InstrumentedAttribute[datetime | None],
    before: datetime,
    condition: ColumnElement[bool] | None,
) -> PlannedSort:
    conditions = [] if condition is None else [condition]
    kept = _count(session, *conditions, of=column)
    count_due = _count(session, *conditions, column <= before, of=column)
    first = session.scalar(
        select(func.min(column)).where(*conditions, column > before)
    )
    period = periods[sort]
    own_clock = column.key == "expires_at"
    next_at = first
    if first is not None and not own_clock:
        next_at = first + period.length
    return PlannedSort(sort, period, kept, count_due, next_at)


def _count(
    session: Session,
    *conditions: ColumnElement[bool],
    of: InstrumentedAttribute[datetime]
    | InstrumentedAttribute[datetime | None]
    | None = None,
) -> int:
    counted = Report.id if of is None else of
    query = select(func.count(counted)).where(*conditions)
    return session.scalar(query) or 0
