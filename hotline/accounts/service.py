"""People and their sessions: who works here, who is signed in, and what either may look like.

Verifying a password takes longer than any transaction should: ``attempt`` reads what is needed,
``passwords.matches`` runs with no transaction open, ``settle`` writes the outcome. ``sign_in`` is
the three in a row.

Guessing is slowed down for each user name (also one that nobody has), and never shuts anybody out
for good. A browser that was signed in before holds a device mark and is counted apart, so that a
stranger who keeps failing on somebody's name does not slow down that person's own browser.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from hotline.accounts import passwords
from hotline.accounts.models import LoginSession, Person
from hotline.accounts.passwords import generate_password
from hotline.accounts.permissions import Role
from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput, NotFound, TooMany
from hotline.core.storage import audit
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.crypto import Keyring
from hotline.core.storage.ids import new_id, new_token

IDLE = timedelta(minutes=30)
LONGEST_SESSION = timedelta(hours=12)
# How exactly ``seen_at`` is kept: one write a minute and person, not one a page.
SEEN_EVERY = timedelta(minutes=1)

FREE_TRIES = 5
LONGEST_WAIT = timedelta(minutes=5)
REMEMBERED = timedelta(hours=1)
_COUNTED = 20

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,59}")

__all__ = ["generate_password"]


# people


def add_person(
    session: Session,
    *,
    username: str,
    display_name: str,
    role: str,
    password: str,
    actor: str,
    now: datetime,
) -> Person:
    """A new member of staff; ``InvalidInput`` names every field that can't be used."""
    username, display_name = username.strip().lower(), display_name.strip()
    faults: dict[str, str] = {}
    if not USERNAME.fullmatch(username):
        faults["/username"] = "2 to 60 of a-z, 0-9, dot, hyphen, underscore"
    elif session.scalar(select(Person.id).where(Person.username == username)):
        faults["/username"] = (
            "is taken; names are never used twice, because the log names them"
        )
    if not 1 <= len(display_name) <= 120 or not display_name.isprintable():
        faults["/display_name"] = "1 to 120 printable characters"
    if role not in list(Role):
        faults["/role"] = f"must be one of {', '.join(Role)}"
    try:
        passwords.check_strength(password, username)
    except InvalidInput as error:
        faults |= error.fields
    if faults:
        told = "; ".join(f"{name[1:]} {reason}" for name, reason in faults.items())
        raise InvalidInput(f"The person was not added: {told}.", fields=faults)
    person = Person(
        id=new_id(),
        username=username,
        display_name=display_name,
        role=role,
        password_hash=passwords.hash_password(password),
        created_at=now,
    )
    session.add(person)
    _record(session, "person.added", person, actor, now, role=role)
    return person


def list_people(session: Session) -> list[Person]:
    """Everybody, those who may sign in first, by name."""
    order = (Person.disabled_at.is_not(None), Person.username)
    return list(session.scalars(select(Person).order_by(*order)))


def find_person(session: Session, username: str) -> Person:
    person = session.scalar(
        select(Person).where(Person.username == username.strip().lower())
    )
    if person is None:
        raise NotFound(f"There is nobody with the user name {username.strip()[:60]!r}.")
    return person


def disable_person(
    session: Session, username: str, *, actor: str, now: datetime
) -> Person:
    """End a person's access at once, on all devices. Somebody must remain who can add others."""
    person = find_person(session, username)
    if person.disabled_at is not None:
        return person
    others = select(func.count()).where(
        Person.role == Role.ADMINISTRATOR,
        Person.disabled_at.is_(None),
        Person.id != person.id,
    )
    if person.role == Role.ADMINISTRATOR and not session.scalar(others):
        raise Conflict(
            "This is the last administrator.", hint="Add another administrator first."
        )
    person.disabled_at = now
    _end_sessions(session, person.id)
    _record(session, "person.disabled", person, actor, now)
    return person


def renew_password(
    session: Session, username: str, *, actor: str, now: datetime
) -> str:
    """A generated password for somebody who lost theirs; every session of theirs ends."""
    person = find_person(session, username)
    if person.disabled_at is not None:
        raise Conflict("A disabled person gets no password.")
    password = generate_password()
    person.password_hash = passwords.hash_password(password)
    _end_sessions(session, person.id)
    _record(session, "person.password_renewed", person, actor, now)
    return password


def change_password(
    session: Session, person_id: uuid.UUID, new: str, *, keep: str, now: datetime
) -> None:
    """The own password, once the old one was proven. Every session but that of ``keep`` ends."""
    person = session.get_one(Person, person_id)
    passwords.check_strength(new, person.username, "/new")
    person.password_hash = passwords.hash_password(new)
    _end_sessions(session, person.id, but=_digest(keep))
    _record(session, "person.password_changed", person, person.actor, now)


# signing in


@dataclass(frozen=True)
class Attempt:
    """Somebody says who they are. ``person_id`` is None where that is nobody who may sign in."""

    username: str
    key: str
    person_id: uuid.UUID | None
    stored: str | None


def attempt(
    session: Session, context: Context, username: str, now: datetime, *, mark: str = ""
) -> Attempt:
    """What is needed to check a password; ``TooMany`` while the name's delay runs.

    ``mark`` is the browser's device mark, if it sent one.
    """
    username = username.strip().lower()[:60]
    key = _throttle_key(context.keyring, username, mark)
    wait = _wait(session, key, now)
    if wait > timedelta():
        seconds = int(wait.total_seconds()) + 1
        raise TooMany(
            f"Too many attempts. Try again in {seconds} seconds.", retry_after=seconds
        )
    person = session.scalar(select(Person).where(Person.username == username))
    may = person is not None and person.disabled_at is None
    return Attempt(
        username,
        key,
        person.id if person and may else None,
        # A disabled person's own hash is checked, so that the answer takes as long as ever.
        person.password_hash if person else None,
    )


def proven(tried: Attempt, password: str) -> bool:
    """Slow (0.2 s) and without a database, on purpose."""
    return passwords.matches(tried.stored, password) and tried.person_id is not None


def settle(
    session: Session, tried: Attempt, password: str | None, now: datetime
) -> str | None:
    """Write down how the attempt ended; the session's token, or None.

    ``password`` is the proven one, or None. The delay is asked again behind a lock on the person's
    row: of many attempts made at once no more count than if they had come in turn.
    """
    row = select(Person).where(Person.username == tried.username).with_for_update()
    person = session.scalar(row)
    if (
        person is None
        or password is None
        or person.disabled_at is not None
        or person.password_hash != tried.stored
        or _wait(session, tried.key, now) > timedelta()
    ):
        _failed(session, tried, now)
        return None
    if passwords.is_outdated(person.password_hash):
        person.password_hash = passwords.hash_password(password)
    audit.record(
        session,
        actor=person.actor,
        action="sign_in.done",
        entity="sign_in",
        entity_id=tried.key,
        now=now,
    )
    return open_session(session, person, now)


def sign_in(
    session: Session, context: Context, username: str, password: str, now: datetime
) -> str | None:
    """A new session's token; None for a wrong password, an unknown or a disabled person alike.

    No error, so that the caller's transaction keeps the note of the failure. The web view takes
    the same three steps in transactions of their own.
    """
    tried = attempt(session, context, username, now)
    return settle(session, tried, password if proven(tried, password) else None, now)


def open_session(session: Session, person: Person, now: datetime) -> str:
    """Sign ``person`` in; only a hash of the returned token is stored."""
    token = new_token()
    stale = or_(LoginSession.expires_at <= now, LoginSession.seen_at <= now - IDLE)
    session.execute(delete(LoginSession).where(stale))
    session.add(
        LoginSession(
            token_hash=_digest(token),
            person_id=person.id,
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST_SESSION,
        )
    )
    return token


def session_of(session: Session, token: str, now: datetime) -> LoginSession | None:
    """The live session behind a cookie, with its person; None once it is over."""
    found = session.scalar(
        select(LoginSession).where(LoginSession.token_hash == _digest(token))
    )
    if found is None or found.expires_at <= now or found.seen_at <= now - IDLE:
        return None
    return None if found.person.disabled_at is not None else found


def touch(session: Session, token: str, now: datetime) -> None:
    """Note that the session is in use."""
    found = session_of(session, token, now)
    if found is not None:
        found.seen_at = max(found.seen_at, now)


def sign_out(session: Session, token: str, now: datetime) -> None:
    found = session.scalar(
        select(LoginSession).where(LoginSession.token_hash == _digest(token))
    )
    if found is not None:
        _record(session, "sign_in.ended", found.person, found.person.actor, now)
        session.delete(found)


# device marks


def new_mark(keyring: Keyring, username: str) -> str:
    """For a browser that ``username`` signed in with."""
    number = secrets.token_hex(16)
    return f"{number}.{_mark_mac(keyring, username, number)}"


def is_marked(keyring: Keyring, username: str, mark: str) -> bool:
    """Whether we gave this mark to a browser of ``username``."""
    number, _, mac = mark.partition(".")
    return hmac.compare_digest(
        mac.encode(), _mark_mac(keyring, username, number).encode()
    )


def _mark_mac(keyring: Keyring, username: str, number: str) -> str:
    return keyring.mac("sessions", f"device:{username}:{number}".encode()).hex()


# helpers


def _throttle_key(keyring: Keyring, username: str, mark: str) -> str:
    """A name that is typed may be a password by mistake: the log gets a keyed hash of it."""
    device = (
        mark.partition(".")[0] if mark and is_marked(keyring, username, mark) else ""
    )
    return keyring.mac("sessions", f"try:{username}:{device}".encode()).hex()[:32]


def _wait(session: Session, key: str, now: datetime) -> timedelta:
    """What is left of the delay: 1, 2, 4 … seconds after the last of five or more failures."""
    rows = session.execute(
        select(AuditEntry.action, AuditEntry.at)
        .where(
            AuditEntry.entity_id == key,
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


def _failed(session: Session, tried: Attempt, now: datetime) -> None:
    details = {"username": tried.username} if tried.stored else {}
    audit.record(
        session,
        actor=audit.PUBLIC,
        action="sign_in.failed",
        entity="sign_in",
        entity_id=tried.key,
        now=now,
        **details,
    )


def _end_sessions(session: Session, person_id: uuid.UUID, but: bytes = b"") -> None:
    session.execute(
        delete(LoginSession).where(
            LoginSession.person_id == person_id, LoginSession.token_hash != but
        )
    )


def _record(
    session: Session,
    action: str,
    person: Person,
    actor: str,
    now: datetime,
    **details: str,
) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        entity="person",
        entity_id=person.id,
        now=now,
        username=person.username,
        **details,
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
