"""What is forgotten, and when. Counts and states stay; texts, contacts and receipts go."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Exists,
    String,
    and_,
    cast,
    delete,
    exists,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from hotline.core.context import Context
from hotline.core.datafiles.periods import Sort, load_periods
from hotline.core.settings import Settings
from hotline.core.storage import audit
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.database import delete_some
from hotline.intake.mentions import forget_mentions
from hotline.intake.models import (
    Draft,
    IdempotencyKey,
    Report,
    ReportMessage,
    ReportPart,
    SpentProof,
)
from hotline.intake.registry.vocabulary import FINAL_STATES, MessageAuthor

BATCH = 200
"""Rows of one transaction, so that no writer waits long; callers go on until nothing is due."""
COUNTED = 1_000
"""What waits is counted up to here: a page must not walk over all reports."""

Since = Callable[[datetime], ColumnElement[bool]]
"""Of a ``Report`` in the query: whether something happened with it since a moment."""


def _nothing_since(_: datetime) -> ColumnElement[bool]:
    return false()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Reports whose time is over and that are still there; counted up to ``COUNTED`` each.

    ``unread``: because nobody opened what their reporter wrote last.
    """

    due: int
    unread: int


def forget_all_due(
    context: Context,
    *,
    now: datetime,
    happened: Since = _nothing_since,
    progress: Callable[[dict[str, int]], None] = lambda _: None,
) -> dict[str, int]:
    """Everything that is due, in as many short transactions as it takes; what -> how many.

    Each transaction is committed before the next one begins, so that a run that is stopped loses
    nothing and the next run goes on from there. ``progress`` hears the sums after each of them.
    """
    sums: dict[str, int] = {}
    while True:
        # Short, as whoever reports must not wait for the end of a long
        # erasure.
        with context.database.writing() as session:
            counts = forget_due(session, context, now=now, happened=happened)
        for name, count in counts.items():
            sums[name] = sums.get(name, 0) + count
        if not any(counts.values()):
            return sums
        progress(sums)


def count_waiting(
    session: Session,
    settings: Settings,
    *,
    now: datetime,
    happened: Since = _nothing_since,
) -> Waiting:
    """What is due to be erased, and what is held back and until when at the latest.

    Words that nobody read hold a report for the period ``unread_words`` more, and no longer.
    """
    before = now - load_periods(settings)[Sort.REPORT_WORDS].length
    is_over = (Report.erased_at.is_(None), *_is_over(before, happened))
    held = _is_held(settings, before)

    def count(*conditions: ColumnElement[bool]) -> int:
        some = select(Report.id).where(*conditions).limit(COUNTED).subquery()
        query = select(func.count()).select_from(some)
        return session.scalar(query) or 0

    # The same conditions as those of the erasing, so that the figure says what
    # it will do.
    return Waiting(due=count(*is_over, ~held), unread=count(*is_over, held))


def forget_due(
    session: Session,
    context: Context,
    *,
    now: datetime,
    happened: Since = _nothing_since,
) -> dict[str, int]:
    """Everything that is due, at most ``BATCH`` of each sort; what -> how many.

    ``happened`` tells of acts that only upper floors know: a report's clock runs from the last.
    """
    return {
        "contacts": erase_contacts(
            session, context, now=now, happened=happened
        ),
        "reports": erase_reports(session, context, now=now, happened=happened),
        **{
            name: delete_some(
                session, model, model.expires_at <= now, limit=BATCH
            )
            for name, model in (
                ("idempotency_keys", IdempotencyKey),
                ("drafts", Draft),
                ("spent_proofs", SpentProof),
            )
        },
    }


def erase_contacts(
    session: Session,
    context: Context,
    *,
    now: datetime,
    happened: Since = _nothing_since,
) -> int:
    """Forget how to reach the reporters of reports that are closed for long enough."""
    before = now - load_periods(context.settings)[Sort.CONTACT].length
    due = _lock_due(
        session, context, before, happened, Report.contact.is_not(None)
    )
    for report in due:
        report.contact = report.contact_terms = None
        report.contact_erased_at = now
        _note_erasure(session, report, "report.contact_erased", now)
    return len(due)


def erase_reports(
    session: Session,
    context: Context,
    *,
    now: datetime,
    happened: Since = _nothing_since,
) -> int:
    """Destroy the keys of reports that are closed for long enough: crypto-erasure.

    Sealed columns are emptied as well, and the receipt is put out of use, so that an expired code
    looks like one that never was.
    """
    before = now - load_periods(context.settings)[Sort.REPORT_WORDS].length
    due = _lock_due(
        session, context, before, happened, Report.erased_at.is_(None)
    )
    for report in due:
        erase_report(session, context, report, now)
    return len(due)


def erase_report(
    session: Session, context: Context, report: Report, now: datetime
) -> None:
    """One report, whose time the caller knows to be over, or whose owner asked for it."""
    context.vault.erase(session, report.id)
    session.execute(
        delete(ReportMessage).where(ReportMessage.report_id == report.id)
    )
    forget_mentions(session, report)
    report.narrative = report.answers = report.seen_at = None
    report.contact = report.contact_terms = None
    # Random instead of empty: the column is unique, and no code leads to it.
    report.receipt_mac = secrets.token_bytes(32)
    report.erased_at = now
    report.contact_erased_at = report.contact_erased_at or now
    for part in report.parts:
        part.text = None
    _note_erasure(session, report, "report.erased", now)


def _lock_due(
    session: Session,
    context: Context,
    before: datetime,
    happened: Since,
    *conditions: ColumnElement[bool],
) -> Sequence[Report]:
    """Reports with which nothing happened since ``before``, on either side, locked.

    Words that nobody read hold a report back, until they are too old for that as well. Whoever
    writes a message locks its report first.
    """
    is_due = (
        *_is_over(before, happened),
        *conditions,
        ~_is_held(context.settings, before),
    )
    chosen = session.scalars(
        select(Report.id)
        .where(*is_due)
        .order_by(Report.id)
        .limit(BATCH)
        # A report that somebody is writing to waits for the next run.
        .with_for_update(of=Report, skip_locked=True)
    ).all()
    # A message that was written while these were being chosen is seen by this
    # second look, behind the locks; one that comes later finds an erased
    # report.
    return session.scalars(
        select(Report)
        .where(Report.id.in_(chosen), *is_due)
        .order_by(Report.id)
        # What the session read before the locks may be out of date.
        .execution_options(populate_existing=True)
    ).all()


def _is_held(settings: Settings, before: datetime) -> ColumnElement[bool]:
    """Words that nobody read, and that are not yet too old to be waited for."""
    longer = load_periods(settings)[Sort.UNREAD_WORDS].length
    return _has_unread_words(ReportMessage.at > before - longer)


def _is_over(
    before: datetime, happened: Since
) -> tuple[ColumnElement[bool], ...]:
    """All parts have been final, and nobody has written or done anything, since ``before``."""
    still_moving = exists().where(
        ReportPart.report_id == Report.id,
        ReportPart.state.not_in(FINAL_STATES)
        | (ReportPart.state_since > before),
    )
    still_writing = exists().where(
        ReportMessage.report_id == Report.id, ReportMessage.at > before
    )
    return (
        Report.received_at <= before,
        ~still_moving,
        ~still_writing,
        ~happened(before),
    )


def _has_unread_words(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """The reporter wrote something, and no person has opened the report's words since."""
    return exists().where(
        ReportMessage.report_id == Report.id, is_unread(), *conditions
    )


def is_unread() -> ColumnElement[bool]:
    """Of a ``ReportMessage`` in the query: a reporter's, and no person has opened it since."""
    was_read = _is_read(ReportMessage.report_id)
    return and_(
        ReportMessage.author == MessageAuthor.REPORTER,
        ~was_read.where(AuditEntry.at >= ReportMessage.at),
    )


def says_what_nobody_read() -> ColumnElement[bool]:
    """Of a ``Report`` in the query: it has words or answers, and no person has opened them."""
    says = or_(Report.narrative.is_not(None), Report.answers.is_not(None))
    return and_(says, Report.erased_at.is_(None), ~_is_read(Report.id))


def _is_read(report_id: InstrumentedAttribute[uuid.UUID]) -> Exists:
    return exists().where(
        AuditEntry.entity_id == _id_in_audit(report_id),
        AuditEntry.action == "personal.read",
        # The service itself opens words as well, and understands none of them.
        AuditEntry.actor.startswith("person:"),
    )


def _id_in_audit(
    report_id: InstrumentedAttribute[uuid.UUID],
) -> ColumnElement[str]:
    """A report's id as the audit log writes it; SQLite stores the id itself without dashes."""
    digits = func.replace(cast(report_id, String), "-", "")
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
