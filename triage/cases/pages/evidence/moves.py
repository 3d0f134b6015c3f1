"""Where a location lay from when to when, and the line that the page draws of it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from triage.items.models import HostingHop
from triage.items.newest import list_newest

WIDTH = 640
"""Of the whole line, in units of the drawing."""
LEAST = 96
"""Of one stay, however short it was: its country and its day stand below."""
MOST_STAYS = 6
"""The newest ones; who moves oftener does so by design."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One place of hosting, ``until`` the next one was found; None where it lies there still.

    ``left`` and ``width`` are those of its part of the line.
    """

    number: int
    kind: str
    country: str
    network: str
    since: datetime
    until: datetime | None
    left: float
    width: float


def list_stays(
    session: Session, item_ids: Collection[uuid.UUID], now: datetime
) -> dict[uuid.UUID, Sequence[Stay]]:
    """By item, the oldest first; none of a location that never moved."""
    hops = list_newest(
        session, HostingHop, item_ids, MOST_STAYS, HostingHop.number.desc()
    )
    return {
        item_id: draw_stays(list(reversed(its_own)), now)
        if len(its_own) > 1
        else ()
        for item_id, its_own in hops.items()
    }


def draw_stays(hops: Sequence[HostingHop], now: datetime) -> list[Stay]:
    """Each as long as it lasted, and wide enough to be named."""
    ends = [*(hop.at for hop in hops[1:]), max(now, hops[-1].at)]
    lasted = [
        max(0.0, (end - hop.at).total_seconds())
        for hop, end in zip(hops, ends, strict=True)
    ]
    # All within a moment: then all are as long as each other.
    whole = sum(lasted)
    spare = WIDTH - LEAST * len(hops)
    stays, left = [], 0.0
    for place, (hop, seconds) in enumerate(zip(hops, lasted, strict=True)):
        share = seconds / whole if whole else 1 / len(hops)
        width = LEAST + spare * share
        stays.append(
            Stay(
                number=hop.number,
                kind=hop.kind,
                country=hop.country or "",
                network=hop.asn or "",
                since=hop.at,
                until=ends[place] if place + 1 < len(hops) else None,
                left=round(left, 1),
                width=round(width, 1),
            )
        )
        left += width
    return stays
