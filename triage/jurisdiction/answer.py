"""What the rules answer: grounds of jurisdiction, routes, priority, all in one language.

A case stores the answer as JSON and ``hotline route --json`` prints it. It becomes JSON and comes
back from it only here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from triage.jurisdiction.vocabulary import (
    Answer,
    Destination,
    Gate,
    GroundName,
    Urgency,
)
from triage.priority import Priority


@dataclass(frozen=True, slots=True)
class Ground:
    """Whether a country has jurisdiction on one ground."""

    country: str
    ground: GroundName
    basis: str
    status: Answer
    why: str

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Ground:
        return cls(
            country=data["country"],
            ground=GroundName(data["ground"]),
            basis=data["basis"],
            status=Answer(data["status"]),
            why=data["why"],
        )


@dataclass(frozen=True, slots=True)
class Route:
    """Whom to tell, when, how urgently, and why. ``name`` is empty where it is yet to be found.

    ``country`` is the addressee's. ``after`` is what must have happened first; None = nothing.
    ``automatic``: it may start without anybody choosing it.
    """

    to: Destination
    country: str | None
    name: str
    after: Gate | None
    urgency: Urgency
    automatic: bool
    why: str
    basis: str

    @property
    def id(self) -> str:
        """ "hotline-DE": names the route on forms and in plans."""
        # No answer holds two routes to one addressee of one country, so these
        # two are enough, and stay when the routes are worked out again.
        return f"{self.to}-{self.country}" if self.country else str(self.to)

    def to_json(self) -> dict[str, object]:
        return _as_json(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Route:
        """A stored route. A plan keeps more with its routes, which is left out here."""
        after = data.get("after")
        return cls(
            to=Destination(data["to"]),
            country=data.get("country"),
            name=data.get("name", ""),
            after=Gate(after) if after else None,
            urgency=Urgency(data.get("urgency", Urgency.NORMAL)),
            automatic=data.get("automatic", False),
            why=data.get("why", ""),
            basis=data.get("basis", ""),
        )


@dataclass(frozen=True, slots=True)
class Routing:
    """The whole answer, in the language it was asked for."""

    jurisdiction: tuple[Ground, ...]
    routes: tuple[Route, ...]
    priority: Priority

    def route(self, route_id: str) -> Route | None:
        """The route with this ``Route.id``; None where the answer has none."""
        for route in self.routes:
            if route.id == route_id:
                return route
        return None

    def to_json(self) -> dict[str, object]:
        return {
            "jurisdiction": [_as_json(ground) for ground in self.jurisdiction],
            "routes": [route.to_json() for route in self.routes],
            "priority": self.priority.to_json(),
        }

    def to_stored(self) -> dict[str, object]:
        """As ``to_json``, without the priority, which a case has in columns of its own."""
        stored = self.to_json()
        del stored["priority"]
        return stored

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Routing:
        """A stored answer. A case that was not looked at yet stores an empty object."""
        grounds = data.get("jurisdiction", ())
        routes = data.get("routes", ())
        return cls(
            jurisdiction=tuple(Ground.from_json(ground) for ground in grounds),
            routes=tuple(Route.from_json(route) for route in routes),
            priority=Priority.from_json(data.get("priority", {})),
        )


def _as_json(answer: Ground | Route) -> dict[str, object]:
    """Plain texts in place of enum members, as a stored answer has them."""
    values = asdict(answer)
    for name, value in values.items():
        if isinstance(value, str):
            values[name] = str(value)
    return values
