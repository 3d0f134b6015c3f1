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
from partners.referrals.withdrawal import (
    tell_of_withdrawal,
    withdrawal_message,
)
from partners.sending.models import Delivery
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
    def case_id(self) -> uuid.UUID:
        return self.referral.case_id

    @property
    def is_danger(self) -> bool:
        return self.referral.urgency == "immediate"

    def may_leave(self, act: Act, delivery: Delivery) -> MayLeave:  # noqa: ARG002
        is_withdrawn = self.referral.state == ReferralState.WITHDRAWN
        if is_withdrawn and delivery.purpose != "withdrawal":
            return MayLeave.WITHDRAWN
        return MayLeave.YES

    def message(self, act: Act, delivery: Delivery) -> Message:
        if delivery.purpose == "withdrawal":
            return withdrawal_message(
                act.context, act.session, self.referral, delivery
            )
        return referral_message(
            act.session, act.context, self.referral, delivery, act.now
        )

    def sent(self, act: Act, delivery: Delivery) -> None:  # noqa: ARG002
        """What was withdrawn while it was on its way has been read all the same."""
        if self.referral.state == ReferralState.WITHDRAWN:
            tell_of_withdrawal(act, self.referral)
            return
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
