"""A route of the rules as a plan holds it: with the office that people chose for it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from triage.jurisdiction import Destination, Gate, Route


@dataclass(frozen=True)
class PlannedRoute:
    """``partner_id`` is None where the contact is looked up when a notice leaves.

    ``territory_reason``: why an office of another municipality than the child's was chosen.
    ``again_reason``: why whoever has a letter or a notice about the case gets another.
    ``without_police``: why people decided to tell it though the police are not told.
    ``item_ids``: the items that it is about, where it is not about the whole case.
    """

    route: Route
    partner_id: uuid.UUID | None = None
    territory_reason: str = ""
    item_ids: tuple[uuid.UUID, ...] = ()
    again_reason: str = ""
    without_police: str = ""

    @property
    def to(self) -> str:
        return str(self.route.to)

    @property
    def country(self) -> str | None:
        return self.route.country

    @property
    def waits_for_police(self) -> bool:
        return self.route.after is Gate.POLICE_RELEASE

    def to_json(self) -> dict[str, Any]:
        """As ``Plan.routes`` keeps it."""
        document = self.route.to_json()
        if self.partner_id is not None:
            document["partner_id"] = str(self.partner_id)
        if self.territory_reason:
            document["territory_reason"] = self.territory_reason
        if self.again_reason:
            document["again_reason"] = self.again_reason
        if self.without_police:
            document["without_police"] = self.without_police
        if self.item_ids:
            document["items"] = [str(item_id) for item_id in self.item_ids]
        return document

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        partner_id = data.get("partner_id")
        return cls(
            Route.from_json(data),
            uuid.UUID(partner_id) if partner_id else None,
            data.get("territory_reason", ""),
            tuple(uuid.UUID(item_id) for item_id in data.get("items", ())),
            data.get("again_reason", ""),
            data.get("without_police", ""),
        )


def tells_police(routes: Iterable[PlannedRoute]) -> bool:
    """Whether the police are among those whom a plan tells."""
    return any(route.to == Destination.POLICE for route in routes)
