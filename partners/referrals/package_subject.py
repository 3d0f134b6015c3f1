"""A package of referrals as that which a delivery is about: one letter that lists them, ranked."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.languages import letter_language
from partners.channels.base import Attachment, Message
from partners.letters.wording import sender_name, write_letter
from partners.referrals.message import answer_link, referral_message
from partners.referrals.models import Referral, ReferralPackage
from partners.referrals.subject import ReferralSubject
from partners.sending.models import Delivery
from partners.sending.subject import MayLeave
from partners.states import ReferralState
from triage.jurisdiction import Urgency

SCHEMA = "hotline-referral-package/1"
_RANKS = list(Urgency)


@dataclass(frozen=True, slots=True)
class PackageSubject:
    """What happens to the letter happens to each referral in it."""

    package: ReferralPackage
    parts: tuple[ReferralSubject, ...]

    @classmethod
    def find(cls, session: Session, package_id: uuid.UUID) -> Self:
        referrals = session.scalars(
            select(Referral)
            .where(Referral.package_id == package_id)
            .order_by(Referral.id)
        )
        return cls(
            session.get_one(ReferralPackage, package_id),
            tuple(map(ReferralSubject, referrals)),
        )

    @property
    def case_ids(self) -> frozenset[uuid.UUID]:
        return frozenset(part.referral.case_id for part in self.parts)

    @property
    def is_danger(self) -> bool:
        return any(part.is_danger for part in self.parts)

    def may_leave(self, act: Act, delivery: Delivery) -> MayLeave:  # noqa: ARG002
        return MayLeave.YES if self._standing() else MayLeave.WITHDRAWN

    def message(self, act: Act, delivery: Delivery) -> Message:
        """The list as a letter; each referral with its own letter and document beside it."""
        ranked = sorted(self._standing(), key=_rank)
        messages = {
            referral.reference: referral_message(
                act.session, act.context, referral, delivery, act.now
            )
            for referral in ranked
        }
        settings, partner = act.context.settings, delivery.partner
        language = letter_language(partner.languages, settings.data_dir)
        letter = write_letter(
            "referral_package",
            language,
            settings.data_dir,
            reference=self.package.reference,
            partner=partner.name,
            hotline=sender_name(act.context),
            contact=settings.contact_email,
            referrals=[
                {
                    "reference": referral.reference,
                    "case_reference": referral.case.reference,
                    "urgency": referral.urgency,
                    "due_at": referral.due_at,
                    "danger_now": referral.case.danger_now,
                    "link": answer_link(act.context, referral),
                }
                for referral in ranked
            ],
        )
        return Message(
            message_id=delivery.message_id,
            address=delivery.address,
            subject=letter.subject,
            text=letter.text,
            body={
                "schema": SCHEMA,
                "reference": self.package.reference,
                "referrals": [message.body for message in messages.values()],
            },
            attachments=tuple(
                attachment
                for reference, message in messages.items()
                for attachment in _attach(reference, message)
            ),
            language=language,
        )

    def sent(self, act: Act, delivery: Delivery) -> None:
        for part in self.parts:
            part.sent(act, delivery)

    def put_off(self, act: Act, delivery: Delivery, reason: str) -> None:
        """The next try is all that follows."""

    def failed(self, act: Act) -> None:
        for part in self.parts:
            part.failed(act)

    def retried(self, act: Act) -> None:
        for part in self.parts:
            part.retried(act)

    def _standing(self) -> list[Referral]:
        """Those that nobody withdrew."""
        return [
            part.referral
            for part in self.parts
            if part.referral.state != ReferralState.WITHDRAWN
        ]


def _rank(referral: Referral) -> tuple[bool, int, int, str]:
    """Danger first, then urgency, then the case's priority, then what waits longest."""
    return (
        not referral.case.danger_now,
        _RANKS.index(Urgency(referral.urgency)),
        -referral.case.priority,
        referral.reference,
    )


def _attach(reference: str, message: Message) -> Iterator[Attachment]:
    """A referral's own letter and what belongs to it, named after it."""
    yield Attachment(f"{reference}.txt", "text/plain", message.text.encode())
    for attachment in message.attachments:
        yield replace(attachment, name=f"{reference}.{attachment.name}")
