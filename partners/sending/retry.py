"""A person has mended what stood in the way: a delivery that failed goes out again."""

from __future__ import annotations

from hotline.core.act import Act
from hotline.core.errors import Conflict
from partners.sending.models import Delivery
from partners.sending.service import find_address
from partners.sending.subject import Subject
from triage.cases.locking import lock_cases


def retry_delivery(act: Act, delivery: Delivery, subject: Subject) -> None:
    """Queue it anew under its old message id, so that a receiver who has it can tell."""
    lock_cases(act.session, subject.case_ids)
    partner = delivery.partner
    if partner.approved_at is None or partner.channel == "none":
        raise Conflict(
            f"The address of {partner.name} is not confirmed.",
            hint="Confirm it first.",
        )
    act.advance(delivery, "retried")
    delivery.channel, delivery.address = find_address(
        partner, delivery.purpose
    )
    if delivery.purpose == "first":
        subject.retried(act)
    act.post(
        "delivery.attempt",
        key=f"deliver:{delivery.id}:{act.now.isoformat()}",
        payload={"delivery_id": str(delivery.id)},
        queue="urgent",
    )
