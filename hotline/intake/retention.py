"""What is forgotten, and when. Counts and states stay; texts, contacts and receipts go."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.storage import audit
from hotline.intake.models import (
    Draft,
    IdempotencyKey,
    Report,
    ReportMessage,
    ReportPart,
    SpentProof,
)
from hotline.intake.vocabulary import FINAL_STATES

BATCH = 1_000
"""Reports of one run; the schedule calls again, and no transaction grows without bound."""


def forget_due(session: Session, context: Context, *, now: datetime) -> dict[str, int]:
    """Everything that is due, at most ``BATCH`` reports of each sort; what -> how many."""
    keys = session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.expires_at <= now)
    )
    drafts = session.execute(delete(Draft).where(Draft.expires_at <= now))
    proofs = session.execute(delete(SpentProof).where(SpentProof.expires_at <= now))
    return {
        "contacts": erase_contacts(session, context, now=now),
        "reports": erase_reports(session, context, now=now),
        "idempotency_keys": int(getattr(keys, "rowcount", 0)),
        "drafts": int(getattr(drafts, "rowcount", 0)),
        "spent_proofs": int(getattr(proofs, "rowcount", 0)),
    }


def erase_contacts(session: Session, context: Context, *, now: datetime) -> int:
    """Forget how to reach the reporters of reports that are closed for long enough."""
    before = now - timedelta(days=context.settings.retention_contact_days)
    due = _due(session, before, Report.contact.is_not(None))
    for report in due:
        report.contact, report.contact_erased_at = None, now
        _note(session, report, "report.contact_erased", now)
    return len(due)


def erase_reports(session: Session, context: Context, *, now: datetime) -> int:
    """Destroy the keys of reports that are closed for long enough: crypto-erasure.

    Sealed columns are emptied as well, and the receipt is put out of use, so that an expired code
    looks like one that never was.
    """
    before = now - timedelta(days=context.settings.retention_report_days)
    due = _due(session, before, Report.erased_at.is_(None))
    for report in due:
        context.vault.erase(session, report.id)
        session.execute(
            delete(ReportMessage).where(ReportMessage.report_id == report.id)
        )
        report.narrative = report.contact = None
        report.receipt_mac = secrets.token_bytes(32)
        report.erased_at = now
        report.contact_erased_at = report.contact_erased_at or now
        for part in report.parts:
            part.text = None
        _note(session, report, "report.erased", now)
    return len(due)


def _due(
    session: Session, before: datetime, *conditions: ColumnElement[bool]
) -> Sequence[Report]:
    """Reports all of whose parts have been in a final state since ``before``."""
    still_moving = exists().where(
        ReportPart.report_id == Report.id,
        ReportPart.state.not_in(FINAL_STATES) | (ReportPart.state_since > before),
    )
    return session.scalars(
        select(Report)
        .where(Report.received_at <= before, *conditions, ~still_moving)
        .order_by(Report.id)
        .limit(BATCH)
    ).all()


def _note(session: Session, report: Report, action: str, now: datetime) -> None:
    audit.record(
        session,
        actor=audit.SYSTEM,
        action=action,
        entity="report",
        entity_id=report.id,
        now=now,
    )
