"""Reminders: a notice whose time is over is said once more, in the same thread, then escalated."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.storage import machine
from hotline.core.storage.machine import HistoryEntry
from partners.notices.judging import may_leave
from partners.notices.models import OPEN, Notice
from partners.notices.service import queue_letter
from partners.sending.models import Delivery
from partners.states import NoticeEvent, Purpose
from triage.cases.models import Case

# A host gets this many reminders, this far apart; then a person decides on the next step.
REMINDERS = 2
INTERVAL = timedelta(hours=24)


def send_reminders(session: Session, context: Context, now: datetime) -> int:
    """Remind of, or escalate, the notices whose deadline passed; returns how many.

    A case that somebody is busy with is left for the next time.
    """
    overdue = session.scalars(
        select(Notice)
        .join(Case, Case.id == Notice.case_id)
        .where(Notice.state.in_(OPEN), Notice.due_at <= now)
        .order_by(Notice.due_at)
        .limit(100)
        .with_for_update(skip_locked=True, of=(Case, Notice))
    ).all()
    for notice in overdue:
        _remind_or_escalate(session, context, notice, now)
    return len(overdue)


def _remind_or_escalate(
    session: Session, context: Context, notice: Notice, now: datetime
) -> None:
    notice.due_at = now + INTERVAL
    if not may_leave(session, context, notice, now):
        return
    due = _count_reminders(session, notice) < REMINDERS
    if due and notice.partner is not None and notice.partner.approved_at:
        notice.link_expires_at = now + timedelta(
            days=context.settings.notice_link_days
        )
        queue_letter(
            session,
            context,
            notice,
            notice.partner,
            now=now,
            purpose=Purpose.REMINDER,
        )
        return
    notice.due_at = None
    if notice.machine.allows(notice.state, NoticeEvent.ESCALATED):
        machine.advance_state(
            session,
            notice,
            NoticeEvent.ESCALATED,
            actor="scheduler",
            now=now,
            why="no answer after the reminders",
        )


def _count_reminders(session: Session, notice: Notice) -> int:
    """Reminders so far; those from before it appeared again are of another story."""
    again = session.scalar(
        select(func.max(HistoryEntry.at)).where(
            HistoryEntry.entity_id == notice.id,
            HistoryEntry.event == NoticeEvent.REAPPEARED,
        )
    )
    query = (
        select(func.count())
        .select_from(Delivery)
        .where(
            Delivery.subject_id == notice.id,
            Delivery.purpose == Purpose.REMINDER,
        )
    )
    if again is not None:
        query = query.where(Delivery.created_at >= again)
    return session.scalar(query) or 0
