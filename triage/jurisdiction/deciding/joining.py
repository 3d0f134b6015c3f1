"""One answer for a case of several items: whoever is to be told of one is told of the case.

Joining adds and never takes away, with two exceptions: a case is closed as lawful only where all of
it is, and a notice waits for what the most careful of its items waits for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from triage.jurisdiction.answer import Ground, Route, Routing
from triage.jurisdiction.vocabulary import (
    Answer,
    Destination,
    Gate,
    Urgency,
)

HELPERS = frozenset(
    {
        Destination.EMERGENCY,
        Destination.HELPLINE,
        Destination.CHILD_PROTECTION_UNIT,
        Destination.ANTI_TRAFFICKING_UNIT,
        Destination.SCHOOL_PSYCHOLOGIST,
        Destination.MANUAL_REVIEW,
        Destination.POLICE,
        Destination.PROSECUTOR,
        Destination.INTERPOL_NCB,
    }
)
"""They are told of the whole case, as soon as any item of it lets them be told."""

# From what holds up least to what holds up most. A person who plans has decided; the police have to
# say so in each case.
_BY_CARE = (
    None,
    Gate.ASSESSMENT,
    Gate.NOTICE_DEADLINE,
    Gate.POLICE,
    Gate.PERSON,
    Gate.POLICE_RELEASE,
)
SENTENCE = re.compile(r"(?<=[.!?]) ")
_BY_CERTAINTY = (Answer.YES, Answer.UNKNOWN, Answer.NO)
_BY_URGENCY = tuple(Urgency)
_IN_READING_ORDER = tuple(Destination)


def join_routings(routings: Sequence[Routing]) -> Routing:
    """The answer for all items together; the most urgent item's priority is the case's."""
    if len(routings) == 1:
        return routings[0]
    routes: dict[str, list[Route]] = {}
    grounds: dict[tuple[str, str], list[Ground]] = {}
    for routing in routings:
        for route in routing.routes:
            routes.setdefault(route.id, []).append(route)
        for ground in routing.jurisdiction:
            key = (ground.country, ground.ground)
            grounds.setdefault(key, []).append(ground)
    joined = [
        _join_routes(same)
        for same in routes.values()
        if same[0].to is not Destination.CLOSE or len(same) == len(routings)
    ]
    return Routing(
        jurisdiction=tuple(_surest(same) for same in grounds.values()),
        routes=tuple(
            sorted(joined, key=lambda route: _IN_READING_ORDER.index(route.to))
        ),
        priority=max(
            (routing.priority for routing in routings),
            key=lambda priority: priority.score,
        ),
    )


def _surest(grounds: Iterable[Ground]) -> Ground:
    return min(grounds, key=lambda ground: _BY_CERTAINTY.index(ground.status))


def _join_routes(routes: Sequence[Route]) -> Route:
    """Several items' routes to one addressee as one."""
    first = routes[0]
    gates = sorted((route.after for route in routes), key=_BY_CARE.index)
    return replace(
        first,
        name=next((route.name for route in routes if route.name), ""),
        after=gates[0] if first.to in HELPERS else gates[-1],
        urgency=min(
            (route.urgency for route in routes), key=_BY_URGENCY.index
        ),
        # One item that needs a person's word is enough to ask for it.
        automatic=all(route.automatic for route in routes),
        why=_say_once(route.why for route in routes),
        basis=next((route.basis for route in routes if route.basis), ""),
    )


def _say_once(reasons: Iterable[str]) -> str:
    """Every sentence once, in the order in which they come."""
    sentences = (
        sentence for reason in reasons for sentence in SENTENCE.split(reason)
    )
    return " ".join(dict.fromkeys(sentences))
