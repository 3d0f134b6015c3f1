"""Whose case it is and who must be told. Pure: facts and rules in, an explained answer out."""

from triage.jurisdiction.answer import Ground, Route, Routing
from triage.jurisdiction.deciding.joining import HELPERS, join_routings
from triage.jurisdiction.deciding.routing import (
    priority_signals,
    read_list_class,
    route_facts,
)
from triage.jurisdiction.facts import Facts, Suspect, Victim
from triage.jurisdiction.rules import Rules, load_rules, rules_digest
from triage.jurisdiction.vocabulary import (
    Answer,
    AssessmentClass,
    Destination,
    Gate,
    GroundName,
    Urgency,
)

__all__ = [
    "HELPERS",
    "Answer",
    "AssessmentClass",
    "Destination",
    "Facts",
    "Gate",
    "Ground",
    "GroundName",
    "Route",
    "Routing",
    "Rules",
    "Suspect",
    "Urgency",
    "Victim",
    "join_routings",
    "load_rules",
    "priority_signals",
    "read_list_class",
    "route_facts",
    "rules_digest",
]
