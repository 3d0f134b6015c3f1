"""A person's decision that the police are not told of a case, and whether it still holds.

Of a child that reports, or is met on a foreign platform, the rules leave it to a person whether the
police are told, and let nobody who could warn be told before. Deciding for the police opens the
way by their release. Deciding against them is a decision as well: made with a reason, agreed to by
another person, and valid as long as the rules leave it to people.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from partners.referrals.models import Plan, Referral
from partners.referrals.routes import tells_police
from partners.states import PlanState, ReferralState
from triage.cases.models import Case
from triage.jurisdiction import Destination, Gate, Routing


def may_go_without(kind: str) -> bool:
    """Whether such a notice makes sense without the police: data is kept for them alone."""
    return kind != Destination.PRESERVATION_REQUEST


def may_be_decided(case: Case) -> bool:
    """Whether the rules of now leave it to a person; never where a child is in danger now."""
    police = [
        route
        for route in Routing.from_json(case.routing).routes
        if route.to is Destination.POLICE
    ]
    is_open = all(route.after is Gate.PERSON for route in police)
    return bool(police) and is_open and not case.danger_now


def is_decided(
    session: Session, case: Case, *, as_of: str | None = None
) -> bool:
    """Whether two people decided in this round not to tell the police, and not otherwise since.

    ``as_of``: the digest of the routing of now; a decision on another one does not count then.
    """
    if not may_be_decided(case):
        return False
    newest_first = session.scalars(
        select(Plan)
        .where(
            Plan.case_id == case.id,
            Plan.round == case.round,
            Plan.state == PlanState.APPROVED,
        )
        .order_by(Plan.requested_at.desc(), Plan.id.desc())
    )
    for plan in newest_first:
        routes = plan.planned_routes
        if tells_police(routes):
            return False
        if any(route.without_police for route in routes):
            return as_of in (None, plan.routing_digest)
    return False


def has_police(session: Session, case: Case) -> bool:
    """Whether the police were told in this round of assessments."""
    referrals = (
        select(Referral.id)
        .join(Plan, Plan.id == Referral.plan_id)
        .where(
            Referral.case_id == case.id,
            Referral.kind == Destination.POLICE,
            Referral.state != ReferralState.WITHDRAWN,
            Plan.round == case.round,
        )
    )
    return session.scalar(referrals.limit(1)) is not None
