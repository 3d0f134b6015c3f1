"""Who else is told of a case: for the letter, so that offices can speak with each other of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from partners.referrals.models import NOT_DELIVERED, Referral
from partners.states import ReferralState


@dataclass(frozen=True, slots=True)
class OtherReferral:
    """What one office may know of another's referral: that it is there, never what is in it."""

    kind: str
    reference: str
    is_sent: bool


def list_others(session: Session, referral: Referral) -> list[OtherReferral]:
    """The other referrals of the same case, in order of their references; not those taken back."""
    rows = session.scalars(
        select(Referral)
        .where(
            Referral.case_id == referral.case_id,
            Referral.id != referral.id,
            Referral.state != ReferralState.WITHDRAWN,
        )
        # A letter that is written again has the same words in the same order.
        .order_by(Referral.reference)
    )
    return [
        OtherReferral(row.kind, row.reference, row.state not in NOT_DELIVERED)
        for row in rows
    ]
