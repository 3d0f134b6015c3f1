"""When to look next: thinning with age, spread so that one host is never rushed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from triage.availability.policy import Phase, Policy


def every(phases: Sequence[Phase], age: timedelta) -> timedelta | None:
    """The interval that applies at ``age``; None when watching has ended."""
    return next((phase.every for phase in phases if age < phase.until), None)


def due(
    phases: Sequence[Phase], since: datetime, last: datetime, *, soonest: timedelta | None = None
) -> datetime | None:
    """The next look after ``last`` for something watched since ``since``.

    ``soonest`` shortens the interval (another look is wanted to prove something), never lengthens.
    """
    interval = every(phases, last - since)
    if interval is None:
        return None
    return last + (interval if soonest is None else min(interval, soonest))


def spread(
    host: str, base: datetime, *, key: str, policy: Policy, busy_until: datetime | None = None
) -> datetime:
    """When to really look at ``host``: not before ``base``, not within its gap, not all at once.

    ``busy_until`` is the latest look that is already planned for this host. The jitter is a hash of
    host and ``key`` (the item), so that the same plan comes out of the same facts.
    """
    digest = hashlib.blake2b(f"{host}\0{key}".encode(), digest_size=4).digest()
    part = int.from_bytes(digest, "big") / 2**32
    window = (policy.watch[0].every if policy.watch else timedelta()) * policy.jitter
    slot = base + window * part
    if busy_until is not None:
        slot = max(slot, busy_until + policy.host_gap)
    return slot
