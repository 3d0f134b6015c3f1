"""When to look next: thinning with age, in line so that one host is never rushed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from triage.availability.policy import Phase


def interval_at(phases: Sequence[Phase], age: timedelta) -> timedelta | None:
    """The interval that applies at ``age``; None when watching has ended."""
    for phase in phases:
        if age < phase.until:
            return phase.every
    return None


def plan_next_look(
    phases: Sequence[Phase],
    since: datetime,
    last: datetime,
    *,
    soonest: timedelta | None = None,
) -> datetime | None:
    """The next look after ``last`` for something watched since ``since``.

    ``soonest`` shortens the interval (another look is wanted to prove something), never lengthens.
    """
    interval = interval_at(phases, last - since)
    if interval is None:
        return None
    if soonest is not None:
        interval = min(interval, soonest)
    return last + interval


def add_jitter(
    at: datetime, last: datetime, *, key: str, share: float
) -> datetime:
    """``at``, later by up to ``share`` of the time since ``last``: what began together drifts
    apart."""
    # By a hash and not by chance: the same plan comes out of the same facts.
    seed = f"{key}\0{at.isoformat()}"
    digest = hashlib.blake2b(seed.encode(), digest_size=4)
    number = int.from_bytes(digest.digest(), "big")
    fraction = number / 2**32
    longest = (at - last) * share
    return at + longest * fraction


def in_line(
    now: datetime,
    gap: timedelta,
    *,
    planned: datetime | None,
    looked: datetime | None,
    busy_until: datetime | None,
) -> datetime:
    """When to really look at what is due: ``gap`` after the last look planned for its host.

    ``planned`` is a place that it has in its host's line already; it keeps it until it was
    ``looked`` at. ``busy_until`` is the last place of the line that anything of the host has.
    """
    # Asked again before its turn, it would go to the end of the line each time.
    if planned is not None:
        keeps_place = looked is None or looked < planned
        if keeps_place:
            return max(now, planned)
    if busy_until is None:
        return now
    return max(now, busy_until + gap)
