"""What a plan rests on: the round of assessments and the routing it was asked for.

A plan is a decision about what two people saw. Where the case looks different now, it decides
nothing any more.
"""

from __future__ import annotations

import hashlib
import json

from partners.referrals.models import Plan
from triage.cases.models import Case

# Of a route: what decides about an act. Its words may change without changing anything.
DECISIVE = ("to", "country", "name", "after", "urgency")


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
        return "the case was opened again"
    if plan.routing_digest != routing_digest(case):
        return "the routes of the case have changed"
    return ""
