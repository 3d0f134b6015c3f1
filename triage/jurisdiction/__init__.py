"""Whose case it is and who must be told. Pure: facts and rules in, an explained answer out."""

from triage.jurisdiction.facts import Facts, Suspect, Victim
from triage.jurisdiction.routing import Ground, Route, Routing, route, signals
from triage.jurisdiction.rules import Rules, load_rules, rules_digest

__all__ = [
    "Facts",
    "Ground",
    "Route",
    "Routing",
    "Rules",
    "Suspect",
    "Victim",
    "load_rules",
    "route",
    "rules_digest",
    "signals",
]
