"""Reports as rows: what the database gets for one report or for ten thousand, in few statements.

The ORM's unit of work takes longer over a report's six small rows than everything else together,
so they are built as plain values here and inserted table by table.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Column, Insert, Table, bindparam, insert
from sqlalchemy.orm import Session

from hotline.core import audit, machine
from hotline.core.audit import AuditEntry
from hotline.core.context import Context
from hotline.core.crypto import RecordKey, Vault
from hotline.core.database import Base, note_for_after_commit
from hotline.core.ids import new_id, new_receipt, normalise_receipt
from hotline.core.machine import HistoryEntry
from hotline.core.outbox import OutboxEntry
from hotline.intake.models import PART_MACHINE, Report, ReportPart
from hotline.intake.submission import Submission

NARRATIVE, CONTACT, PART_TEXT = "report.narrative", "report.contact", "report_part.text"
_ORDER: tuple[type[Base], ...] = (
    RecordKey,
    Report,
    ReportPart,
    HistoryEntry,
    AuditEntry,
    OutboxEntry,
)
Rows = dict[type[Base], list[dict[str, Any]]]
_EMPTY = frozenset(
    {"erased_at", "contact_erased_at", "handed_at", "done_at", "dead_at", "number", "hash"}
)


@dataclass(frozen=True, slots=True)
class Received:
    """What the reporter is told (the receipt) and what the report is called inside.

    ``again``: it came before, and this is what was said of it then.
    """

    report_id: uuid.UUID = field(default_factory=new_id)
    receipt: str = field(default_factory=new_receipt)
    again: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """How reports came in. ``held``: in a flood; such a report never jumps the queue.

    ``actor``: whoever wrote it down, for the history; for most ways the reporter.
    """

    channel: str
    now: datetime
    source: str = ""
    held: bool = False
    actor: str = audit.PUBLIC


def store(
    session: Session,
    context: Context,
    reports: Iterable[tuple[Received, Submission]],
    arrival: Arrival,
) -> None:
    """Write the reports with their history, audit and work into the caller's transaction."""
    rows: Rows = defaultdict(list)
    for received, submission in reports:
        key, wrapped = context.vault.new_key(received.report_id)
        rows[RecordKey].append({"record_id": received.report_id, "wrapped": wrapped})
        _add_report(rows, context, key, received, submission, arrival)
    connection = session.connection()
    if connection.dialect.name == "postgresql" and all(len(rows[table]) == 1 for table in _ORDER):
        row = {_name(table, name): v for table in _ORDER for name, v in rows[table][0].items()}
        connection.execute(_all_at_once(), row)
    else:
        for table in _ORDER:
            if rows[table]:
                connection.execute(insert(_table(table)), rows[table])
    for work in rows[OutboxEntry]:
        note_for_after_commit(session, f"{work['queue']}:{work['id']}")


@cache
def _all_at_once() -> Insert:
    """One statement for a report with one part: each round trip costs more than its writing."""
    inserts = [
        insert(_table(table)).values(
            {column.name: bindparam(_name(table, column.name)) for column in _given(table)}
        )
        for table in _ORDER
    ]
    return inserts[-1].add_cte(*(one.cte(f"new_{n}") for n, one in enumerate(inserts[:-1])))


def _given(table: type[Base]) -> list[Column[Any]]:
    """The columns that a new report's rows name; the others are empty."""
    return [column for column in _table(table).columns if column.name not in _EMPTY]


def _table(table: type[Base]) -> Table:
    return cast(Table, table.__table__)


def _name(table: type[Base], column: str) -> str:
    return f"{table.__tablename__}__{column}"


def receipt_mac(context: Context, receipt: str) -> bytes:
    code = normalise_receipt(receipt)
    assert code is not None
    return context.keyring.mac("receipts", code.encode())


def _add_report(
    rows: Rows,
    context: Context,
    key: bytes,
    received: Received,
    submission: Submission,
    arrival: Arrival,
) -> None:
    report_id, now = received.report_id, arrival.now
    rows[Report].append(
        {
            "id": report_id,
            "received_at": now,
            "channel": arrival.channel,
            "source": arrival.source,
            "language": submission.language or context.country.default_language,
            "kind": submission.kind,
            "reporter_role": submission.reporter_role,
            "danger_now": submission.danger_now,
            "own_material": submission.own_material,
            "receipt_mac": receipt_mac(context, received.receipt),
            "narrative": _seal(key, NARRATIVE, report_id, submission.narrative),
            "contact": _seal(key, CONTACT, report_id, submission.contact),
            "held_for_review": arrival.held,
        }
    )
    _add_parts(rows, key, report_id, submission, arrival)
    # A flood waits behind all other work, unless it says that a child is in danger.
    queues = ("checks", "default") if arrival.held else ("default", "urgent")
    rows[OutboxEntry].append(_work(report_id, queues[submission.danger_now], now))


def _work(report_id: uuid.UUID, queue: str, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "key": f"report:{report_id}",
        "job": "report.received",
        "queue": queue,
        "payload": {"report_id": str(report_id)},
        "created_at": now,
        "due_at": now,
        "attempts": 0,
        "last_error": "",
    }


def _add_parts(
    rows: Rows, key: bytes, report_id: uuid.UUID, submission: Submission, arrival: Arrival
) -> None:
    # A narrative part has no text of its own: the report's narrative is its text.
    for position, text in enumerate(submission.distinct_locations or [None], start=1):
        part_id = new_id()
        rows[ReportPart].append(
            {
                "id": part_id,
                "report_id": report_id,
                "position": position,
                "kind": "narrative" if text is None else "location",
                "text": _seal(key, PART_TEXT, part_id, text or ""),
                "state": PART_MACHINE.initial,
                "state_since": arrival.now,
            }
        )
        happened, logged = machine.rows_of(
            PART_MACHINE,
            part_id,
            machine.CREATED,
            ("", PART_MACHINE.initial),
            actor=arrival.actor,
            now=arrival.now,
            details={"report": str(report_id), "channel": arrival.channel},
        )
        rows[HistoryEntry].append(happened)
        rows[AuditEntry].append(logged)


def _seal(key: bytes, where: str, row_id: uuid.UUID, text: str) -> bytes | None:
    return Vault.seal(key, where, row_id, text) if text else None
