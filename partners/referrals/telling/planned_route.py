"""Which route of its plan a referral follows: it says why the office is told."""

from __future__ import annotations

from sqlalchemy.orm import Session

from partners.referrals.models import Plan, Referral
from partners.referrals.routes import PlannedRoute


def planned_route_of(
    session: Session, referral: Referral
) -> PlannedRoute | None:
    """The route of the approved plan that the referral follows; None if the plan has none."""
    plan = session.get_one(Plan, referral.plan_id)
    of_kind = [
        planned
        for planned in plan.planned_routes
        if planned.to == referral.kind
    ]
    for planned in of_kind:
        if planned.partner_id == referral.partner_id:
            return planned
    return of_kind[0] if of_kind else None
