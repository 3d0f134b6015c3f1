"""Data is kept before anything is removed: a take-down would destroy what the police need.

Where a case has a preservation request, it leaves first; the notices that ask for removal wait
until it is acknowledged, or for a time that ends by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, lazyload

from hotline.core.context import Context
from partners.notices.models import UNSENT, Notice
from partners.referrals.holds import post_release
from partners.referrals.models import Plan
from partners.states import NoticeState
from triage.cases.models import Case

PRESERVATION = "preservation_request"
REMOVALS = ("provider_notice", "cdn_notice")
UNANSWERED = (*UNSENT, NoticeState.SENT)
"""Of a request: nobody has said yet that they have it."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Until when a take-down notice waits for a request, as things stand now.

    ``request_has_left`` is False where the request itself has still to leave: then it may wait for
    the police, and its leaving moves the end.
    """

    ends_at: datetime
    request_has_left: bool


def open_requests() -> Select[Notice]:
    """Requests without an answer, of their case's present round; to be narrowed to a case."""
    return (
        select(Notice)
        .join(Plan, Plan.id == Notice.plan_id)
        .join(Case, Case.id == Notice.case_id)
        .where(
            Notice.kind == PRESERVATION,
            Notice.state.in_(UNANSWERED),
            Plan.round == Case.round,
        )
    )


def find_wait(
    session: Session, context: Context, notice: Notice, now: datetime
) -> Wait | None:
    """What a take-down notice that has not left waits for; None where it need not.

    The time begins anew when the request has left, so that its reader has all of it.
    """
    if not _may_wait(notice):
        return None
    requests = list_open_requests(session, notice.case)
    return reckon_wait(context, notice, requests, now)


def list_open_requests(session: Session, case: Case) -> Sequence[Notice]:
    """Those of the case."""
    return session.scalars(
        open_requests()
        .where(Notice.case_id == case.id)
        .options(lazyload(Notice.case))
    ).all()


def reckon_wait(
    context: Context,
    notice: Notice,
    requests: Iterable[Notice],
    now: datetime,
) -> Wait | None:
    """As ``find_wait``, where the open ``requests`` of its case are at hand."""
    if not _may_wait(notice):
        return None
    about = {entry.item_id for entry in notice.items}
    of_these = [
        request
        for request in requests
        if any(entry.item_id in about for entry in request.items)
    ]
    # The latest of them: data that one request is about may be gone with what
    # another one is about.
    since = max((request.state_since for request in of_these), default=now)
    ends_at = since + _time_to_answer(context, notice.case)
    if not of_these or ends_at <= now:
        return None
    has_left = all(request.state not in UNSENT for request in of_these)
    return Wait(ends_at, has_left)


def _time_to_answer(context: Context, case: Case) -> timedelta:
    settings = context.settings
    return timedelta(
        hours=settings.preservation_hours_danger
        if case.danger_now
        else settings.preservation_hours
    )


def _may_wait(notice: Notice) -> bool:
    return notice.kind in REMOVALS and notice.state in UNSENT


def wait_for_request(
    session: Session, context: Context, notice: Notice, now: datetime
) -> bool:
    """Whether the notice has to wait; then it is looked at again when the time is over."""
    wait = find_wait(session, context, notice, now)
    if wait is None:
        return False
    post_release(
        session,
        notice.case_id,
        # A request that leaves later moves the end, and with it the look at
        # the notice.
        key=f"release:{notice.id}:kept:{wait.ends_at.isoformat()}",
        now=now,
        delay=wait.ends_at - now,
    )
    return True


def end_wait(session: Session, request: Notice, now: datetime) -> None:
    """The request was answered or taken back: what waited for it is looked at at once."""
    if request.kind == PRESERVATION:
        post_release(
            session,
            request.case_id,
            key=f"release:{request.id}:answered:{now.isoformat()}",
            now=now,
        )
