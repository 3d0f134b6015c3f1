"""Queueing deliveries: one row, one outbox entry, one message id for all tries."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.errors import Conflict
from hotline.core.storage import machine, outbox
from hotline.core.storage.ids import new_id
from partners.channels import mail
from partners.directory.models import Partner
from partners.sending.models import Delivery

REMINDER = "reminder"
HEAD = "head"
"""Purpose of a letter to whoever is above an office."""


def find_address(partner: Partner, purpose: str) -> tuple[str, str]:
    """The channel and the address that such a letter goes by; both confirmed with the partner."""
    if purpose == HEAD:
        return mail.NAME, partner.head_address
    return partner.channel, partner.address


def queue_delivery(
    session: Session,
    *,
    subject: str,
    subject_id: uuid.UUID,
    partner: Partner,
    domain: str,
    now: datetime,
    purpose: str = "first",
    urgent: bool = False,
) -> Delivery:
    """Have ``subject`` (a referral or a notice) sent to ``partner``'s confirmed address."""
    if partner.approved_at is None:
        raise Conflict(f"The address of {partner.name} is not confirmed.")
    delivery_id = new_id()
    channel, address = find_address(partner, purpose)
    delivery = Delivery(
        id=delivery_id,
        subject=subject,
        subject_id=subject_id,
        purpose=purpose,
        partner_id=partner.id,
        partner=partner,
        channel=channel,
        address=address,
        message_id=f"{delivery_id}@{domain}",
        created_at=now,
    )
    machine.begin_state(
        session,
        delivery,
        actor="system",
        now=now,
        subject=subject,
        subject_id=str(subject_id),
        partner=partner.code,
    )
    outbox.post_work(
        session,
        "delivery.attempt",
        key=f"deliver:{delivery.id}",
        payload={"delivery_id": str(delivery.id)},
        now=now,
        queue="urgent" if urgent else "default",
    )
    return delivery


def first_message_id(session: Session, subject_id: uuid.UUID) -> str | None:
    """The first message about the subject that left, so that a later one joins its thread."""
    return session.scalar(
        select(Delivery.message_id)
        .where(
            Delivery.subject_id == subject_id,
            Delivery.purpose == "first",
            Delivery.sent_at.is_not(None),
        )
        .order_by(Delivery.id)
        .limit(1)
    )
