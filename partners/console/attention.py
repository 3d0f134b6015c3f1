"""What waits for a person: everything that the service may not or cannot decide by itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from flask import render_template
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from hotline.accounts.signing_in.auth import may_current_person, requires
from hotline.core.context import utc_now
from hotline.core.web import site
from partners import words
from partners.directory.lookup import count_waiting
from partners.duty.alerts import list_open
from partners.notices.models import Notice
from partners.notices.preservation import open_requests
from partners.plans.by_hand import list_cases_with_undone
from partners.referrals.holds import was_released
from partners.referrals.models import HOLDING, Hold, Plan, Referral
from partners.states import HoldState, NoticeState, PlanState, ReferralState
from partners.watching.models import Watch
from triage.cases.keeping.unread import list_unread, list_unread_reports
from triage.cases.listing.queue import list_awaiting_call
from triage.cases.machines import DECIDED
from triage.cases.models import Case, CaseItem
from triage.cases.vocabulary import Held
from triage.hosting.kinds import HostingKind
from triage.items.models import Item, Sighting

SHOWN = 200
HOSTED = tuple(kind for kind in HostingKind if kind.has_host)
"""Kinds of hosting of which somebody can be told, whatever else is known of the place."""
DANGER = "held.danger"
ALERT = "duty_alert.open"
BY_HAND = "route.by_hand"
UNANSWERED = "referral.unanswered"
CALL = "case.awaits_call"
URGENT = (ALERT, CALL, DANGER)
"""What goes before all else, in this order."""
HELD_AT_THE_DOOR = "notice.held_by_nobody"


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to decide: in which case, why, since when."""

    case: Case
    why: str
    since: datetime


WAITING: Mapping[type[Plan | Hold | Referral | Notice], Sequence[str]] = {
    Plan: (PlanState.REQUESTED,),
    Hold: (HoldState.EXPIRED,),
    Referral: (
        ReferralState.APPROVED,
        ReferralState.FAILED,
        ReferralState.MORE_WANTED,
    ),
    Notice: (
        NoticeState.AWAITING_CONTACT,
        NoticeState.FAILED,
        NoticeState.DISPUTED,
        NoticeState.ESCALATED,
    ),
}
"""States in which something waits for a person."""


def list_points(session: Session) -> list[Point]:
    """All points, danger first, then the oldest. ``why`` is a word of ``words.ATTENTION``."""
    points = [
        *_of_states(session),
        *_of_reporters_and_offices(session),
        *_of_withdrawals(session),
        *_of_watches(session),
    ]
    urgent = _list_urgent(session)
    # What is urgent keeps its own order: an old question must not slip between
    # a child and a call.
    return urgent + sorted(points, key=lambda point: point.since)


def _list_urgent(session: Session) -> list[Point]:
    """A child may be in danger now."""
    alerts = [
        Point(alert.case, ALERT, alert.opened_at)
        for alert in list_open(session)
    ]
    calls = [
        Point(case, CALL, case.awaits_call_since)
        for case in list_awaiting_call(session)
        if case.awaits_call_since is not None
    ]
    return [*alerts, *calls, *_held_in_danger(session)]


def _of_states(session: Session) -> Iterator[Point]:
    for model, states in WAITING.items():
        rows: Iterable[Plan | Hold | Referral | Notice] = session.scalars(
            select(model)
            .where(model.state.in_(states), *_matters(model))
            # The oldest, because of more than can be shown those have waited
            # longest.
            .order_by(model.state_since)
            .limit(SHOWN)
        )
        for row, case in _with_cases(session, list(rows)):
            # Some of them have a name and no host that could be told, as a hidden service.
            if isinstance(row, Hold) and not case.is_hosted:
                continue
            why = f"{row.machine.name}.{row.state}"
            yield Point(case, why, row.state_since)


def _matters(
    model: type[Plan | Hold | Referral | Notice],
) -> tuple[ColumnElement[bool], ...]:
    """A hold of a case in words holds nothing that anybody could let go. Nobody decides on it, so
    in the end there would be no room for others beside those."""
    if model is not Hold:
        return ()
    hosts = (
        select(CaseItem.id)
        .join(Item, Item.id == CaseItem.item_id)
        .where(
            CaseItem.case_id == Hold.case_id,
            or_(Item.host.is_not(None), Item.hosting_kind.in_(HOSTED)),
        )
    )
    return (hosts.exists(),)


def _of_reporters_and_offices(session: Session) -> Iterator[Point]:
    for case, at in list_unread(session):
        yield Point(case, "reporter.wrote", at)
    for case, at in list_unread_reports(session):
        yield Point(case, "reporter.reported", at)
    for referral in _list_unanswered(session):
        if referral.escalated_at is not None:
            yield Point(referral.case, UNANSWERED, referral.escalated_at)
    for case in list_cases_with_undone(session):
        yield Point(case, BY_HAND, case.state_since)
    for case, since in _held_by_nobody(session):
        yield Point(case, HELD_AT_THE_DOOR, since)


def _of_watches(session: Session) -> Iterator[Point]:
    watches = session.scalars(
        select(Watch)
        .where(Watch.needs_person)
        .order_by(Watch.state_since)
        .limit(SHOWN)
    ).all()
    for row, case in _with_cases(session, list(watches)):
        yield Point(case, "watch.unclear", row.last_at or row.state_since)


def _held_by_nobody(session: Session) -> list[tuple[Case, datetime]]:
    """Notices that wait for a release which nobody is asked for: no hold is live, and none of
    this round was released. The case changed after they were approved, so a person plans anew.

    While people assess the case again it is in their queue already; what waits only for data to
    be kept leaves by itself.
    """
    live_hold = select(Hold.id).where(
        Hold.case_id == Notice.case_id, Hold.state.in_(HOLDING)
    )
    preserving = open_requests().with_only_columns(Case.id)
    since = func.min(Notice.state_since)
    rows = session.execute(
        select(Case, since)
        .join(Notice, Notice.case_id == Case.id)
        .where(
            Notice.state == NoticeState.AWAITING_RELEASE,
            Case.state.in_(DECIDED),
            ~live_hold.exists(),
            # A notice that waits for data to be kept is looked at again when
            # that time is over.
            Case.id.not_in(preserving),
        )
        .group_by(Case.id)
        .order_by(since)
        .limit(SHOWN)
    )
    return [(case, at) for case, at in rows if not was_released(session, case)]


def _of_withdrawals(session: Session) -> list[Point]:
    """Referrals that somebody wants taken back, and holds that those taken back have left."""
    asked = session.scalars(
        select(Referral)
        .where(Referral.withdrawal_asked_by != "")
        .order_by(Referral.state_since)
        .limit(SHOWN)
    ).all()
    orphans = session.scalars(
        select(Hold)
        .join(Referral, Referral.id == Hold.referral_id)
        .where(
            Hold.state.in_(HOLDING), Referral.state == ReferralState.WITHDRAWN
        )
        .order_by(Hold.state_since)
        .limit(SHOWN)
    ).all()
    return [
        *(
            Point(case, "referral.withdrawal_asked", row.state_since)
            for row, case in _with_cases(session, list(asked))
        ),
        *(
            Point(case, "hold.orphaned", row.referral.state_since)
            for row, case in _with_cases(session, list(orphans))
        ),
    ]


def _list_unanswered(session: Session) -> Sequence[Referral]:
    """Referrals to which an office has said nothing, whoever was reminded."""
    return session.scalars(
        select(Referral)
        .where(
            Referral.state == ReferralState.DELIVERED,
            Referral.escalated_at.is_not(None),
        )
        .order_by(Referral.escalated_at)
        .limit(SHOWN)
    ).all()


def _held_in_danger(session: Session) -> list[Point]:
    """Of a possible flood: cases where a report says that a child is in danger now."""
    first = func.min(Sighting.at)
    rows = session.execute(
        select(Case, first)
        .join(CaseItem, CaseItem.case_id == Case.id)
        .join(Sighting, Sighting.item_id == CaseItem.item_id)
        .where(Case.held == Held.DANGER, Sighting.held)
        .group_by(Case.id)
        .order_by(first)
        .limit(SHOWN)
    )
    return [Point(case, DANGER, since) for case, since in rows]


Row = TypeVar("Row", bound=Plan | Hold | Referral | Notice | Watch)


def _with_cases(
    session: Session, rows: Sequence[Row]
) -> list[tuple[Row, Case]]:
    ids = {row.case_id for row in rows}
    cases: dict[uuid.UUID, Case] = {
        case.id: case
        for case in session.scalars(select(Case).where(Case.id.in_(ids)))
    }
    return [(row, cases[row.case_id]) for row in rows]


@requires("queue.see")
def attention() -> str:
    """The page."""
    now = utc_now()
    with site.reading() as session:
        return render_template(
            "partners/attention.html",
            points=list_points(session),
            addresses=count_waiting(session)
            if may_current_person("partner.edit")
            else 0,
            words=words,
            urgent=URGENT,
            now=now,
        )
