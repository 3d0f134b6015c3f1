"""An office that does not answer a referral: reminded, then its head is, then a supervisor here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from partners.channels import mail
from partners.referrals.following_up.deadlines import find_next_step
from partners.referrals.gathering import PAUSE, find_last_letter
from partners.referrals.models import Referral
from partners.sending.chasing import chase_overdue
from partners.sending.models import Delivery
from partners.sending.service import queue_delivery
from partners.states import Purpose, ReferralState
from triage.cases.examination.danger import post_danger
from triage.jurisdiction import Urgency

UNANSWERED = (ReferralState.DELIVERED,)


def chase_referrals(session: Session, context: Context, now: datetime) -> int:
    """Go one step further with each that is overdue; returns how many."""
    return chase_overdue(
        session,
        context,
        Referral,
        ChasedReferral,
        states=UNANSWERED,
        clock=Referral.chase_at,
        case_id=Referral.case_id,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class ChasedReferral:
    """A referral to which the office has said nothing at all."""

    referral: Referral

    @property
    def rungs(self) -> Sequence[Purpose]:
        return (Purpose.REMINDER, Purpose.HEAD)

    def may_write(self, act: Act) -> bool:
        """Not so soon after another letter to this office, unless a child is in danger."""
        # A letter of this very moment is the one that names this referral,
        # too.
        if self._is_danger or self._is_told_now(act, self.rungs):
            return True
        last = find_last_letter(act.session, self.referral.partner_id)
        if last is None or last + PAUSE <= act.now:
            return True
        self.referral.chase_at = last + PAUSE
        return False

    def count_letters(self, act: Act) -> int:  # noqa: ARG002  (counted on the referral)
        return self.referral.reminded

    def write(self, act: Act, purpose: Purpose) -> bool:
        """A machine is not reminded; a person above it may be.

        One letter names all that the office has not answered, so that one a moment is enough.
        """
        partner = self.referral.partner
        by_mail = partner.channel == mail.NAME
        is_there = (
            bool(partner.head_address) if purpose == Purpose.HEAD else by_mail
        )
        if partner.approved_at is None or not is_there:
            return False
        # Where a letter of this moment names it already, the rung counts as
        # climbed all the same.
        self.referral.reminded = self.rungs.index(purpose) + 1
        if not self._is_danger and self._is_told_now(act, (purpose,)):
            return True
        queue_delivery(
            act,
            subject="referral",
            subject_id=self.referral.id,
            partner=partner,
            purpose=purpose,
            urgent=self._is_danger,
        )
        return True

    @property
    def _is_danger(self) -> bool:
        return self.referral.urgency == Urgency.IMMEDIATE

    def _is_told_now(self, act: Act, purposes: Sequence[Purpose]) -> bool:
        """Whether another referral of this round has such a letter written to the office."""
        # The letter of the referral before may not be in the database yet.
        act.session.flush()
        written = select(Delivery.id).where(
            Delivery.partner_id == self.referral.partner_id,
            Delivery.purpose.in_(purposes),
            Delivery.created_at == act.now,
        )
        return act.session.scalar(written.limit(1)) is not None

    def wait(self, act: Act) -> None:
        self.referral.chase_at = find_next_step(
            act.context.country, self.referral.urgency, act.now
        )

    def escalate(self, act: Act) -> None:
        """It stands under what is to decide; where a child is in danger, somebody is woken."""
        referral = self.referral
        referral.chase_at, referral.escalated_at = None, act.now
        act.record(
            "referral.unanswered",
            "referral",
            referral.id,
            reference=referral.reference,
        )
        if self._is_danger:
            post_danger(act.session, referral.case, act.now)
