"""Whether a notice may leave, asked of the case as it is now and never of how it once was."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hotline.core.context import Context
from partners.notices.models import Notice
from partners.notices.preservation import wait_for_request
from partners.referrals.holds import is_held, was_released
from partners.referrals.models import Plan
from partners.referrals.without_police import is_decided, may_go_without
from triage.cases.examination.appraise import appraise_by_rules_of_now
from triage.cases.machines import DECIDED
from triage.jurisdiction import Gate


def may_leave(
    session: Session, context: Context, notice: Notice, now: datetime
) -> bool:
    """No hold is on the case; where the police go first, they have let it go, or people decided
    that they are not told; and where data is to be kept first, it was asked for.

    A hold stops every notice of its case, whatever the notice was made for. What the rules ask
    for is worked out from the routing of this moment and noted on the notice; a routing by rules
    that have changed since is worked out anew before.
    """
    appraise_by_rules_of_now(session, context, notice.case, now)
    is_decided_against = may_go_without(notice.kind) and is_decided(
        session, notice.case
    )
    notice.needs_release = (
        _needs_release(session, notice) and not is_decided_against
    )
    # While people assess the case, or have found it legal, no host is told anything about it.
    if notice.case.state not in DECIDED or is_held(session, notice.case_id):
        return False
    if notice.needs_release and not was_released(session, notice.case):
        return False
    return not wait_for_request(session, context, notice, now)


def is_of_this_round(session: Session, notice: Notice) -> bool:
    """Whether the assessments that the notice was decided on still count."""
    return session.get_one(Plan, notice.plan_id).round == notice.case.round


def _needs_release(session: Session, notice: Notice) -> bool:
    """A notice that the routing does not know any more waits: nobody has said that it may go."""
    offered = [
        route
        for route in notice.case.routing.get("routes", [])
        if route["to"] == notice.kind
    ]
    plan = session.get_one(Plan, notice.plan_id)
    countries = _countries_of(plan, notice.kind)
    same_country = [
        route for route in offered if route["country"] in countries
    ]
    # What lies in another country by now is judged by the routes that there
    # are for it now.
    governing = same_country or offered
    if not governing or _any_waits(governing):
        return True
    return any(_item_waits(notice, entry.item_id) for entry in notice.items)


def _item_waits(notice: Notice, item_id: uuid.UUID) -> bool:
    """By the rules' answer about this item alone: of several, one may have come to lie elsewhere.

    An item that the case does not have any more waits; so does one that no such route is about.
    """
    place = notice.case.place_of(item_id)
    if place is None:
        return True
    # Then it is the case's only one, and the case's routes are its own.
    if not place.routing:
        return False
    of_kind = [
        route
        for route in place.routing.get("routes", [])
        if route["to"] == notice.kind
    ]
    return not of_kind or _any_waits(of_kind)


def _any_waits(routes: Sequence[Mapping[str, Any]]) -> bool:
    return any(route["after"] == Gate.POLICE_RELEASE for route in routes)


def _countries_of(plan: Plan, kind: str) -> set[str | None]:
    return {route.country for route in plan.planned_routes if route.to == kind}
