"""Queueing deliveries, at first and again: one row, and one message id for all tries."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import Conflict, phrase
from hotline.core.jobs.names import JobName
from hotline.core.storage.ids import new_id
from partners.channels.base import NO_CHANNEL
from partners.directory.models import Partner
from partners.sending.attempt import Subject, find_address
from partners.sending.models import Delivery
from partners.states import DeliveryEvent, Purpose
from triage.cases.locking import lock_cases


def queue_delivery(
    act: Act,
    *,
    subject: str,
    subject_id: uuid.UUID,
    partner: Partner,
    purpose: Purpose = Purpose.FIRST,
    urgent: bool = False,
) -> Delivery:
    """Have ``subject`` (a referral or a notice) sent to ``partner``'s confirmed address."""
    # The last place before something leaves: no caller has to remember it.
    if partner.approved_at is None:
        raise Conflict(
            phrase("The address of %(name)s is not confirmed."),
            values={"name": partner.name},
        )
    delivery_id = new_id()
    domain = act.context.settings.hotline_domain
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
        created_at=act.now,
    )
    act.begin(
        delivery,
        subject=subject,
        subject_id=str(subject_id),
        partner=partner.code,
    )
    act.post(
        JobName.DELIVERY_ATTEMPT,
        key=f"deliver:{delivery.id}",
        payload={"delivery_id": str(delivery.id)},
        queue="urgent" if urgent else "default",
    )
    return delivery


def retry_delivery(act: Act, delivery: Delivery, subject: Subject) -> None:
    """A person has mended what stood in the way of a delivery that failed.

    It keeps its message id, so that a receiver who has it can tell.
    """
    lock_cases(act.session, subject.case_ids)
    partner = delivery.partner
    if partner.approved_at is None or partner.channel == NO_CHANNEL:
        raise Conflict(
            phrase("The address of %(name)s is not confirmed."),
            values={"name": partner.name},
            hint=phrase("Confirm it first."),
        )
    act.advance(delivery, DeliveryEvent.RETRIED)
    # The address may be what was mended.
    delivery.channel, delivery.address = find_address(
        partner, delivery.purpose
    )
    if delivery.purpose == Purpose.FIRST:
        subject.retried(act)
    act.post(
        JobName.DELIVERY_ATTEMPT,
        # The key of the first round is taken for ever: a new round needs one of its own.
        key=f"deliver:{delivery.id}:{act.now.isoformat()}",
        payload={"delivery_id": str(delivery.id)},
        queue="urgent",
    )


def first_message_id(session: Session, subject_id: uuid.UUID) -> str | None:
    """The first message about the subject that left, so that a later one joins its thread."""
    return session.scalar(
        select(Delivery.message_id)
        .where(
            Delivery.subject_id == subject_id,
            Delivery.purpose == Purpose.FIRST,
            Delivery.sent_at.is_not(None),
        )
        .order_by(Delivery.id)
        .limit(1)
    )
