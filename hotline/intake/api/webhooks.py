"""Telling a known sender's own server that the state of a report of theirs changed.

The message names the report by the id that the API answered with, and nothing else about it: what
it is about stays here. It is signed as Standard Webhooks describes (standardwebhooks.com, version
1.0), so that receivers can use a library of their language. ``workers.webhooks`` sends it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, NotFound
from hotline.core.jobs.names import JobName
from hotline.core.storage import outbox
from hotline.core.storage.crypto import Vault
from hotline.intake.api import keys
from hotline.intake.models import ApiKey, Report, ReportPart
from hotline.intake.registry.vocabulary import Channel

JOB = JobName.WEBHOOK_SEND
QUEUE = "webhooks"
EVENT = "report.state_changed"
TEST_EVENT = "test"
MAX_URL = 500
SECRET_PREFIX = "whsec_"  # noqa: S105
_SECRET_BYTES = 32
_SECRET = "api_key.webhook_secret"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Receiver:
    """Whom to tell: ``secrets`` as they were shown; the present one first."""

    name: str
    url: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What a sender is told: the new state of one part, and since when it has it."""

    report: str
    part: int
    state: str
    since: str


def subscribe_sender(act: Act, name: str, url: str) -> str:
    """Tell the sender ``name`` about changes at ``url``; returns the secret, to be shown once."""
    session, context = act.session, act.context
    key = keys.find_key(session, name)
    _check_url(
        url, plain_allowed=bool(context.settings.fetch_allowed_networks)
    )
    # Another address has another secret: whoever knows the old one can forge
    # nothing for the new.
    secret = _new_secret()
    sealing = context.vault.key_for(session, key.id)
    key.webhook_url = url
    key.webhook_secret = Vault.seal(sealing, _SECRET, key.id, secret)
    key.webhook_previous_secret = key.webhook_previous_until = None
    host = urlsplit(url).hostname
    keys.note_act(act, key, "api_key.webhook_set", host=host)
    return secret


def rotate_secret(
    act: Act, name: str, grace: timedelta, *, again: bool = False
) -> str:
    """Another secret for the sender's webhook, to be shown once.

    For ``grace`` everything is signed with both, as Standard Webhooks provides. ``again``: also
    where that ends one at once that was promised a grace.
    """
    key = keys.find_key(act.session, name)
    if not key.webhook_url or key.webhook_secret is None:
        raise NotFound(f"The key of {name} has no webhook.")
    if not again:
        keys.refuse_within_grace(name, key.webhook_previous_until, act.now)
    sealing = act.context.vault.key_for(act.session, key.id)
    secret = _new_secret()
    key.webhook_previous_secret = key.webhook_secret
    key.webhook_previous_until = act.now + grace
    key.webhook_secret = Vault.seal(sealing, _SECRET, key.id, secret)
    keys.note_act(act, key, "api_key.webhook_rotated", grace_days=grace.days)
    return secret


def unsubscribe_sender(act: Act, name: str) -> None:
    """Tell the sender nothing any more; what was about to be sent is dropped in its turn."""
    key = keys.find_key(act.session, name)
    if not key.webhook_url:
        raise NotFound(f"The key of {name} has no webhook.")
    key.webhook_url, key.webhook_secret = "", None
    key.webhook_previous_secret = key.webhook_previous_until = None
    keys.note_act(act, key, "api_key.webhook_removed")


def announce_state(session: Session, part: ReportPart, now: datetime) -> None:
    """Post the work that tells the part's sender its new state, if the sender wants to know."""
    receiver = session.scalar(
        select(ApiKey.id)
        .join(Report, Report.source == ApiKey.name)
        .where(
            Report.id == part.report_id,
            # A source of another channel may bear the same name, and be
            # somebody else.
            Report.channel == Channel.API,
            ApiKey.webhook_url != "",
            ApiKey.revoked_at.is_(None),
        )
    )
    if receiver is not None:
        change = Change(
            report=str(part.report_id),
            part=part.position,
            state=part.state,
            since=now.isoformat(),
        )
        # The same state can come again (a page that reappeared), which is news
        # as well.
        key = f"webhook:{part.id}:{part.state}:{now.timestamp():.6f}"
        payload = {"key_id": str(receiver), "data": asdict(change)}
        outbox.post_work(
            session, JOB, key=key, payload=payload, now=now, queue=QUEUE
        )


def receiver_of(
    session: Session, context: Context, key_id: uuid.UUID, now: datetime
) -> Receiver | None:
    """None where the key was revoked in the meantime."""
    key = session.get(ApiKey, key_id)
    if key is None or key.revoked_at is not None or key.webhook_secret is None:
        return None
    sealing = context.vault.key_of(session, key.id)
    if sealing is None:
        return None
    sealed = [key.webhook_secret]
    until = key.webhook_previous_until
    if key.webhook_previous_secret and until is not None and until > now:
        sealed.append(key.webhook_previous_secret)
    opened = [Vault.open(sealing, _SECRET, key.id, text) for text in sealed]
    return Receiver(key.name, key.webhook_url, tuple(opened))


def trial_body(now: datetime) -> bytes:
    """A message that tells nothing; its receiver only checks the signature."""
    message = {"type": TEST_EVENT, "timestamp": now.isoformat(), "data": {}}
    return json.dumps(message, separators=(",", ":")).encode()


def body_of(change: Change) -> bytes:
    message = {
        "type": EVENT,
        "timestamp": change.since,
        "data": asdict(change),
    }
    return json.dumps(message, separators=(",", ":")).encode()


def sign_headers(
    signing: Sequence[str], message_id: str, body: bytes, now: datetime
) -> dict[str, str]:
    """The headers that prove ``body``: its id (the same at every try), the time, the signatures.

    One signature for each secret of ``signing``; a receiver looks for one that it can check.
    """
    # Of this try, and not of the change: receivers refuse what is too old.
    timestamp = str(int(now.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [_sign(secret, signed) for secret in signing]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def _sign(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    digest = hmac.digest(key, signed, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


def _new_secret() -> str:
    drawn = secrets.token_bytes(_SECRET_BYTES)
    return SECRET_PREFIX + base64.b64encode(drawn).decode()


def _check_url(url: str, *, plain_allowed: bool) -> None:
    """``plain_allowed``: http too, in a sandbox, whose servers have no certificates."""
    schemes = ("https", "http") if plain_allowed else ("https",)
    try:
        parts = urlsplit(url)
        # To ask for the port raises an error where it is no number.
        usable = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if (
        not usable
        or parts.username is not None
        or parts.fragment
        or len(url) > MAX_URL
        or not (url.isascii() and url.isprintable() and " " not in url)
    ):
        raise InvalidInput(
            f"A webhook needs an https address of at most {MAX_URL} characters, "
            "without a user name and a fragment."
        )
