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
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

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
_RENEWED = ("id", "digest", "answer", "expires_at")


def receive_once(
    session: Session,
    context: Context,
    submission: Submission,
    key: str,
    *,
    arrival: Arrival,
    spend: Callable[[], None] = lambda: None,
) -> Received:
    """Store a report, once per ``key``; ``OtherBody`` where the key came with another one.

    ``spend`` is called where it is new, and refuses it by raising: a second try costs no quota.
    """
    received = Received()
    answer = json.dumps([str(received.report_id), received.receipt])
    body = submission.model_dump_json().encode()
    earlier = answer_once(session, context, key, body, answer, arrival=arrival)
    if earlier is not None:
        report_id, receipt = json.loads(earlier)
        return Received(uuid.UUID(report_id), receipt, again=True)
    spend()
    store(session, context, [(received, submission)], arrival)
    return received


def answer_once(
    session: Session, context: Context, key: str, body: bytes, answer: str, *, arrival: Arrival
) -> str | None:
    """Keep ``answer`` under ``key`` for a day; the earlier answer if the key came before.

    Of two requests at the same moment the second waits for the first one's transaction.
    """
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            "The idempotency key must have 16 to 255 visible ASCII characters.",
            hint="A random UUID is a good one.",
            fields={"": "Idempotency-Key is not 16 to 255 visible ASCII characters"},
        )
    scoped = f"{arrival.channel}:{arrival.source}:{key}"
    sealing = context.keyring.mac("receipts", f"idempotency answer:{scoped}".encode())
    mac = context.keyring.mac("receipts", f"idempotency lookup:{scoped}".encode())
    # Keyed: a plain digest of a short body could be guessed at.
    digest = hmac.digest(sealing, body, hashlib.sha256)
    row_id = new_id()
    values = {
        "id": row_id,
        "mac": mac,
        "digest": digest,
        "answer": Vault.seal(sealing, _ANSWER, row_id, answer),
        "expires_at": arrival.now + LIFETIME,
    }
    if _take(session, values, arrival.now):
        return None
    row = session.execute(
        select(IdempotencyKey.id, IdempotencyKey.digest, IdempotencyKey.answer).where(
            IdempotencyKey.mac == mac
        )
    ).one()
    if not hmac.compare_digest(row.digest, digest):
        raise OtherBody(
            "This idempotency key was used for another report.", hint="Use a new key for it."
        )
    return Vault.open(sealing, _ANSWER, row.id, row.answer)


class OtherBody(Conflict):
    """The key came before, with something else."""


def _take(session: Session, values: dict[str, Any], now: datetime) -> bool:
    """Store the key; False if a living one is there."""
    connection = session.connection()  # past the ORM, which takes longer than the database does
    statement = _taking(connection.dialect.name)
    return connection.execute(statement, values | {"now": now}).first() is not None


@cache
def _taking(dialect: str) -> ReturningInsert[tuple[uuid.UUID]]:
    """Made once: to build it takes as long as to execute it."""
    table = cast(Table, IdempotencyKey.__table__)
    given = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    return given.on_conflict_do_update(
        index_elements=["mac"],
        set_={name: given.excluded[name] for name in _RENEWED},
        where=table.c.expires_at <= bindparam("now"),
    ).returning(table.c.id)
