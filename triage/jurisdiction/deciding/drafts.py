"""A route before it is put into words."""

from __future__ import annotations

from dataclasses import dataclass

from triage.jurisdiction.messages import Reason
from triage.jurisdiction.vocabulary import (
    Destination,
    Gate,
    Urgency,
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A route before it is put into words. ``country``: whose addressee this is."""

    to: Destination
    country: str | None
    name: str
    reasons: tuple[Reason, ...]
    after: Gate | None = None
    urgency: Urgency = Urgency.NORMAL
    automatic: bool = False
