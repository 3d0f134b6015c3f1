"""What a plan rests on: the round of assessments and the routing it was asked for.

A plan is a decision about what two people saw. Where the case looks different now, it is narrowed
to what the rules of now still allow: nothing is added, nothing is sent earlier, and telling the
police never waits for somebody to ask anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from partners.referrals.models import Plan
from triage.cases.models import Case

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
    routes = [
        {name: route.get(name) for name in DECISIVE}
        for route in case.routing.get("routes", [])
    ]
    text = json.dumps(routes, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


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

    routes: list[dict[str, Any]]
    left_out: list[LeftOut]


def remainder_of(plan: Plan, case: Case) -> Remainder:
    """Split the plan's routes into those that the case's routing still allows and the others."""
    routes: list[dict[str, Any]] = []
    left_out: list[LeftOut] = []
    is_reopened = plan.round != case.round
    for route in plan.routes:
        current = _route_of_now(route, case)
        reason = _why_not(route, current, is_reopened=is_reopened)
        if current is None or reason:
            left_out.append(LeftOut(route["to"], route["country"], reason))
        else:
            routes.append(_with_choices(current, route))
    return Remainder(routes, left_out)


def _route_of_now(
    route: Mapping[str, Any], case: Case
) -> Mapping[str, Any] | None:
    for current in case.routing.get("routes", []):
        if (current["to"], current["country"]) == (
            route["to"],
            route["country"],
        ):
            return dict(current)
    return None


def _why_not(
    route: Mapping[str, Any],
    current: Mapping[str, Any] | None,
    *,
    is_reopened: bool,
) -> str:
    if current is None:
        return NOT_NAMED
    if is_reopened and route["to"] not in IN_DANGER:
        return REOPENED
    waits_now = current["after"] == "police_release"
    waited_then = route["after"] == "police_release"
    return HELD if waits_now and not waited_then else ""


def _with_choices(
    current: Mapping[str, Any], route: Mapping[str, Any]
) -> dict[str, Any]:
    """The route as the rules have it now, to the office that was chosen then."""
    chosen = ("partner_id", "territory_reason")
    return {
        **current,
        **{name: route[name] for name in chosen if name in route},
    }
