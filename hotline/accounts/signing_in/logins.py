"""Signing in with a password: one attempt, and what it leads to.

Verifying a password takes longer than any transaction should: ``begin_attempt`` reads what is
needed, ``is_proven`` runs with no transaction open, ``settle_attempt`` writes the outcome.
``sign_in`` is the three in a row. ::

    attempt = begin_attempt(session, context, "ana", now)           # a short reading transaction
    proven = is_proven(attempt, password)                           # 0.2 s, no transaction
    token = settle_attempt(session, attempt, password if proven else None, now)

Guessing is slowed down for each user name (also one that nobody has), and never shuts anybody out
for good. A browser that was signed in before holds a device mark and is counted apart, so that a
stranger who keeps failing on somebody's name does not slow down that person's own browser; in a new
browser, a code of the second factor beside the password is the way through
(``hotline.accounts.signing_in.past_delay``).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.accounts.signing_in import passwords, throttle
from hotline.accounts.signing_in.sessions import USUAL, Limits, open_session
from hotline.core.context import Context
from hotline.core.storage import audit

_LONGEST_USERNAME = 60


@dataclass(frozen=True)
class Attempt:
    """Somebody says who they are.

    ``keys``: under what the log counts the tries, see ``throttle_keys``. ``stored`` is the hash to
    check the password with; ``person_id`` is None where that is nobody who may sign in.
    ``proven_at`` is when a code of the second factor was proven, which is the way past a delay.
    """

    username: str
    keys: tuple[str, ...]
    person_id: uuid.UUID | None
    stored: str | None
    proven_at: datetime | None = None


def begin_attempt(
    session: Session,
    context: Context,
    username: str,
    now: datetime,
    *,
    mark: str = "",
) -> Attempt:
    """Read what is needed to check a password; ``TooMany`` while the name's delay runs.

    ``mark`` is the browser's device mark, if it sent one.
    """
    username = plain_username(username)
    keys = throttle.throttle_keys(context.keyring, username, mark)
    throttle.refuse_while_waiting(session, keys, now)
    return read_attempt(session, username, keys)


def plain_username(typed: str) -> str:
    """A user name as it is stored, of what somebody typed."""
    return typed.strip().lower()[:_LONGEST_USERNAME]


def read_attempt(
    session: Session,
    username: str,
    keys: tuple[str, ...],
    proven_at: datetime | None = None,
) -> Attempt:
    """The attempt of a name, whether or not it is anybody's."""
    person = session.scalar(select(Person).where(Person.username == username))
    if person is None:
        # Not refused here: the answer would come at once, and say that there
        # is no such name.
        return Attempt(username, keys, person_id=None, stored=None)
    may_sign_in = person.disabled_at is None
    return Attempt(
        username,
        keys,
        person_id=person.id if may_sign_in else None,
        # A disabled person's own hash is checked, so that the answer takes as long as ever.
        stored=person.password_hash,
        proven_at=proven_at,
    )


def is_proven(attempt: Attempt, password: str) -> bool:
    """Whether the password is right; slow (0.2 s) and without a database, on purpose."""
    return (
        passwords.password_matches(attempt.stored, password)
        and attempt.person_id is not None
    )


def lock_person(session: Session, username: str) -> Person | None:
    """Of many attempts made at once no more count than if they had come in turn."""
    return session.scalar(
        select(Person).where(Person.username == username).with_for_update()
    )


def settle_attempt(
    session: Session,
    attempt: Attempt,
    password: str | None,
    now: datetime,
    *,
    limits: Limits = USUAL,
    browser: str = "",
) -> str | None:
    """Write down how the attempt ended; the session's token, or None.

    ``password`` is the proven one, or None. The delay is asked again behind a lock on the person's
    row: of many attempts made at once no more count than if they had come in turn.
    """
    person = lock_person(session, attempt.username)
    # What was changed while the password was being checked counts as well.
    if (
        person is None
        or password is None
        or person.disabled_at is not None
        or person.password_hash != attempt.stored
        or _must_wait(session, attempt, now)
    ):
        _record_failure(session, attempt, now)
        return None
    # Only now is the password itself at hand to be hashed anew.
    if passwords.is_outdated(person.password_hash):
        person.password_hash = passwords.hash_password(password)
    audit.record_entry(
        session,
        actor=person.actor,
        action="sign_in.done",
        entity="sign_in",
        # Under this key the success ends the row of failures that is counted.
        entity_id=attempt.keys[0],
        now=now,
    )
    return open_session(
        session,
        person,
        now,
        limits=limits,
        browser=browser,
        proven_at=attempt.proven_at,
    )


def _must_wait(session: Session, attempt: Attempt, now: datetime) -> bool:
    # Its code was held up by a delay of its own.
    if attempt.proven_at is not None:
        return False
    return throttle.wait_left(session, attempt.keys, now) > timedelta()


def sign_in(
    session: Session,
    context: Context,
    username: str,
    password: str,
    now: datetime,
) -> str | None:
    """A new session's token; None for a wrong password, an unknown or a disabled person alike.

    No error, so that the caller's transaction keeps the note of the failure. The web view takes
    the same three steps in transactions of their own.
    """
    attempt = begin_attempt(session, context, username, now)
    proven = is_proven(attempt, password)
    return settle_attempt(session, attempt, password if proven else None, now)


def _record_failure(session: Session, attempt: Attempt, now: datetime) -> None:
    # Somebody may have typed the password as the name: only names that there
    # are get into the log.
    details = {"username": attempt.username} if attempt.stored else {}
    audit.record_entry(
        session,
        actor=audit.PUBLIC,
        action="sign_in.failed",
        entity="sign_in",
        entity_id=attempt.keys[0],
        now=now,
        **details,
    )
