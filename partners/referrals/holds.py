"""Police holds: nothing about an item leaves the house until the police let it go.

A hold begins when the police have the referral and has a deadline. Its end by time is an event for
a supervisor, never a release: a notice leaves only after a person released it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, phrase
from hotline.core.jobs.names import JobName
from hotline.core.storage import machine, outbox
from hotline.core.storage.ids import new_id
from hotline.intake.values import clean_line, clean_text
from partners.referrals.models import HOLDING, Hold, Plan, Referral
from partners.states import HoldEvent, HoldState, ReferralState
from triage.cases.locking import lock_case
from triage.cases.models import Case
from triage.jurisdiction import Destination

MAX_EXTENSION = timedelta(days=90)


def open_hold(act: Act, referral: Referral) -> Hold:
    """A hold that is pending until the police have the referral; it holds already.

    It takes the place of those whose referral was withdrawn.
    """
    # Their referral was taken back, so nobody outside would ever let them go.
    for orphan in list_orphans(act.session, referral.case_id):
        act.advance(
            orphan, HoldEvent.CANCELLED, taken_over_by=referral.reference
        )
    hold = Hold(
        id=new_id(),
        case_id=referral.case_id,
        referral_id=referral.id,
        referral=referral,
    )
    act.begin(hold, referral=referral.reference)
    return hold


def begin_clocks(act: Act, referral: Referral) -> None:
    """The office has it: whether it answers is watched, and a police hold's time runs."""
    referral.chase_at, referral.reminded = referral.due_at, 0
    referral.escalated_at = None
    if referral.kind == Destination.POLICE:
        start_hold(act, referral)


def list_orphans(session: Session, case_id: uuid.UUID) -> Sequence[Hold]:
    """Holds that still hold although their referral was withdrawn.

    Taking back what the police were told lets no host be told: that is another person's word.
    """
    return session.scalars(
        select(Hold)
        .join(Referral, Referral.id == Hold.referral_id)
        .where(
            Hold.case_id == case_id,
            Hold.state.in_(HOLDING),
            Referral.state == ReferralState.WITHDRAWN,
        )
        .order_by(Hold.id)
    ).all()


def start_hold(act: Act, referral: Referral) -> None:
    """The police have it: the clock runs."""
    pending = select(Hold).where(
        Hold.referral_id == referral.id, Hold.state == HoldState.PENDING
    )
    hold = act.session.scalar(pending)
    if hold is not None:
        hours = act.context.settings.hold_hours
        hold.deadline = act.now + timedelta(hours=hours)
        act.advance(
            hold, HoldEvent.STARTED, deadline=hold.deadline.isoformat()
        )


def extend_hold(
    act: Act,
    hold: Hold,
    *,
    deadline: datetime,
    reason: str,
    officer_reference: str,
) -> None:
    """Police need longer: a reason, their own reference and a new deadline are required."""
    lock_case(act.session, hold.case_id)
    reason, officer_reference = (
        clean_text(reason),
        clean_line(officer_reference),
    )
    faults = {}
    if not reason:
        faults["/reason"] = "Say why."
    if not officer_reference:
        faults["/officer_reference"] = "Give the officer's reference."
    # A hold without end would keep a host from being told for ever.
    if not act.now < deadline <= act.now + MAX_EXTENSION:
        faults["/deadline"] = (
            f"Choose a time within the next {MAX_EXTENSION.days} days."
        )
    if faults:
        raise InvalidInput(phrase("The hold was not extended."), fields=faults)
    hold.deadline, hold.reason = deadline, reason[:2000]
    hold.officer_reference = officer_reference[:120]
    act.advance(
        hold,
        HoldEvent.EXTENDED,
        reason=hold.reason,
        officer_reference=hold.officer_reference,
        deadline=deadline.isoformat(),
    )


def release_hold(act: Act, hold: Hold, *, reason: str = "") -> None:
    """The police let it go: what waited for it is posted at once, day or night."""
    lock_case(act.session, hold.case_id)
    words = clean_text(reason)[:2000]
    act.advance(hold, HoldEvent.RELEASED, reason=words)
    post_release(
        act.session, hold.case_id, key=f"release:{hold.id}", now=act.now
    )


def post_release(
    session: Session,
    case_id: uuid.UUID,
    *,
    key: str,
    now: datetime,
    delay: timedelta = timedelta(),
) -> None:
    """Have the notices of a case looked at again; nothing leaves while another hold is on it."""
    outbox.post_work(
        session,
        JobName.NOTICE_RELEASE,
        key=key,
        payload={"case_id": str(case_id)},
        now=now,
        queue="urgent",
        delay=delay,
    )


def is_held(session: Session, case_id: uuid.UUID) -> bool:
    """Whether any hold on the case still holds: pending, active, or expired and not released."""
    query = (
        select(Hold.id)
        .where(Hold.case_id == case_id, Hold.state.in_(HOLDING))
        .limit(1)
    )
    return session.scalar(query) is not None


def hinder_viewing(session: Session, case: Case) -> str | None:
    """While the police hold, nobody makes the host see another visit for the sake of a look."""
    if not is_held(session, case.id):
        return None
    return phrase(
        "A police hold is on: the host must not see another visit now."
    )


def was_released(session: Session, case: Case) -> bool:
    """Whether the police let the case go in the round of assessments that it is in.

    What they let go before the case was opened again was another finding. Nor does a release count
    that came through a referral which was taken back since: it may have reached the wrong office.
    """
    still_stands = or_(
        Referral.state != ReferralState.WITHDRAWN,
        Hold.state_since >= Referral.state_since,
    )
    query = (
        select(Hold.id)
        .join(Referral, Referral.id == Hold.referral_id)
        .join(Plan, Plan.id == Referral.plan_id)
        .where(
            Hold.case_id == case.id,
            Hold.state == HoldState.RELEASED,
            Plan.round == case.round,
            still_stands,
        )
        .limit(1)
    )
    return session.scalar(query) is not None


def expire_holds(session: Session, context: Context, now: datetime) -> int:  # noqa: ARG001
    """Deadlines that passed: the hold still holds, and a supervisor is to decide.

    A case that somebody is busy with is left for the next time.
    """
    overdue = session.scalars(
        select(Hold)
        .join(Case, Case.id == Hold.case_id)
        .where(Hold.state == HoldState.ACTIVE, Hold.deadline <= now)
        # With the case, because a person may release the hold at this very
        # moment.
        .with_for_update(skip_locked=True, of=(Case, Hold))
    ).all()
    for hold in overdue:
        machine.advance_state(
            session, hold, HoldEvent.EXPIRED, actor="scheduler", now=now
        )
    return len(overdue)
