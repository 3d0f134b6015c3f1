"""What becomes of open plans and unsent notices where a case's round or routing has changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.jobs.task import Task
from hotline.core.storage import audit, machine
from partners.notices import judging
from partners.notices.models import UNSENT, Notice
from partners.notices.service import withdraw_notice
from partners.plans.making.basis import (
    remainder_of,
    routing_digest,
    why_outdated,
)
from partners.referrals.holds import post_release
from partners.referrals.models import Plan
from partners.states import NoticeEvent, NoticeState, PlanEvent, PlanState
from triage.cases.locking import lock_case
from triage.cases.models import Case


def review_case(task: Task) -> None:
    """The job that follows every change of a case's round or routing."""
    with task.context.database.writing() as session:
        case = lock_case(session, task.id_of("case_id"))
        task.mark_done(session)
        review_measures(session, task.context, case, now=task.now)


def review_measures(
    session: Session, context: Context, case: Case, *, now: datetime
) -> None:
    """Narrow what rests on an older state of the case, and judge anew what has not left.

    Referrals are left alone: what the police or another office are to know goes out.
    """
    open_plans = select(Plan).where(
        Plan.case_id == case.id, Plan.state == PlanState.REQUESTED
    )
    for plan in session.scalars(open_plans).all():
        if why_outdated(plan, case):
            _narrow_plan(session, plan, case, now)
    unsent = select(Notice).where(
        Notice.case_id == case.id, Notice.state.in_(UNSENT)
    )
    for notice in session.scalars(unsent.order_by(Notice.id)).all():
        _judge_anew(session, context, notice, now)


def _narrow_plan(
    session: Session, plan: Plan, case: Case, now: datetime
) -> None:
    """Keep what the rules of now still allow; a plan of which nothing is left is superseded."""
    reason = why_outdated(plan, case)
    remainder = remainder_of(plan, case)
    left_out = [route.to_json() for route in remainder.left_out]
    if not remainder.routes:
        machine.advance_state(
            session,
            plan,
            PlanEvent.SUPERSEDED,
            actor=audit.SYSTEM,
            now=now,
            reason=reason,
            left_out=left_out,
        )
        return
    plan.routes = [route.to_json() for route in remainder.routes]
    plan.round, plan.routing_digest = case.round, routing_digest(case)
    machine.advance_state(
        session,
        plan,
        PlanEvent.NARROWED,
        actor=audit.SYSTEM,
        now=now,
        reason=reason,
        left_out=left_out,
    )


def _judge_anew(
    session: Session, context: Context, notice: Notice, now: datetime
) -> None:
    # What was decided on the finding of before must not reach a host after it
    # was doubted.
    if not judging.is_of_this_round(session, notice):
        withdraw_notice(
            Act(session, context, audit.SYSTEM, now),
            notice,
            reason="The case was opened again before it left.",
        )
        return
    may_leave = judging.may_leave(session, context, notice, now)
    if notice.state == NoticeState.QUEUED and not may_leave:
        machine.advance_state(
            session, notice, NoticeEvent.HELD, actor=audit.SYSTEM, now=now
        )
    # Not sent from here: the job that releases looks up first where the item
    # lies now.
    elif notice.state == NoticeState.AWAITING_RELEASE and may_leave:
        post_release(
            session, notice.case_id, key=f"release:{notice.id}:{now}", now=now
        )
