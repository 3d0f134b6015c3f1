"""Keys of known senders: who may send in bulk, how much a day, and whose reports they are.

A key is 256 random bits and shown once; the database holds its digest, which nobody turns back.
Digests of before were made under the service's key ``links``. Such a key is still known, and gets a
digest of the new kind when it is used next, so that ``links`` can be rotated.

A sender may get another key while the one before works on for some days.
"""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, event, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.errors import (
    Conflict,
    Forbidden,
    HotlineError,
    InvalidInput,
    NotFound,
    TooMany,
)
from hotline.core.storage.database import UtcDateTime
from hotline.core.storage.ids import new_id, new_token
from hotline.intake.models import ApiKey

SCOPES = ("reports", "bulk")
PREFIX = "hotline_"
"""So that a key that leaked is recognised as one by scanners."""


_IS_PREVIOUS = (ApiKey.previous_mac == bindparam("mac")) & (
    ApiKey.previous_until > bindparam("now", type_=UtcDateTime())
)
_SENDER = select(
    ApiKey.id, ApiKey.name, ApiKey.scopes, ApiKey.daily_quota
).where(
    or_(ApiKey.mac == bindparam("mac"), _IS_PREVIOUS),
    ApiKey.revoked_at.is_(None),
)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom a key names. ``daily_quota``: reports a day (UTC)."""

    id: uuid.UUID
    name: str
    daily_quota: int


class Unauthorised(HotlineError):
    """No key, or one that is unknown or revoked: the three look the same."""

    status = 401
    title = "A key is needed"


def create_key(
    act: Act, name: str, *, scopes: Sequence[str], daily_quota: int
) -> str:
    """A new key for the sender ``name``; the only time that its text is to be seen."""
    unknown = set(scopes) - set(SCOPES)
    if unknown or not scopes:
        raise InvalidInput(f"The scopes of a key are {', '.join(SCOPES)}.")
    if not 0 < len(name) <= 80 or daily_quota < 1:
        raise InvalidInput(
            "A key needs a name of at most 80 characters and a quota of 1 or more."
        )
    namesake = select(ApiKey.id).where(ApiKey.name == name)
    if act.session.scalar(namesake) is not None:
        raise Conflict(f"There is a key of the name {name!r}.")
    text = PREFIX + new_token()
    key = ApiKey(
        id=new_id(),
        name=name,
        mac=_digest_of_key(text),
        scopes=list(scopes),
        daily_quota=daily_quota,
        created_at=act.now,
    )
    act.session.add(key)
    note_act(act, key, "api_key.created")
    return text


def rotate_key(
    act: Act, name: str, grace: timedelta, *, again: bool = False
) -> str:
    """Another key for the sender; the one before works for ``grace``. Shown only here.

    ``again``: also where that ends one at once that was promised a grace.
    """
    key = find_key(act.session, name)
    if key.revoked_at is not None:
        raise Conflict(f"The key of {name} is revoked; make a new one.")
    if not again:
        refuse_within_grace(name, key.previous_until, act.now)
    text = PREFIX + new_token()
    key.previous_mac, key.previous_until = key.mac, act.now + grace
    key.mac, key.keyed = _digest_of_key(text), False
    note_act(act, key, "api_key.rotated", grace_days=grace.days)
    return text


def refuse_within_grace(
    name: str, until: datetime | None, now: datetime
) -> None:
    """Whoever repeats a command that was cut off must not end what the sender still has."""
    if until is not None and until > now:
        raise Conflict(
            f"What {name} had was replaced already, and works until {until:%Y-%m-%d %H:%M} UTC.",
            hint="Give the sender what was shown then; or say --again, which ends the older one "
            "at once.",
        )


def revoke_key(act: Act, name: str) -> None:
    key = find_key(act.session, name)
    # The first moment stays, from which on nothing was taken.
    key.revoked_at = key.revoked_at or act.now
    note_act(act, key, "api_key.revoked")


def find_key(session: Session, name: str) -> ApiKey:
    key = session.scalar(select(ApiKey).where(ApiKey.name == name))
    if key is None:
        raise NotFound(f"There is no key of the name {name!r}.")
    return key


def list_keys(session: Session) -> Sequence[ApiKey]:
    return session.scalars(select(ApiKey).order_by(ApiKey.name)).all()


def authenticate_sender(context: Context, header: str, scope: str) -> Sender:
    """Who sends with an ``Authorization: Bearer …`` header whose key may do ``scope``."""
    scheme, _, text = header.partition(" ")
    # No key is as long as that, and what is longer need not be hashed whole.
    row = _find_sender(context, text.strip()[:200])
    if scheme.lower() != "bearer" or row is None:
        raise Unauthorised(
            "The Authorization header holds no valid key.",
            hint="Send 'Bearer' and your key.",
        )
    key_id, name, scopes, daily_quota = row
    if scope not in scopes:
        raise Forbidden(f"This key may not be used for {scope}.")
    return Sender(key_id, name, daily_quota)


def _find_sender(context: Context, text: str) -> Sequence[Any] | None:
    """The row of ``_SENDER`` for a key's text."""
    now = utc_now()
    digest = _digest_of_key(text)
    row = context.database.alone(_SENDER, {"mac": digest, "now": now})
    if row is not None:
        return row
    # Only where the new digest is not there: every request passes here.
    for mac in _old_macs_of_key(context, text):
        row = context.database.alone(_SENDER, {"mac": mac, "now": now})
        if row is not None:
            _renew_digest(context, mac, digest)
            return row
    return None


def _renew_digest(context: Context, mac: bytes, digest: bytes) -> None:
    """From now on the key is known without any key of the service."""
    with (
        suppress(SQLAlchemyError),  # the next use tries again
        context.database.writing() as session,
    ):
        session.execute(
            update(ApiKey)
            .where(ApiKey.mac == mac)
            .values(mac=digest, keyed=False)
        )
        session.execute(
            update(ApiKey)
            .where(ApiKey.previous_mac == mac)
            .values(previous_mac=digest)
        )


class Quotas:
    """Quotas of the day (UTC), of which a process takes a thousandth in advance at most.

    A key's row is locked from its change to the end of the transaction: were it changed for each
    report, the reports of a key would wait for one another. Of a quota below a thousand nothing is
    taken in advance, so a small one is exact; of a larger one each process may lose a thousandth.
    """

    SHARE = 1000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: dict[uuid.UUID, tuple[str, int]] = {}

    def spend(
        self, session: Session, sender: Sender, reports: int, now: datetime
    ) -> None:
        """Take ``reports`` from the sender's quota, or raise ``TooMany`` and take none."""
        # Mostly without the database: what was taken in advance is spent
        # first.
        if self.spend_advance(sender, reports, now):
            return
        today = now.date().isoformat()
        advance = sender.daily_quota // self.SHARE
        if advance and _take_from_quota(
            session, sender, reports + advance, today
        ):
            # Not before it is stored: a transaction that fails took nothing.
            event.listen(
                session,
                "after_commit",
                lambda _: self.add_advance(sender, advance, now),
                once=True,
            )
        # Near the end of the quota there may be enough for these, and not for
        # an advance.
        elif not _take_from_quota(session, sender, reports, today):
            midnight = (now + timedelta(days=1)).replace(
                hour=0, minute=0, second=0, microsecond=0
            )
            raise TooMany(
                f"This key's quota of {sender.daily_quota} reports a day does not suffice.",
                # What int() cuts off is added again: a second too early would
                # be refused once more.
                retry_after=int((midnight - now).total_seconds()) + 1,
            )

    def spend_advance(
        self, sender: Sender, reports: int, now: datetime
    ) -> bool:
        """Take ``reports`` from what this process took in advance; False if that is too little."""
        today = now.date().isoformat()
        with self._lock:
            day, left = self._left.get(sender.id, (today, 0))
            # What is left of yesterday is worth nothing today.
            if day != today or left < reports:
                return False
            self._left[sender.id] = (day, left - reports)
            return True

    def add_advance(self, sender: Sender, reports: int, now: datetime) -> None:
        """Let this process spend ``reports`` more: taken in advance, or spent on nothing new."""
        today = now.date().isoformat()
        with self._lock:
            day, left = self._left.get(sender.id, (today, 0))
            self._left[sender.id] = (
                today,
                reports + (left if day == today else 0),
            )


def _take_from_quota(
    session: Session, sender: Sender, reports: int, today: str
) -> bool:
    # The first report of a day begins anew: no job has to reset the counts at
    # midnight.
    used = case((ApiKey.used_on == today, ApiKey.used), else_=0) + reports
    taken = session.execute(
        update(ApiKey)
        # Asked by the change itself: two at once cannot both take the last
        # one.
        .where(ApiKey.id == sender.id, used <= ApiKey.daily_quota)
        .values(used=used, used_on=today)
        # No key is loaded here that would have to learn of it.
        .execution_options(synchronize_session=False)
    )
    return bool(getattr(taken, "rowcount", 0))


def _digest_of_key(text: str) -> bytes:
    return hashlib.sha256(_bytes_of_key(text)).digest()


def _old_macs_of_key(context: Context, text: str) -> tuple[bytes, ...]:
    """As what the key may be stored from before."""
    return context.keyring.macs("links", _bytes_of_key(text))


def _bytes_of_key(text: str) -> bytes:
    # A header may hold anything, also halves of characters.
    return f"api key:{text}".encode("utf-8", "replace")


def note_act(act: Act, key: ApiKey, action: str, **details: Any) -> None:
    """What was done to a key, for the audit log."""
    act.record(action, "api_key", key.id, name=key.name, **details)
