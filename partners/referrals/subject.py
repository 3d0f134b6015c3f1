"""A referral as that which a delivery is about."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Self

from sqlalchemy.orm import Session

from hotline.core.act import Act
from partners.channels.base import Message
from partners.referrals import service
from partners.referrals.message import referral_message
from partners.referrals.models import Referral
from partners.referrals.reminder_letters import reminder_message
from partners.sending.models import Delivery
from partners.sending.service import HEAD, REMINDER
from partners.sending.subject import MayLeave
from partners.states import ReferralEvent, ReferralState


@dataclass(frozen=True, slots=True)
class ReferralSubject:
    """No hold stops a referral: the police and others are to know."""

    referral: Referral

    @classmethod
    def find(cls, session: Session, referral_id: uuid.UUID) -> Self:
        return cls(session.get_one(Referral, referral_id))

    @property
    def case_ids(self) -> frozenset[uuid.UUID]:
        return frozenset((self.referral.case_id,))

    @property
    def is_danger(self) -> bool:
        return self.referral.urgency == "immediate"

    def may_leave(self, act: Act, delivery: Delivery) -> MayLeave:  # noqa: ARG002
        """A reminder leaves only while nobody has answered."""
        if self.referral.state == ReferralState.WITHDRAWN:
            return MayLeave.WITHDRAWN
        is_reminder = delivery.purpose in (REMINDER, HEAD)
        if is_reminder and self.referral.state != ReferralState.DELIVERED:
            return MayLeave.OVERTAKEN
        return MayLeave.YES

    def message(self, act: Act, delivery: Delivery) -> Message:
        if delivery.purpose in (REMINDER, HEAD):
            return reminder_message(act, self.referral, delivery)
        return referral_message(
            act.session, act.context, self.referral, delivery, act.now
        )

    def sent(self, act: Act, delivery: Delivery) -> None:  # noqa: ARG002
        service.note_delivery(
            act.session, act.context, self.referral, now=act.now
        )

    def put_off(self, act: Act, delivery: Delivery, reason: str) -> None:
        """The next try is all that follows."""

    def failed(self, act: Act) -> None:
        self._advance_if_allowed(act, ReferralEvent.FAILED)

    def retried(self, act: Act) -> None:
        self._advance_if_allowed(act, ReferralEvent.QUEUED)

    def _advance_if_allowed(self, act: Act, event: str) -> None:
        if self.referral.machine.allows(self.referral.state, event):
            act.advance(self.referral, event)
