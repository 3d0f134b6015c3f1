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
    """The referrals of the same case to other offices, in order of their references.

    Those that were taken back are not among them.
    """
    rows = session.scalars(
        select(Referral)
        .where(
            Referral.case_id == referral.case_id,
            Referral.partner_id != referral.partner_id,
            Referral.state != ReferralState.WITHDRAWN,
        )
        # A letter that is written again has the same words in the same order.
        .order_by(Referral.reference)
    )
    return [
        OtherReferral(row.kind, row.reference, row.state not in NOT_DELIVERED)
        for row in rows
    ]


def list_earlier(session: Session, referral: Referral) -> list[str]:
    """What this office was told of the case before, by reference; not what was taken back."""
    query = select(Referral.reference).where(
        Referral.case_id == referral.case_id,
        Referral.partner_id == referral.partner_id,
        Referral.id < referral.id,
        Referral.state.not_in((*NOT_DELIVERED, ReferralState.WITHDRAWN)),
    )
    return list(session.scalars(query.order_by(Referral.reference)))
