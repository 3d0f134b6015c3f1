"""Floods: what a flood brings is held for review (reports) or asked to wait (look-ups).

A report is held if one address sent too many in this window, or all addresses together did, or if
it looks like a robot's. A proof of work lifts that: so a person behind an address that many share
(Tor, a school) gets through a flood like anyone else. Proofs are looked at, and spent, only where
they change something. What fills in the trap is held whatever it proves.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from uuid import uuid4

from flask import Flask, current_app, request
from sqlalchemy.orm import Session

from hotline.core.context import Context, utc_now
from hotline.core.errors import TooMany
from hotline.core.storage.database import insert_once
from hotline.core.storage.keys.keyring import mac_under
from hotline.core.web import site
from hotline.intake.flood import proof
from hotline.intake.flood.limits import Counters, Limits, load_limits
from hotline.intake.models import SpentProof

_EXTENSION = "hotline.intake.flood.guard"


@dataclass(frozen=True)
class Guard:
    limits: Limits
    counters: Counters


def install_guard(app: Flask, context: Context) -> Guard:
    """The one guard of an app, made where there is none yet."""
    limits = load_limits(context.settings.data_dir)
    # The same for all processes of the service, which tell each other their
    # counts.
    secret = mac_under(context.keyring.bytes_of("sessions"), b"flood counters")
    guard = Guard(limits, Counters(limits.window_seconds, secret))
    # Two threads may come first together; both go on with one guard.
    return app.extensions.setdefault(_EXTENSION, guard)  # type: ignore[no-any-return]


def is_suspect(*, hasty: bool = False) -> bool:
    """Count a report; True if it is to be held for review unless it brings a proof of work.

    ``hasty``: the form came back sooner than a person types.
    """
    guard, seconds = _current_guard(), time.monotonic()
    own = guard.counters.hit("report", _client_address(), now=seconds)
    # Many addresses, each below its own limit, are a flood too.
    everybody = guard.counters.hit("report", "", now=seconds)
    flood = (
        own > guard.limits.reports_of_one
        or everybody > guard.limits.reports_of_all
    )
    return flood or hasty


def allow_lookup(solution: str = "") -> None:
    """Count a look-up by receipt; ``TooMany`` beyond the limit, whether or not it would hit."""
    _allow_or_raise("lookup", _current_guard().limits.lookups_of_one, solution)


def allow_addition(solution: str) -> None:
    _allow_or_raise(
        "addition", _current_guard().limits.additions_of_one, solution
    )


def form_seconds() -> float:
    """A form that comes back sooner was filled in by a robot, or by somebody very quick."""
    return _current_guard().limits.form_seconds


def make_challenge(now: datetime) -> Mapping[str, object]:
    """Work for a visitor's computer; made anew for each, and not remembered."""
    limits = _current_guard().limits
    return proof.new_challenge(
        _proof_secrets(site.current_context().keyring.bytes_of("sessions")),
        rounds=limits.proof_rounds,
        tries=limits.proof_tries,
        now=now,
    )


def _allow_or_raise(kind: str, limit: int, solution: str) -> None:
    guard, seconds = _current_guard(), time.monotonic()
    if guard.counters.hit(kind, _client_address(), now=seconds) <= limit:
        return
    # Spent only where it lifts a limit; below it the visitor keeps it.
    if solution:
        with site.writing() as session:
            if spend_solution(session, solution, utc_now()):
                return
    raise TooMany(
        "Too many requests in a short time.",
        retry_after=guard.counters.seconds_left(seconds),
        hint="Wait a few minutes and try again, or send a proof of work. "
        "Nothing that you sent before is lost.",
    )


def spend_solution(session: Session, solution: str, now: datetime) -> bool:
    """Use up a right solution; False if it is wrong or was used before."""
    # A challenge that was given out before another key came into use is worth
    # its work.
    for key in site.current_context().keyring.keys_of("sessions"):
        name = proof.name_of(_proof_secrets(key), solution)
        if name is not None:
            return _spend_once(session, key, name, now)
    return False


def _spend_once(
    session: Session, key: bytes, name: bytes, now: datetime
) -> bool:
    """Under the key that signed its challenge, so that another key lets none be used again."""
    mac = mac_under(key, b"spent proof:" + name)
    # By the hour and under a random id: the moment would lead to the report that it came with.
    hour = now.replace(minute=0, second=0, microsecond=0)
    expires_at = hour + proof.LIFETIME + timedelta(hours=1)
    return insert_once(
        session,
        SpentProof,
        ["mac"],
        id=uuid4(),
        mac=mac,
        expires_at=expires_at,
    )


def _proof_secrets(key: bytes) -> proof.Secrets:
    return proof.Secrets(
        mac_under(key, b"proof of work: challenge"),
        mac_under(key, b"proof of work: solution"),
    )


def _current_guard() -> Guard:
    guard = current_app.extensions.get(_EXTENSION)
    if guard is None:
        guard = install_guard(current_app, site.current_context())
    return guard


def _client_address() -> str:
    """The client's address, for counting in memory only; behind proxies the one they saw."""
    forwarded = _forwarded_address()
    try:
        address = ip_address(forwarded)
    except ValueError:
        return forwarded
    if not isinstance(address, IPv6Address):
        return forwarded
    # A socket for both families shows an IPv4 client so.
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    # A /64, which one network has for itself (RFC 4291, 2.5.4): whoever sends
    # from a new address each time would else meet no limit, and fill the table
    # of the others.
    return address.packed[:8].hex()


def _forwarded_address() -> str:
    hops = site.current_context().settings.trusted_proxies
    addresses = request.headers.get("X-Forwarded-For", "").split(",")
    # Our own proxies wrote the last ones; what stands before those anybody may
    # send.
    if hops and len(addresses) >= hops:
        return addresses[-hops].strip()[:64]
    return request.remote_addr or ""
