"""Passwords: Argon2id, one strength for all, the same work whoever asks.

64 MiB and four passes (RFC 9106 recommends three at 64 MiB) cost about 0.2 s of one core; no more
than two run at a time in a process, so that a flood of attempts can't exhaust the memory. Who comes
while both places are taken is told to come back at once: one who waited would hold a thread of the
server, and a few of them the public form.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hotline.core.errors import Busy, InvalidInput, phrase
from hotline.core.storage.ids import new_receipt

HASHER = PasswordHasher(time_cost=4, memory_cost=64 * 1024, parallelism=4)
SHORTEST = 12
LONGEST = 200
_AT_ONCE = BoundedSemaphore(2)


def generate_password(username: str = "") -> str:
    """100 random bits in groups that can be read out: ``k7qm-3d9x-0abc-hj2p-w5tz``."""
    while True:
        password = new_receipt().lower()
        # A short name may stand in it by chance, and would be refused as too
        # easy to guess.
        if not username or username.strip().lower() not in password:
            return password


def hash_password(password: str) -> str:
    with _place():
        return HASHER.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the one behind ``stored``; None (nobody) costs the same and is no."""
    with _place():
        try:
            # One letter more than a password may have is enough to be a wrong
            # one.
            return HASHER.verify(
                stored or _hash_of_nobody(), password[: LONGEST + 1]
            ) and bool(stored)
        except (VerificationError, InvalidHashError):
            return False


@contextmanager
def _place() -> Iterator[None]:
    # Whoever waited here would hold a thread that the public form needs.
    if not _AT_ONCE.acquire(blocking=False):
        raise Busy(
            "Too many people are signing in right now.",
            hint="Try again in a moment.",
        )
    try:
        yield
    finally:
        _AT_ONCE.release()


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with weaker settings than today's."""
    return HASHER.check_needs_rehash(stored)


def check_strength(
    password: str, username: str, pointer: str = "/password"
) -> None:
    """Length is what counts (NIST SP 800-63B, 5.1.1): 12 characters or more beside the own name,
    which somebody of two letters has in most sentences."""
    if len(password) < SHORTEST:
        raise InvalidInput(
            phrase("The password must have at least %(num)s characters."),
            values={"num": str(SHORTEST)},
            fields={pointer: phrase("is too short")},
        )
    if len(password) > LONGEST:
        raise InvalidInput(
            phrase("The password must have at most %(num)s characters."),
            values={"num": str(LONGEST)},
            fields={pointer: phrase("is too long")},
        )
    if len(password.lower().replace(username, "")) < SHORTEST:
        raise InvalidInput(
            phrase("The password holds too little beside the user name."),
            fields={pointer: phrase("holds too little beside the user name")},
        )
    # Twelve times one letter is long, and guessed at once.
    if len(set(password)) < 5:
        raise InvalidInput(
            phrase("The password is too easy to guess."),
            fields={pointer: phrase("is too easy to guess")},
        )


# By the same hasher, so that checking it costs what a real one costs.
@cache
def _hash_of_nobody() -> str:
    return HASHER.hash(secrets.token_urlsafe())
