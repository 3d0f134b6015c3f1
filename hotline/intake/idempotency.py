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
from contextlib import nullcontext
from datetime import timedelta
from functools import cache
from typing import cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput
from hotline.core.storage.crypto import Vault
from hotline.core.storage.ids import new_id
from hotline.core.storage.keys.keyring import mac_under
from hotline.intake.batch import Arrival, Condition, Received, store_reports
from hotline.intake.models import IdempotencyKey
from hotline.intake.submission import Submission

LIFETIME = timedelta(hours=24)
# Shorter ones are counters, and whoever guesses a key reads another client's receipt.
_KEY = re.compile(r"[\x21-\x7e]{16,255}")
_ANSWER = "idempotency_key.answer"
_PREFIX = (
    "idempotency_"  # of parameters, beside those of a report in one statement
)
_RENEWED = ("id", "digest", "answer", "expires_at")


def receive_once(
    session: Session | None,
    context: Context,
    submission: Submission,
    key: str,
    *,
    arrival: Arrival,
    spend: Callable[[], None] = lambda: None,
) -> Received:
    """Store a report, once per ``key``; ``OtherBody`` where the key came with another one.

    ``session``: None for a transaction of its own. ``spend`` is called where the report is new, and
    refuses it by raising: a second try costs no quota.
    """
    received = Received()
    answer = json.dumps([str(received.report_id), received.receipt])
    body = submission.model_dump_json().encode()
    once = _Once(context, key, body, arrival)
    # First, as under the key in use it would look new, and be stored twice.
    before = _answer_under_older_key(session, context, key, body, arrival)
    if before is not None:
        report_id, receipt = json.loads(before)
        return Received(uuid.UUID(report_id), receipt, again=True)
    report = (received, submission)
    if store_reports(
        session, context, [report], arrival, condition=once.taking(answer)
    ):
        spend()
        return received
    with (
        nullcontext(session)
        if session is not None
        else context.database.reading() as reading
    ):
        report_id, receipt = json.loads(once.earlier(reading))
    return Received(uuid.UUID(report_id), receipt, again=True)


def answer_once(
    session: Session,
    context: Context,
    key: str,
    body: bytes,
    answer: str,
    *,
    arrival: Arrival,
) -> str | None:
    """Keep ``answer`` under ``key`` for a day; the earlier answer if the key came before.

    Of two requests at the same moment the second waits for the first one's transaction.
    """
    once = _Once(context, key, body, arrival)
    before = _answer_under_older_key(session, context, key, body, arrival)
    if before is not None:
        return before
    return (
        None if once.taking(answer).holds(session) else once.earlier(session)
    )


class OtherBody(Conflict):
    """The key came before, with something else."""


class _Once:
    """A client's key with what it came for."""

    def __init__(
        self,
        context: Context,
        key: str,
        body: bytes,
        arrival: Arrival,
        secret: bytes | None = None,
    ) -> None:
        """``secret``: an older key of the service; the one in use if it is None."""
        if not _KEY.fullmatch(key):
            raise InvalidInput(
                "The idempotency key must have 16 to 255 visible ASCII characters.",
                hint="A random UUID is a good one.",
                fields={
                    "": "Idempotency-Key is not 16 to 255 visible ASCII characters"
                },
            )
        # Two senders may use the same key: neither is to read the other's receipt.
        scoped = f"{arrival.channel}:{arrival.source}:{key}"
        secret = secret or context.keyring.bytes_of("receipts")
        self._sealing = mac_under(
            secret, f"idempotency answer:{scoped}".encode()
        )
        self._mac = mac_under(secret, f"idempotency lookup:{scoped}".encode())
        # Keyed: a plain digest of a short body could be guessed at.
        self._digest = hmac.digest(self._sealing, body, hashlib.sha256)
        self._now = arrival.now
        self._dialect = context.database.engine.dialect.name

    def taking(self, answer: str) -> Condition:
        """Holds where the key is new or its day is over; then it is stored with ``answer``."""
        row_id = new_id()
        values = {
            "id": row_id,
            "mac": self._mac,
            "digest": self._digest,
            "answer": Vault.seal(self._sealing, _ANSWER, row_id, answer),
            "expires_at": self._now + LIFETIME,
            "now": self._now,
        }
        return Condition(
            _take_statement(self._dialect),
            {_PREFIX + name: value for name, value in values.items()},
        )

    def is_known(self, session: Session) -> bool:
        """Whether the key came before, and its day is not over."""
        same_key = select(IdempotencyKey.id).where(
            IdempotencyKey.mac == self._mac,
            IdempotencyKey.expires_at > self._now,
        )
        return session.scalar(same_key) is not None

    def earlier(self, session: Session) -> str:
        """The answer that is stored."""
        row = session.execute(
            select(
                IdempotencyKey.id, IdempotencyKey.digest, IdempotencyKey.answer
            ).where(IdempotencyKey.mac == self._mac)
        ).one()
        if not hmac.compare_digest(row.digest, self._digest):
            raise OtherBody(
                "This idempotency key was used for another report.",
                hint="Use a new key for it.",
            )
        return Vault.open(self._sealing, _ANSWER, row.id, row.answer)


def _answer_under_older_key(
    session: Session | None,
    context: Context,
    key: str,
    body: bytes,
    arrival: Arrival,
) -> str | None:
    """What was answered before the service's key was rotated; nothing is asked if it was not."""
    older = context.keyring.keys_of("receipts")[1:]
    if not older:
        return None
    with (
        nullcontext(session)
        if session is not None
        else context.database.reading() as reading
    ):
        for secret in older:
            once = _Once(context, key, body, arrival, secret)
            if once.is_known(reading):
                return once.earlier(reading)
    return None


@cache
def _take_statement(dialect: str) -> ReturningInsert[tuple[uuid.UUID]]:
    """Made once: to build it takes as long as to execute it."""
    table = cast(Table, IdempotencyKey.__table__)
    given = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(
        table
    ).values(
        {
            column.name: bindparam(_PREFIX + column.name, type_=column.type)
            for column in table.c
        }
    )
    return given.on_conflict_do_update(
        index_elements=["mac"],
        set_={name: given.excluded[name] for name in _RENEWED},
        where=table.c.expires_at
        <= bindparam(_PREFIX + "now", type_=table.c.expires_at.type),
    ).returning(table.c.id)
