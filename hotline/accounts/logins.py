"""Signing in, and what a signed-in browser looks like: attempts, sessions and device marks.

Verifying a password takes longer than any transaction should: ``begin_attempt`` reads what is
needed, ``is_proven`` runs with no transaction open, ``settle_attempt`` writes the outcome.
``sign_in`` is the three in a row. ::

    attempt = begin_attempt(session, context, "ana", now)           # a short reading transaction
    proven = is_proven(attempt, password)                           # 0.2 s, no transaction
    token = settle_attempt(session, attempt, password if proven else None, now)

Guessing is slowed down for each user name (also one that nobody has), and never shuts anybody out
for good. A browser that was signed in before holds a device mark and is counted apart, so that a
stranger who keeps failing on somebody's name does not slow down that person's own browser.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from hotline.accounts import passwords
from hotline.accounts.models import LoginSession, Person
from hotline.core.context import Context
from hotline.core.errors import TooMany
from hotline.core.storage import audit
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_token
from hotline.core.storage.keyring import Keyring

IDLE = timedelta(minutes=30)
LONGEST_SESSION = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
"""How exactly ``seen_at`` is kept: one write a minute and person, not one a page."""

FREE_TRIES = 5
LONGEST_WAIT = timedelta(minutes=5)
REMEMBERED = timedelta(hours=1)
_COUNTED = 20
_LONGEST_USERNAME = 60


@dataclass(frozen=True)
class Attempt:
    """Somebody says who they are.

    ``keys``: under what the log counts the tries; ``stored``: the hash to check the password with;
    ``person_id`` is None where that is nobody who may sign in.
    """

    username: str
    keys: tuple[str, ...]
    person_id: uuid.UUID | None
    stored: str | None


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
    username = username.strip().lower()[:_LONGEST_USERNAME]
    keys = _throttle_keys(context.keyring, username, mark)
    wait = _wait_left(session, keys, now)
    if wait > timedelta():
        seconds = int(wait.total_seconds()) + 1
        raise TooMany(
            f"Too many attempts. Try again in {seconds} seconds.",
            retry_after=seconds,
        )
    person = session.scalar(select(Person).where(Person.username == username))
    if person is None:
        return Attempt(username, keys, person_id=None, stored=None)
    may_sign_in = person.disabled_at is None
    return Attempt(
        username,
        keys,
        person_id=person.id if may_sign_in else None,
        # A disabled person's own hash is checked, so that the answer takes as long as ever.
        stored=person.password_hash,
    )


def is_proven(attempt: Attempt, password: str) -> bool:
    """Whether the password is right; slow (0.2 s) and without a database, on purpose."""
    return (
        passwords.password_matches(attempt.stored, password)
        and attempt.person_id is not None
    )


def settle_attempt(
    session: Session, attempt: Attempt, password: str | None, now: datetime
) -> str | None:
    """Write down how the attempt ended; the session's token, or None.

    ``password`` is the proven one, or None. The delay is asked again behind a lock on the person's
    row: of many attempts made at once no more count than if they had come in turn.
    """
    row = (
        select(Person)
        .where(Person.username == attempt.username)
        .with_for_update()
    )
    person = session.scalar(row)
    if (
        person is None
        or password is None
        or person.disabled_at is not None
        or person.password_hash != attempt.stored
        or _wait_left(session, attempt.keys, now) > timedelta()
    ):
        _record_failure(session, attempt, now)
        return None
    if passwords.is_outdated(person.password_hash):
        person.password_hash = passwords.hash_password(password)
    audit.record_entry(
        session,
        actor=person.actor,
        action="sign_in.done",
        entity="sign_in",
        entity_id=attempt.keys[0],
        now=now,
    )
    return open_session(session, person, now)


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


def open_session(session: Session, person: Person, now: datetime) -> str:
    """Sign ``person`` in; only a hash of the returned token is stored."""
    token = new_token()
    stale = or_(
        LoginSession.expires_at <= now, LoginSession.seen_at <= now - IDLE
    )
    session.execute(delete(LoginSession).where(stale))
    session.add(
        LoginSession(
            token_hash=digest_of(token),
            person_id=person.id,
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST_SESSION,
        )
    )
    return token


def find_session(
    session: Session, token: str, now: datetime
) -> LoginSession | None:
    """The live session behind a cookie, with its person; None once it is over."""
    login = session.scalar(
        select(LoginSession).where(LoginSession.token_hash == digest_of(token))
    )
    if login is None or login.person.disabled_at is not None:
        return None
    is_over = login.expires_at <= now or login.seen_at <= now - IDLE
    return None if is_over else login


def note_use(session: Session, token: str, now: datetime) -> None:
    """Note that the session is in use."""
    login = find_session(session, token, now)
    if login is not None:
        login.seen_at = max(login.seen_at, now)


def sign_out(session: Session, token: str, now: datetime) -> None:
    """End the session of a cookie, if there is one."""
    login = session.scalar(
        select(LoginSession).where(LoginSession.token_hash == digest_of(token))
    )
    if login is not None:
        audit.record_entry(
            session,
            actor=login.person.actor,
            action="sign_in.ended",
            entity="person",
            entity_id=login.person.id,
            now=now,
            username=login.person.username,
        )
        session.delete(login)


# device marks


def new_mark(keyring: Keyring, username: str) -> str:
    """For a browser that ``username`` signed in with."""
    number = secrets.token_hex(16)
    return f"{number}.{_mark_macs(keyring, username, number)[0]}"


def is_marked(keyring: Keyring, username: str, mark: str) -> bool:
    """Whether we gave this mark to a browser of ``username``."""
    number, _, mac = mark.partition(".")
    return any(
        hmac.compare_digest(mac.encode(), ours.encode())
        for ours in _mark_macs(keyring, username, number)
    )


def _mark_macs(keyring: Keyring, username: str, number: str) -> list[str]:
    macs = keyring.macs("sessions", f"device:{username}:{number}".encode())
    return [mac.hex() for mac in macs]


def _throttle_keys(
    keyring: Keyring, username: str, mark: str
) -> tuple[str, ...]:
    """A name that is typed may be a password by mistake: the log gets a keyed hash of it.

    First under the key in use; what failed under an older one counts all the same.
    """
    is_own_device = bool(mark) and is_marked(keyring, username, mark)
    device = mark.partition(".")[0] if is_own_device else ""
    macs = keyring.macs("sessions", f"try:{username}:{device}".encode())
    return tuple(mac.hex()[:32] for mac in macs)


def _wait_left(
    session: Session, keys: tuple[str, ...], now: datetime
) -> timedelta:
    """What is left of the delay: 1, 2, 4 … seconds after the last of five or more failures."""
    rows = session.execute(
        select(AuditEntry.action, AuditEntry.at)
        .where(
            AuditEntry.entity_id.in_(keys),
            AuditEntry.entity == "sign_in",
            AuditEntry.at > now - REMEMBERED,
        )
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(_COUNTED)
    ).all()
    failures = 0
    while failures < len(rows) and rows[failures].action == "sign_in.failed":
        failures += 1
    if failures < FREE_TRIES:
        return timedelta()
    delay = min(timedelta(seconds=2 ** (failures - FREE_TRIES)), LONGEST_WAIT)
    last: datetime = rows[0].at
    return last + delay - now


def _record_failure(session: Session, attempt: Attempt, now: datetime) -> None:
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


def end_sessions(
    session: Session, person_id: uuid.UUID, but: bytes = b""
) -> None:
    """End all of a person's sessions but the one whose token has the digest ``but``."""
    session.execute(
        delete(LoginSession).where(
            LoginSession.person_id == person_id, LoginSession.token_hash != but
        )
    )


def digest_of(token: str) -> bytes:
    """What the database keeps of a session's token."""
    return hashlib.sha256(token.encode()).digest()
