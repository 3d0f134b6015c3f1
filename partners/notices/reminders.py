"""Reminders: a notice whose time is over is said once more, in the same thread, then escalated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage.machine import HistoryEntry
from partners.notices.judging import may_leave
from partners.notices.models import OPEN, Notice
from partners.notices.service import queue_letter
from partners.sending.chasing import chase_overdue
from partners.sending.models import Delivery
from partners.states import NoticeEvent, Purpose

# A host gets this many reminders, this far apart; then a person decides on the next step.
REMINDERS = 2
INTERVAL = timedelta(hours=24)


def send_reminders(session: Session, context: Context, now: datetime) -> int:
    """Remind of, or escalate, the notices whose deadline passed; returns how many."""
    return chase_overdue(
        session,
        context,
        Notice,
        ChasedNotice,
        states=OPEN,
        clock=Notice.due_at,
        case_id=Notice.case_id,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class ChasedNotice:
    """A notice that a host has not answered, or not enough."""

    notice: Notice

    @property
    def rungs(self) -> Sequence[Purpose]:
        return (Purpose.REMINDER,) * REMINDERS

    def may_write(self, act: Act) -> bool:
        return may_leave(act.session, act.context, self.notice, act.now)

    def count_letters(self, act: Act) -> int:
        """Those from before it appeared again are of another story."""
        again = act.session.scalar(
            select(func.max(HistoryEntry.at)).where(
                HistoryEntry.entity_id == self.notice.id,
                HistoryEntry.event == NoticeEvent.REAPPEARED,
            )
        )
        query = (
            select(func.count())
            .select_from(Delivery)
            .where(
                Delivery.subject_id == self.notice.id,
                Delivery.purpose == Purpose.REMINDER,
            )
        )
        if again is not None:
            query = query.where(Delivery.created_at >= again)
        return act.session.scalar(query) or 0

    def write(self, act: Act, purpose: Purpose) -> bool:
        notice, partner = self.notice, self.notice.partner
        if partner is None or not partner.approved_at:
            return False
        days = act.context.settings.notice_link_days
        # A reminder whose link has ended could not be answered.
        notice.link_expires_at = act.now + timedelta(days=days)
        queue_letter(
            act.session,
            act.context,
            notice,
            partner,
            now=act.now,
            purpose=purpose,
        )
        return True

    def wait(self, act: Act) -> None:
        self.notice.due_at = act.now + INTERVAL

    def escalate(self, act: Act) -> None:
        # From here on it is a person's to decide, and no clock's.
        self.notice.due_at = None
        if self.notice.machine.allows(
            self.notice.state, NoticeEvent.ESCALATED
        ):
            act.advance(
                self.notice,
                NoticeEvent.ESCALATED,
                why="no answer after the reminders",
            )
