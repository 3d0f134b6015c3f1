"""Floods: who knocks too often is held for review (reports) or asked to wait (look-ups)."""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import current_app, request

from hotline.core import datafiles, web
from hotline.core.errors import TooMany
from hotline.core.shapes import parse_file
from hotline.intake.limits import Counters, Limits

_EXTENSION = "hotline.intake.guard"
_DATA = "limits.toml"


@dataclass(frozen=True)
class Guard:
    limits: Limits
    counters: Counters


def report_is_flood() -> bool:
    """Count a report; True if it is to be held for review."""
    guard, now = _guard(), time.monotonic()
    own = guard.counters.hit("report", _address(), now=now)
    everybody = guard.counters.hit("report", "", now=now)
    return own > guard.limits.reports_of_one or everybody > guard.limits.reports_of_all


def allow_lookup() -> None:
    """Count a look-up by receipt; ``TooMany`` beyond the limit, whether or not it would hit."""
    _allow("lookup", _guard().limits.lookups_of_one)


def allow_addition() -> None:
    _allow("addition", _guard().limits.additions_of_one)


def form_seconds() -> float:
    """A form that comes back sooner than this was filled in by a robot."""
    return _guard().limits.form_seconds


def _allow(kind: str, limit: int) -> None:
    guard, now = _guard(), time.monotonic()
    if guard.counters.hit(kind, _address(), now=now) > limit:
        raise TooMany(
            "Too many requests in a short time.",
            retry_after=guard.counters.seconds_left(now),
            hint="Wait a few minutes and try again. Nothing that you sent before is lost.",
        )


def _guard() -> Guard:
    guard = current_app.extensions.get(_EXTENSION)
    if guard is None:
        raw = datafiles.read_toml("hotline.intake", _DATA, web.context().settings.data_dir)
        limits = parse_file(Limits, _DATA, raw)
        guard = Guard(limits, Counters(limits.window_seconds))
        guard = current_app.extensions.setdefault(_EXTENSION, guard)
    return guard  # type: ignore[no-any-return]


def _address() -> str:
    """The client's address, for counting in memory only; behind proxies the one they saw."""
    hops = web.context().settings.trusted_proxies
    seen = request.headers.get("X-Forwarded-For", "").split(",")
    if hops and len(seen) >= hops:
        return seen[-hops].strip()[:64]
    return request.remote_addr or ""
