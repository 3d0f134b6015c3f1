"""A person has mended what stood in the way: a delivery that failed goes out again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.core.errors import Conflict
from hotline.core.storage import machine, outbox
from partners.notices.models import Notice
from partners.referrals.models import Referral
from partners.sending.models import Delivery

AGAIN = {"notice": "retried", "referral": "queued"}


def retry_delivery(
    session: Session, delivery: Delivery, *, actor: str, now: datetime
) -> None:
    """Queue it anew under its old message id, so that a receiver who has it can tell."""
    partner = delivery.partner
    if partner.approved_at is None or partner.channel == "none":
        raise Conflict(
            f"The address of {partner.name} is not confirmed.",
            hint="Confirm it first.",
        )
    machine.advance_state(session, delivery, "retried", actor=actor, now=now)
    delivery.channel, delivery.address = partner.channel, partner.address
    subject: Notice | Referral
    if delivery.subject == "notice":
        subject = session.get_one(Notice, delivery.subject_id)
    else:
        subject = session.get_one(Referral, delivery.subject_id)
    event = AGAIN[delivery.subject]
    if delivery.purpose == "first" and subject.machine.allows(
        subject.state, event
    ):
        machine.advance_state(session, subject, event, actor=actor, now=now)
    outbox.post_work(
        session,
        "delivery.attempt",
        key=f"deliver:{delivery.id}:{now.isoformat()}",
        payload={"delivery_id": str(delivery.id)},
        now=now,
        queue="urgent",
    )
