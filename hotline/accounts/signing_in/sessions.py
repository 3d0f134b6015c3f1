"""Signed-in browsers: opened, found, listed and ended, all of it on the server.

The cookie is an unguessable token, of which only a hash is stored. A session ends when it was not
used for a while, at its longest age, with the person's access, and when password or role change.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from hotline.accounts.models import LoginSession, Person
from hotline.core.act import Act
from hotline.core.errors import NotFound, phrase
from hotline.core.settings import Settings
from hotline.core.storage import audit
from hotline.core.storage.ids import new_staff_code, new_token

IDLE = timedelta(minutes=30)
LONGEST_SESSION = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
"""How exactly ``seen_at`` is kept: one write a minute and person, not one a page."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session may lie unused, and how old it may become."""

    idle: timedelta = IDLE
    longest: timedelta = LONGEST_SESSION

    @classmethod
    def from_settings(cls, settings: Settings) -> Limits:
        return cls(
            idle=timedelta(minutes=settings.session_idle_minutes),
            longest=timedelta(hours=settings.session_hours),
        )


USUAL = Limits()


def open_session(
    session: Session,
    person: Person,
    now: datetime,
    *,
    limits: Limits = USUAL,
    browser: str = "",
    proven_at: datetime | None = None,
    provider_session: bytes | None = None,
) -> str:
    """Sign ``person`` in; only a hash of the returned token is stored.

    ``browser`` is how the person recognises it in their list; ``proven_at`` is when the second
    factor was proven, where that was part of the sign-in; ``provider_session`` is the digest of
    the identity provider's session that opened this one.
    """
    token = new_token()
    stale = or_(
        LoginSession.expires_at <= now,
        LoginSession.seen_at <= now - limits.idle,
    )
    # The job that prunes goes by the longest age alone; what lies idle goes
    # here.
    session.execute(delete(LoginSession).where(stale))
    # Whom a version without codes added gets one with the first sign-in here.
    person.code = person.code or new_staff_code()
    session.add(
        LoginSession(
            token_hash=digest_of(token),
            person_id=person.id,
            browser=browser,
            created_at=now,
            seen_at=now,
            expires_at=now + limits.longest,
            proven_at=proven_at,
            provider_session=provider_session,
        )
    )
    return token


def find_session(
    session: Session, token: str, now: datetime, *, limits: Limits = USUAL
) -> LoginSession | None:
    """The live session behind a cookie, with its person; None once it is over."""
    login = session.scalar(
        select(LoginSession).where(LoginSession.token_hash == digest_of(token))
    )
    if login is None or login.person.disabled_at is not None:
        return None
    is_over = login.expires_at <= now or login.seen_at <= now - limits.idle
    return None if is_over else login


def note_use(
    session: Session, token: str, now: datetime, *, limits: Limits = USUAL
) -> None:
    """Note that the session is in use."""
    login = find_session(session, token, now, limits=limits)
    if login is not None:
        # Requests may be noted in another order than they came in.
        login.seen_at = max(login.seen_at, now)


def list_sessions(
    session: Session,
    person_id: uuid.UUID,
    now: datetime,
    *,
    limits: Limits = USUAL,
) -> list[LoginSession]:
    """A person's live sessions, the one that was used last first."""
    query = select(LoginSession).where(
        LoginSession.person_id == person_id,
        LoginSession.expires_at > now,
        LoginSession.seen_at > now - limits.idle,
    )
    return list(session.scalars(query.order_by(LoginSession.seen_at.desc())))


def sign_out(session: Session, token: str, now: datetime) -> None:
    """End the session of a cookie, if there is one."""
    login = session.scalar(
        select(LoginSession).where(LoginSession.token_hash == digest_of(token))
    )
    if login is not None:
        act_of = login.person.actor
        audit.record_entry(
            session,
            actor=act_of,
            action="sign_in.ended",
            entity="person",
            entity_id=login.person.id,
            now=now,
            username=login.person.username,
        )
        session.delete(login)


def end_own_session(act: Act, person: Person, session_id: uuid.UUID) -> None:
    """End one of a person's own sessions; somebody else's is not there for them."""
    ended = act.session.execute(
        delete(LoginSession).where(
            LoginSession.id == session_id, LoginSession.person_id == person.id
        )
    )
    if not getattr(ended, "rowcount", 0):
        raise NotFound(phrase("There is no such session."))
    _record_end(act, person, "one")


def end_other_sessions(
    act: Act, person: Person, *, but: uuid.UUID | None
) -> None:
    """End all of a person's sessions, or all but the one that they are in."""
    mine = delete(LoginSession).where(LoginSession.person_id == person.id)
    if but is not None:
        mine = mine.where(LoginSession.id != but)
    act.session.execute(mine)
    _record_end(act, person, "others" if but else "all")


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


def _record_end(act: Act, person: Person, which: str) -> None:
    act.record(
        "sign_in.ended",
        "person",
        person.id,
        username=person.username,
        which=which,
    )
