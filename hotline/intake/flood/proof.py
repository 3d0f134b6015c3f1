"""Proof of work: a visitor's computer shows that it spent a moment on this one report.

It tells a person behind a shared address (Tor, a school, a mobile network) from a program that
sends thousands, without asking the person for anything and without anybody else being told. The
form is ALTCHA's (version 2), so that apps can use its libraries. The counter to be found is drawn
from a narrow range: the work is bounded, unlike a lottery that now and then takes ten times as
long on the slowest telephone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import altcha

ALGORITHM = "PBKDF2/SHA-256"
LIFETIME = timedelta(hours=24)
"""As long as a form may stay open."""
MAX_LENGTH = 2_000
"""Characters of a solution in base64; one of ours has about 900."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keys of the instance: one signs challenges, the other what their solutions must be."""

    challenge: bytes
    solution: bytes


def new_challenge(
    keys: Secrets, *, rounds: int, tries: int, now: datetime
) -> Mapping[str, object]:
    """A challenge as ALTCHA's solvers read it; nothing about it is stored.

    Between ``tries`` and twice as many keys must be derived, each by ``rounds`` of PBKDF2.
    """
    challenge = altcha.create_challenge(
        ALGORITHM,
        rounds,
        counter=tries + secrets.randbelow(tries),
        expires_at=now + LIFETIME,
        hmac_secret=keys.challenge,
        hmac_key_secret=keys.solution,
    )
    return challenge.to_dict()


def name_of(keys: Secrets, solution: str) -> bytes | None:
    """What a right solution is called when it is spent: its challenge's signature. Else None.

    Wrong, forged and expired ones look alike. The library reads the clock itself.
    """
    # Before decoding, which costs the more the longer it is.
    if not solution or len(solution) > MAX_LENGTH or not solution.isascii():
        return None
    try:
        payload = altcha.Payload.from_base64(solution)
        answer = altcha.verify_solution(
            payload, keys.challenge, hmac_key_secret=keys.solution
        )
    # The library takes it for granted that what it decodes has the right form.
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return (
        str(payload.challenge.signature).encode() if answer.verified else None
    )
