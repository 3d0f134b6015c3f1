"""What a plan rests on: the round of assessments and the routing it was asked for.

A plan is a decision about what two people saw. Where the case looks different now, it is narrowed
to what the rules of now still allow: nothing is added, nothing is sent earlier, and telling the
police never waits for somebody to ask anew.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace

from partners.referrals.models import Plan
from partners.referrals.routes import PlannedRoute
from triage.cases.models import Case, CaseItem
from triage.jurisdiction import Gate, Route, Routing

# Of a route: what decides about an act. Its words may change without changing anything.
DECISIVE = ("to", "country", "name", "after", "urgency")
# These may be told of a child in danger whatever is not assessed yet.
IN_DANGER = frozenset({"police", "helpline", "child_protection_unit"})

REOPENED = "the case was opened again"
CHANGED = "the routes of the case have changed"
NOT_NAMED = "the rules do not name it any more"
HELD = "it may leave only after the police have released it now"


def routing_digest(case: Case) -> str:
    """One value for everything in the case's routing that an act depends on."""
    routes: list[object] = [
        {name: route.get(name) for name in DECISIVE}
        for route in case.routing.get("routes", [])
    ]
    # Of a single item the routes of the case are its own.
    if len(case.places) > 1:
        routes += [_name_routes(place) for place in case.places]
    text = json.dumps(routes, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _name_routes(place: CaseItem) -> list[str]:
    """The item, and the routes that are about it: a route may stay while its items change."""
    routing = Routing.from_json(place.routing)
    return [place.item_id.hex, *sorted(route.id for route in routing.routes)]


def why_outdated(plan: Plan, case: Case) -> str:
    """Why the plan rests on what is not so any more; empty while it still stands."""
    if plan.round != case.round:
        return REOPENED
    if plan.routing_digest != routing_digest(case):
        return CHANGED
    return ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A route of a plan that may not be taken any more, and why."""

    to: str
    country: str | None
    reason: str

    def to_json(self) -> dict[str, str | None]:
        """As the plan's history keeps it."""
        return {"to": self.to, "country": self.country, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Remainder:
    """What is left of an outdated plan: ``routes`` by the rules of now, and what fell away."""

    routes: list[PlannedRoute]
    left_out: list[LeftOut]


def remainder_of(plan: Plan, case: Case) -> Remainder:
    """Split the plan's routes into those that the case's routing still allows and the others."""
    routes: list[PlannedRoute] = []
    left_out: list[LeftOut] = []
    routing = Routing.from_json(case.routing)
    is_reopened = plan.round != case.round
    for route in plan.planned_routes:
        current = routing.route(route.route.id)
        reason = _why_not(route, current, is_reopened=is_reopened)
        if current is None or reason:
            left_out.append(LeftOut(route.to, route.country, reason))
        else:
            # As the rules have it now, to the office that was chosen then.
            routes.append(replace(route, route=current))
    return Remainder(routes, left_out)


def _why_not(
    planned: PlannedRoute, current: Route | None, *, is_reopened: bool
) -> str:
    if current is None:
        return NOT_NAMED
    # What was decided on another finding is decided anew, but nobody's rescue
    # waits for that.
    if is_reopened and planned.to not in IN_DANGER:
        return REOPENED
    waits_now = current.after is Gate.POLICE_RELEASE
    return HELD if waits_now and not planned.waits_for_police else ""
