"""The same submission sent twice is one report: a client's key, kept for a day.

A second try with the same key gets the first answer again, receipt and all. Since that answer
holds a secret, it is sealed under a key that only the client's own key yields, which is not kept.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import uuid
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.crypto import Vault
from hotline.core.errors import Conflict, InvalidInput
from hotline.core.ids import new_id
from hotline.intake.batch import Arrival, Received, store
from hotline.intake.models import IdempotencyKey
from hotline.intake.submission import Submission

LIFETIME = timedelta(hours=24)
# Shorter ones are counters, and whoever guesses a key reads another client's receipt.
_KEY = re.compile(r"[\x21-\x7e]{16,255}")
_ANSWER = "idempotency_key.answer"


def receive_once(
    session: Session,
    context: Context,
    submission: Submission,
    key: str,
    *,
    channel: str,
    source: str = "",
    held: bool = False,
    now: datetime,
) -> Received:
    """Like ``service.receive``, once per ``key``; ``Conflict`` where it came with another body."""
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            "The idempotency key must have 16 to 255 visible ASCII characters.",
            hint="A random UUID is a good one.",
            fields={"": "Idempotency-Key is not 16 to 255 visible ASCII characters"},
        )
    entry = _entry(context, f"{channel}:{source}:{key}", submission)
    received = Received()
    if not _take(session, entry, received, now):
        return _answer_again(session, entry)
    arrival = Arrival(channel=channel, source=source, held=held, now=now)
    store(session, context, [(received, submission)], arrival)
    return received


class OtherBody(Conflict):
    """The key came before, with something else."""


class _Entry(NamedTuple):
    """What is kept of a key and a body, and the key (never kept) that seals the answer."""

    mac: bytes
    digest: bytes
    sealing: bytes


def _entry(context: Context, scoped: str, submission: Submission) -> _Entry:
    sealing = context.keyring.mac("receipts", f"idempotency answer:{scoped}".encode())
    return _Entry(
        mac=context.keyring.mac("receipts", f"idempotency lookup:{scoped}".encode()),
        # Keyed: a plain digest of a short body could be guessed at.
        digest=hmac.digest(sealing, submission.model_dump_json().encode(), hashlib.sha256),
        sealing=sealing,
    )


def _take(session: Session, entry: _Entry, received: Received, now: datetime) -> bool:
    """Store the key with its answer; False if a living one is there (or just being stored)."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row_id = new_id()
    answer = json.dumps([str(received.report_id), received.receipt])
    values = {
        "id": row_id,
        "digest": entry.digest,
        "answer": Vault.seal(entry.sealing, _ANSWER, row_id, answer),
        "expires_at": now + LIFETIME,
    }
    statement = (
        insert(IdempotencyKey)
        .values(mac=entry.mac, **values)
        .on_conflict_do_update(
            index_elements=["mac"], set_=values, where=IdempotencyKey.expires_at <= now
        )
    )
    return bool(getattr(session.execute(statement), "rowcount", 0))


def _answer_again(session: Session, entry: _Entry) -> Received:
    row = session.execute(
        select(IdempotencyKey.id, IdempotencyKey.digest, IdempotencyKey.answer).where(
            IdempotencyKey.mac == entry.mac
        )
    ).one()
    if not hmac.compare_digest(row.digest, entry.digest):
        raise OtherBody(
            "This idempotency key was used for another report.", hint="Use a new key for it."
        )
    report_id, receipt = json.loads(Vault.open(entry.sealing, _ANSWER, row.id, row.answer))
    return Received(uuid.UUID(report_id), receipt)
