"""What is forgotten, and when. Counts and states stay; texts, contacts and receipts go."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    String,
    cast,
    delete,
    exists,
    func,
    select,
)
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.storage import audit
from hotline.core.storage.audit import AuditEntry
from hotline.intake.models import (
    Draft,
    IdempotencyKey,
    Report,
    ReportMessage,
    ReportPart,
    SpentProof,
)
from hotline.intake.vocabulary import FINAL_STATES, MessageAuthor

BATCH = 1_000
"""Reports of one transaction; ``forget_all_due`` goes on until nothing is due."""


def forget_all_due(
    context: Context,
    *,
    now: datetime,
    progress: Callable[[dict[str, int]], None] = lambda _: None,
) -> dict[str, int]:
    """Everything that is due, in as many short transactions as it takes; what -> how many.

    Each transaction is committed before the next one begins, so that a run that is stopped loses
    nothing and the next run goes on from there. ``progress`` hears the sums after each of them.
    """
    sums: dict[str, int] = {}
    while True:
        with context.database.writing() as session:
            counts = forget_due(session, context, now=now)
        for name, count in counts.items():
            sums[name] = sums.get(name, 0) + count
        if not any(counts.values()):
            return sums
        progress(sums)


def count_held(session: Session, context: Context, *, now: datetime) -> int:
    """Reports whose time is over, but that wait because nobody read what their reporter wrote."""
    before = now - timedelta(days=context.settings.retention_report_days)
    query = select(func.count()).where(
        Report.erased_at.is_(None), *_is_over(before), _has_unread_words()
    )
    return session.scalar(query) or 0


def forget_due(
    session: Session, context: Context, *, now: datetime
) -> dict[str, int]:
    """Everything that is due, at most ``BATCH`` reports of each sort; what -> how many."""
    keys = session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.expires_at <= now)
    )
    drafts = session.execute(delete(Draft).where(Draft.expires_at <= now))
    proofs = session.execute(
        delete(SpentProof).where(SpentProof.expires_at <= now)
    )
    return {
        "contacts": erase_contacts(session, context, now=now),
        "reports": erase_reports(session, context, now=now),
        "idempotency_keys": int(getattr(keys, "rowcount", 0)),
        "drafts": int(getattr(drafts, "rowcount", 0)),
        "spent_proofs": int(getattr(proofs, "rowcount", 0)),
    }


def erase_contacts(
    session: Session, context: Context, *, now: datetime
) -> int:
    """Forget how to reach the reporters of reports that are closed for long enough."""
    before = now - timedelta(days=context.settings.retention_contact_days)
    due = _list_due(session, context, before, Report.contact.is_not(None))
    for report in due:
        report.contact = report.contact_terms = None
        report.contact_erased_at = now
        _note_erasure(session, report, "report.contact_erased", now)
    return len(due)


def erase_reports(session: Session, context: Context, *, now: datetime) -> int:
    """Destroy the keys of reports that are closed for long enough: crypto-erasure.

    Sealed columns are emptied as well, and the receipt is put out of use, so that an expired code
    looks like one that never was.
    """
    before = now - timedelta(days=context.settings.retention_report_days)
    due = _list_due(session, context, before, Report.erased_at.is_(None))
    for report in due:
        context.vault.erase(session, report.id)
        session.execute(
            delete(ReportMessage).where(ReportMessage.report_id == report.id)
        )
        report.narrative = report.answers = report.seen_at = None
        report.contact = report.contact_terms = None
        report.receipt_mac = secrets.token_bytes(32)
        report.erased_at = now
        report.contact_erased_at = report.contact_erased_at or now
        for part in report.parts:
            part.text = None
        _note_erasure(session, report, "report.erased", now)
    return len(due)


def _list_due(
    session: Session,
    context: Context,
    before: datetime,
    *conditions: ColumnElement[bool],
) -> Sequence[Report]:
    """Reports with which nothing happened since ``before``, on either side.

    Words that nobody read hold a report back, until they are too old for that as well.
    """
    unread_days = timedelta(days=context.settings.retention_unread_days)
    held = _has_unread_words(ReportMessage.at > before - unread_days)
    return session.scalars(
        select(Report)
        .where(*_is_over(before), *conditions, ~held)
        .order_by(Report.id)
        .limit(BATCH)
    ).all()


def _is_over(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """All parts have been final, and neither side has written, since ``before``."""
    still_moving = exists().where(
        ReportPart.report_id == Report.id,
        ReportPart.state.not_in(FINAL_STATES)
        | (ReportPart.state_since > before),
    )
    still_writing = exists().where(
        ReportMessage.report_id == Report.id, ReportMessage.at > before
    )
    return (Report.received_at <= before, ~still_moving, ~still_writing)


def _has_unread_words(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """The reporter wrote something, and no person has opened the report's words since."""
    was_read = exists().where(
        AuditEntry.entity_id == _id_in_audit(),
        AuditEntry.action == "personal.read",
        AuditEntry.actor.startswith("person:"),
        AuditEntry.at >= ReportMessage.at,
    )
    return exists().where(
        ReportMessage.report_id == Report.id,
        ReportMessage.author == MessageAuthor.REPORTER,
        *conditions,
        ~was_read,
    )


def _id_in_audit() -> ColumnElement[str]:
    """A report's id as the audit log writes it; SQLite stores the id itself without dashes."""
    digits = func.replace(cast(ReportMessage.report_id, String), "-", "")
    text: ColumnElement[str] = func.substr(digits, 1, 8)
    for start, length in ((9, 4), (13, 4), (17, 4), (21, 12)):
        text = text.concat("-").concat(func.substr(digits, start, length))
    return text


def _note_erasure(
    session: Session, report: Report, action: str, now: datetime
) -> None:
    audit.record_entry(
        session,
        actor=audit.SYSTEM,
        action=action,
        entity="report",
        entity_id=report.id,
        now=now,
    )
