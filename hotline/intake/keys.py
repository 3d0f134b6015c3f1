"""Keys of known senders: who may send in bulk, how much a day, and whose reports they are.

A key is 256 random bits and shown once; the database holds its HMAC.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.context import Context
from hotline.core.errors import Conflict, Forbidden, HotlineError, InvalidInput, NotFound, TooMany
from hotline.core.ids import new_id, new_token
from hotline.intake.models import ApiKey

SCOPES = ("reports", "bulk")
PREFIX = "hotline_"
"""So that a key that leaked is recognised as one by scanners."""


class Unauthorised(HotlineError):
    """No key, or one that is unknown or revoked: the three look the same."""

    status = 401
    title = "A key is needed"


def create(
    session: Session,
    context: Context,
    name: str,
    *,
    scopes: Sequence[str],
    daily_quota: int,
    actor: str,
    now: datetime,
) -> str:
    """A new key for the sender ``name``; the only time that its text is to be seen."""
    unknown = set(scopes) - set(SCOPES)
    if unknown or not scopes:
        raise InvalidInput(f"The scopes of a key are {', '.join(SCOPES)}.")
    if not 0 < len(name) <= 80 or daily_quota < 1:
        raise InvalidInput("A key needs a name of at most 80 characters and a quota of 1 or more.")
    if session.scalar(select(ApiKey.id).where(ApiKey.name == name)) is not None:
        raise Conflict(f"There is a key of the name {name!r}.")
    text = PREFIX + new_token()
    key = ApiKey(
        id=new_id(),
        name=name,
        mac=_mac(context, text),
        scopes=list(scopes),
        daily_quota=daily_quota,
        created_at=now,
    )
    session.add(key)
    _note(session, key, "api_key.created", actor, now)
    return text


def revoke(session: Session, name: str, *, actor: str, now: datetime) -> None:
    key = session.scalar(select(ApiKey).where(ApiKey.name == name))
    if key is None:
        raise NotFound(f"There is no key of the name {name!r}.")
    key.revoked_at = key.revoked_at or now
    _note(session, key, "api_key.revoked", actor, now)


def every(session: Session) -> Sequence[ApiKey]:
    return session.scalars(select(ApiKey).order_by(ApiKey.name)).all()


def authenticate(session: Session, context: Context, header: str, scope: str) -> ApiKey:
    """The key of an ``Authorization: Bearer …`` header that may do ``scope``."""
    scheme, _, text = header.partition(" ")
    key = session.scalar(
        select(ApiKey).where(
            ApiKey.mac == _mac(context, text.strip()[:200]), ApiKey.revoked_at.is_(None)
        )
    )
    if scheme.lower() != "bearer" or key is None:
        raise Unauthorised(
            "The Authorization header holds no valid key.", hint="Send 'Bearer' and your key."
        )
    if scope not in key.scopes:
        raise Forbidden(f"This key may not be used for {scope}.")
    return key


def spend(session: Session, key: ApiKey, reports: int, now: datetime) -> None:
    """Take ``reports`` from the key's quota of the day (UTC), or raise ``TooMany``."""
    today = now.date().isoformat()
    used = case((ApiKey.used_on == today, ApiKey.used), else_=0) + reports
    taken = session.execute(
        update(ApiKey)
        .where(ApiKey.id == key.id, used <= ApiKey.daily_quota)
        .values(used=used, used_on=today)
        .execution_options(synchronize_session=False)
    )
    if not getattr(taken, "rowcount", 0):
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        raise TooMany(
            f"This key's quota of {key.daily_quota} reports a day does not suffice.",
            retry_after=int((midnight - now).total_seconds()) + 1,
        )


def _mac(context: Context, text: str) -> bytes:
    return context.keyring.mac("links", f"api key:{text}".encode("utf-8", "replace"))


def _note(session: Session, key: ApiKey, action: str, actor: str, now: datetime) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        entity="api_key",
        entity_id=key.id,
        now=now,
        name=key.name,
    )
