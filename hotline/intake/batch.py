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

from sqlalchemy import (
    BindParameter,
    Dialect,
    Insert,
    Table,
    bindparam,
    insert,
    select,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from hotline.core.context import Context
from hotline.core.jobs.names import JobName
from hotline.core.storage import audit, machine
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.crypto import RecordKey, Vault
from hotline.core.storage.database import (
    Base,
    UtcDateTime,
    note_for_after_commit,
)
from hotline.core.storage.ids import new_id, new_receipt, normalise_receipt
from hotline.core.storage.machine import HistoryEntry, Row
from hotline.core.storage.outbox import Note, OutboxEntry
from hotline.core.tracing import with_parent
from hotline.intake.models import PART_MACHINE, Report, ReportPart
from hotline.intake.registry.questions import seal_answers
from hotline.intake.registry.vocabulary import Channel, PartKind
from hotline.intake.submission import Submission

NARRATIVE, CONTACT, CONTACT_TERMS, ANSWERS, SEEN_AT, PART_TEXT = (
    "report.narrative",
    "report.contact",
    "report.contact_terms",
    "report.answers",
    "report.seen_at",
    "report_part.text",
)
# What others refer to comes first.
_ORDER: tuple[type[Base], ...] = (
    RecordKey,
    Report,
    ReportPart,
    HistoryEntry,
    AuditEntry,
    OutboxEntry,
)
Rows = dict[type[Base], list[Row]]
_EMPTY = frozenset(
    {
        "erased_at",
        "contact_erased_at",
        "handed_at",
        "done_at",
        "dead_at",
        "number",
        "hash",
        "word_themes",
    }
)


_SAME = {
    "record_key__record_id": "report__id",
    "report_part__report_id": "report__id",
    "history_entry__entity_id": "report_part__id",
    "audit_entry__entity": "history_entry__entity",
    "audit_entry__actor": "history_entry__actor",
    "audit_entry__details": "history_entry__details",
}
"""Columns of a single report's rows that hold what another one holds."""


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

    channel: Channel
    now: datetime
    source: str = ""
    held: bool = False
    actor: str = audit.PUBLIC


@dataclass(frozen=True, slots=True)
class Condition:
    """A statement that returns a row if reports are to be written with it, and none if not."""

    statement: ReturningInsert[Any]
    values: Row

    def holds(self, session: Session) -> bool:
        return (
            session.connection().execute(self.statement, self.values).first()
            is not None
        )


def store_reports(
    session: Session | None,
    context: Context,
    reports: Iterable[tuple[Received, Submission]],
    arrival: Arrival,
    *,
    condition: Condition | None = None,
) -> bool:
    """Write the reports with their history, audit and work into the caller's transaction.

    ``session``: None for a transaction of their own, which is quicker for a single report. False,
    and nothing is written, where the ``condition`` does not hold.
    """
    rows, database = (
        _rows_of_reports(context, reports, arrival),
        context.database,
    )
    # A caller's own transaction must hold the report together with what else
    # it writes.
    if session is not None:
        return _write_rows(session, rows, condition)
    if _is_one_statement(database.engine.dialect, rows):
        statement, values = _one_statement(rows, condition)
        return (
            database.alone(statement, values, notes=_outbox_notes(rows))
            is not None
        )
    # Several rows of one table, or SQLite: they need a transaction around
    # them.
    with database.writing() as own:
        return _write_rows(own, rows, condition)


def _rows_of_reports(
    context: Context,
    reports: Iterable[tuple[Received, Submission]],
    arrival: Arrival,
) -> Rows:
    rows: Rows = defaultdict(list)
    for received, submission in reports:
        key, wrapped = context.vault.new_key(received.report_id)
        rows[RecordKey].append(
            {"record_id": received.report_id, "wrapped": wrapped}
        )
        _add_report(rows, context, key, received, submission, arrival)
    return rows


def _write_rows(
    session: Session, rows: Rows, condition: Condition | None
) -> bool:
    connection = session.connection()
    if _is_one_statement(connection.dialect, rows):
        statement, values = _one_statement(rows, condition)
        if connection.execute(statement, values).first() is None:
            return False
    else:
        # SQLite, and reports of several parts: the condition is a statement of
        # its own, before all others.
        if condition is not None and not condition.holds(session):
            return False
        for table in _ORDER:
            if rows[table]:
                connection.execute(insert(_table_of(table)), rows[table])
    # Told only after the commit: a worker that came sooner would find no row.
    for note in _outbox_notes(rows):
        note_for_after_commit(session, note)
    return True


def _outbox_notes(rows: Rows) -> list[str]:
    return [
        str(
            Note(
                str(work["job"]),
                str(work["queue"]),
                cast(uuid.UUID, work["id"]),
            )
        )
        for work in rows[OutboxEntry]
    ]


def _is_one_statement(dialect: Dialect, rows: Rows) -> bool:
    """A report with one part on PostgreSQL: each round trip costs more than its writing."""
    return dialect.name == "postgresql" and all(
        len(rows[table]) == 1 for table in _ORDER
    )


def _one_statement(
    rows: Rows, condition: Condition | None
) -> tuple[Insert, Row]:
    """It returns a row if it writes: always without a ``condition``, and with one if that holds."""
    values: dict[str, object] = {}
    for table in _ORDER:
        given = rows[table][0]
        values |= {
            parameter.key: given[name]
            for name, parameter in _bind_parameters(table).items()
        }
    if condition is None:
        return _all_at_once(), values
    return _all_at_once(condition.statement), {**values, **condition.values}


@cache
def _all_at_once(condition: ReturningInsert[Any] | None = None) -> Insert:
    """Made once: to build it takes longer than to execute it."""
    if condition is None:
        *first, last = (
            insert(_table_of(table)).values(_bind_parameters(table))
            for table in _ORDER
        )
    else:
        condition_rows = condition.cte("condition")
        *first, last = (
            insert(_table_of(table)).from_select(
                list(_bind_parameters(table)),
                select(*_bind_parameters(table).values()).select_from(
                    condition_rows
                ),
                include_defaults=False,
            )
            for table in _ORDER
        )
    ctes = (
        statement.cte(f"new_{number}")
        for number, statement in enumerate(first)
    )
    return last.add_cte(*ctes).returning(_table_of(_ORDER[-1]).c.id)


@cache
def _bind_parameters(table: type[Base]) -> dict[str, BindParameter[Any]]:
    """One for each column that a new report's rows name; the others are empty."""
    parameters = {}
    for column in _table_of(table).columns:
        if column.name not in _EMPTY:
            name = f"{table.__tablename__}__{column.name}"
            # What is one value in all rows is one parameter: beyond 50 of them
            # the driver does not remember a statement, and parses it anew each
            # time.
            shared = (
                "now"
                if isinstance(column.type, UtcDateTime)
                else _SAME.get(name, name)
            )
            parameters[column.name] = bindparam(shared, type_=column.type)
    return parameters


def _table_of(table: type[Base]) -> Table:
    return cast(Table, table.__table__)


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
            "language": submission.language
            or context.country.default_language,
            "kind": submission.kind,
            "reporter_role": submission.reporter_role,
            "danger_now": submission.danger_now,
            "time_presses": submission.time_presses,
            "child_elsewhere": submission.says_child_elsewhere(
                context.country.code
            ),
            "own_material": submission.own_material,
            # The receipt itself is told to its owner alone, and stored
            # nowhere.
            "receipt_mac": receipt_mac(context, received.receipt),
            "narrative": _seal_text(
                key, NARRATIVE, report_id, submission.narrative
            ),
            "contact": _seal_text(key, CONTACT, report_id, submission.contact),
            "contact_terms": _seal_text(
                key,
                CONTACT_TERMS,
                report_id,
                submission.contact_terms.sealed_text,
            ),
            "answers": _seal_text(
                key, ANSWERS, report_id, seal_answers(submission.answers)
            ),
            "seen_at": _seal_text(key, SEEN_AT, report_id, submission.seen_at),
            "held_for_review": arrival.held,
        }
    )
    _add_parts(rows, key, report_id, submission, arrival)
    # A flood waits behind all other work, unless it says that a child is in danger.
    queues = ("checks", "default") if arrival.held else ("default", "urgent")
    is_urgent = submission.danger_now or submission.time_presses
    rows[OutboxEntry].append(_work_row(report_id, queues[is_urgent], now))


def _work_row(report_id: uuid.UUID, queue: str, now: datetime) -> Row:
    return {
        "id": new_id(),
        "key": f"report:{report_id}",
        "job": JobName.REPORT_RECEIVED,
        "queue": queue,
        "payload": with_parent({"report_id": str(report_id)}),
        "created_at": now,
        "due_at": now,
        "attempts": 0,
        "last_error": "",
    }


def _add_parts(
    rows: Rows,
    key: bytes,
    report_id: uuid.UUID,
    submission: Submission,
    arrival: Arrival,
) -> None:
    # A narrative part has no text of its own: the report's narrative is its text.
    for position, text in enumerate(
        submission.distinct_locations or [None], start=1
    ):
        part_id = new_id()
        rows[ReportPart].append(
            {
                "id": part_id,
                "report_id": report_id,
                "position": position,
                "kind": PartKind.NARRATIVE
                if text is None
                else PartKind.LOCATION,
                "text": _seal_text(key, PART_TEXT, part_id, text or ""),
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


def _seal_text(
    key: bytes, where: str, row_id: uuid.UUID, text: str
) -> bytes | None:
    return Vault.seal(key, where, row_id, text) if text else None
