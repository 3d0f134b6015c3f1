"""How long each step took that ended in a period, from both of the points where a clock may start.

The hold of the police is a step of its own; the times until a notice and a removal are also told
without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from hotline.core.storage.machine import CREATED, HistoryEntry
from partners.directory.kinds import PartnerKind
from partners.directory.models import Partner
from partners.manual.models import ManualAct
from partners.manual.vocabulary import Outcome
from partners.notices.models import Notice
from partners.referrals.models import Hold, Referral
from partners.states import HoldEvent, NoticeEvent, ReferralEvent
from triage.cases.models import CaseItem
from triage.cases.vocabulary import CaseEvent, PlaceEvent
from triage.items.models import Item
from workers.statistics.counting.durations import COLUMNS, NOTHING, Step
from workers.statistics.counting.sql import (
    first_event_of,
    first_events,
    is_within,
    measure_durations,
    seconds_between,
)
from workers.statistics.periods import Period
from workers.statistics.tables import FigureTable, TableName, make_table

ASSESSED = (CaseEvent.ASSESSED, CaseEvent.AGREED, CaseEvent.DECIDED)
TOLD = (ReferralEvent.DELIVERED, ReferralEvent.TOLD_BY_HAND)
SENT = (NoticeEvent.SENT, NoticeEvent.TOLD_BY_HAND)
OVER = (HoldEvent.RELEASED, HoldEvent.CANCELLED)
Steps = Select[*tuple[Any, ...]]
"""(step, seconds), a row for each step that ended in the period."""
Events = Select[*tuple[Any, ...]]
"""(case_id, at), a row for each event."""
Only = Callable[[Any, Any], ColumnElement[bool]]
"""Which events are asked for, by the columns of their case and their time."""
Finder = Callable[[Only], list[Events]]


@dataclass(frozen=True, slots=True)
class OfCase:
    """Where entities of one kind belong to: the table that leads from them to their case."""

    entity: str
    model: type[Referral] | type[Notice] | type[Hold]
    events: tuple[str, ...]
    only: tuple[ColumnElement[bool], ...] = ()


NOTICES = OfCase("notice", Notice, SENT)


def measure_steps(session: Session, period: Period) -> FigureTable:
    """Every step, also those of which none ended in the period."""
    taken = union_all(
        *_steps_of_cases(period),
        *_steps_of_locations(period),
        _time_holds(period),
    )
    measured = measure_durations(session, taken)
    rows = {
        step.value: measured.get(step.value, NOTHING).values() for step in Step
    }
    return make_table(TableName.DURATIONS, "step", COLUMNS, rows)


def first_assessed(period: Period) -> Subquery:
    """(case_id, at) of the cases that were first decided in the period."""
    decided = first_events("case", ASSESSED, period)
    return select(
        decided.c.entity_id.label("case_id"), decided.c.at
    ).subquery()


def first_noticed(period: Period) -> Subquery:
    """(case_id, at) of the cases whose first notice left in the period."""
    return _first_of_case(lambda only: [_events_of(NOTICES, only)], period)


def first_told(
    period: Period, kinds: tuple[PartnerKind, ...], routes: tuple[str, ...]
) -> Subquery:
    """(case_id, at) of the cases of which an office of ``kinds`` was first told in the period.

    By a referral that arrived, or by hand, such as a call, for a route to such an office.
    """
    offices = select(Partner.id).where(Partner.kind.in_(kinds))
    of_offices = Referral.partner_id.in_(offices)
    referrals = OfCase("referral", Referral, TOLD, (of_offices,))
    of_routes = or_(*(_is_route(route) for route in routes))

    def find_told(only: Only) -> list[Events]:
        by_hand = select(ManualAct.case_id, ManualAct.happened_at).where(
            ManualAct.outcome == Outcome.TOLD,
            of_routes,
            only(ManualAct.case_id, ManualAct.happened_at),
        )
        return [_events_of(referrals, only), by_hand]

    return _first_of_case(find_told, period)


def first_removed(period: Period) -> Subquery:
    """(entity_id, at) of the case items that were first verified as removed in the period."""
    return first_events("case_item", (PlaceEvent.REMOVED,), period)


def _is_route(to: str) -> ColumnElement[bool]:
    """Whether a route's id names this addressee, with a country or without one."""
    return or_(ManualAct.route == to, ManualAct.route.startswith(f"{to}-"))


def _events_of(of_case: OfCase, only: Only) -> Events:
    """(case_id, at) of what happened to a case's entities of one kind."""
    case_id = of_case.model.case_id
    return (
        select(case_id, HistoryEntry.at)
        .join(HistoryEntry, HistoryEntry.entity_id == of_case.model.id)
        .where(
            HistoryEntry.entity == of_case.entity,
            HistoryEntry.event.in_(of_case.events),
            only(case_id, HistoryEntry.at),
            *of_case.only,
        )
    )


def _first_of_case(find: Finder, period: Period) -> Subquery:
    """The first event of each case, where that is in the period.

    Only cases to which it happened in the period are looked at, not all that there ever were.
    """
    # First those to which it happened in the period, which an index finds;
    # only their whole history is read, to see whether that was the first time.
    recent = union_all(*find(lambda _, at: is_within(at, period))).subquery()
    candidates = select(recent.c[0])
    events = union_all(
        *find(lambda case_id, _: case_id.in_(candidates))
    ).subquery()
    case_id, at = events.c
    return (
        select(case_id.label("case_id"), func.min(at).label("at"))
        .group_by(case_id)
        .having(is_within(func.min(at), period))
        .subquery()
    )


def _steps_of_cases(period: Period) -> list[Steps]:
    assessed = first_assessed(period)
    police = first_told(period, (PartnerKind.POLICE,), ("police",))
    noticed = first_noticed(period)
    return [
        _since_receipt(Step.RECEIPT_TO_ASSESSMENT, assessed),
        _since_receipt(Step.RECEIPT_TO_POLICE, police),
        _since_assessment(Step.ASSESSMENT_TO_POLICE, police),
        _since_receipt(Step.RECEIPT_TO_NOTICE, noticed),
        _without_hold(Step.RECEIPT_TO_NOTICE_WITHOUT_HOLD, noticed),
        _since_assessment(Step.ASSESSMENT_TO_NOTICE, noticed),
    ]


def _received_at(case_id: Any) -> ColumnElement[Any]:
    """When the first of the case's locations was first reported."""
    return (
        select(func.min(Item.first_reported_at))
        .join(CaseItem, CaseItem.item_id == Item.id)
        .where(CaseItem.case_id == case_id)
        .scalar_subquery()
    )


def _since_receipt(step: Step, ends: Subquery) -> Steps:
    start = _received_at(ends.c.case_id)
    return _take(step, seconds_between(start, ends.c.at), ends)


def _since_assessment(step: Step, ends: Subquery) -> Steps:
    start = first_event_of("case", ASSESSED, ends.c.case_id, ends.c.at)
    return _take(step, seconds_between(start, ends.c.at), ends)


def _without_hold(step: Step, ends: Subquery) -> Steps:
    held = _held_before(ends.c.case_id, ends.c.at)
    start = _received_at(ends.c.case_id)
    return _take(step, seconds_between(start, ends.c.at) - held, ends)


def _held_before(case_id: Any, noticed_at: Any) -> ColumnElement[Any]:
    """Seconds from the first hold's beginning until the last one was let go; 0 without any."""

    def time_of(events: tuple[str, ...], choose: Any) -> ColumnElement[Any]:
        return (
            select(choose(HistoryEntry.at))
            .join(Hold, Hold.id == HistoryEntry.entity_id)
            .where(
                Hold.case_id == case_id,
                HistoryEntry.entity == "hold",
                HistoryEntry.event.in_(events),
                # A hold that came after the notice has kept nothing waiting.
                HistoryEntry.at <= noticed_at,
            )
            .scalar_subquery()
        )

    began, ended = time_of((CREATED,), func.min), time_of(OVER, func.max)
    return func.coalesce(seconds_between(began, ended), 0)


def _take(step: Step, seconds: Any, rows: Subquery) -> Steps:
    return select(
        literal(step.value).label("step"), seconds.label("seconds")
    ).select_from(rows)


def _steps_of_locations(period: Period) -> list[Steps]:
    """Of removals: since the report, the assessment and the notice, and without the hold."""
    gone = _removed_locations(period)
    at = gone.c.at
    since_receipt = seconds_between(gone.c.received_at, at)
    held = _held_before(gone.c.case_id, gone.c.noticed_at)
    since_notice = seconds_between(gone.c.noticed_at, at)
    return [
        _take(Step.RECEIPT_TO_REMOVAL, since_receipt, gone),
        _take(
            Step.RECEIPT_TO_REMOVAL_WITHOUT_HOLD, since_receipt - held, gone
        ),
        _since_assessment(Step.ASSESSMENT_TO_REMOVAL, gone),
        _take(Step.NOTICE_TO_REMOVAL, since_notice, gone),
    ]


def _removed_locations(period: Period) -> Subquery:
    """(case_id, received_at, noticed_at, at) of what was first verified as removed in it."""
    removed = first_removed(period)
    noticed_at = first_event_of(
        "case_item",
        (PlaceEvent.NOTICED,),
        removed.c.entity_id,
        removed.c.at,
    )
    return (
        select(
            CaseItem.case_id,
            Item.first_reported_at.label("received_at"),
            noticed_at.label("noticed_at"),
            removed.c.at,
        )
        .select_from(removed)
        .join(CaseItem, CaseItem.id == removed.c.entity_id)
        .join(Item, Item.id == CaseItem.item_id)
        .subquery()
    )


def _time_holds(period: Period) -> Steps:
    """From when the police had the referral until the host could be told."""
    released = first_events("hold", (HoldEvent.RELEASED,), period)
    started = first_event_of(
        "hold", (HoldEvent.STARTED,), released.c.entity_id, released.c.at
    )
    return _take(Step.HOLD, seconds_between(started, released.c.at), released)
