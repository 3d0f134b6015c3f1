"""What left the house about a referral, word for word, sealed under the referral's own key.

A letter is composed anew at each try, with what is known then. What one shows afterwards must not
be composed once more: places move, addresses change, and the office has what it was sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage.ids import new_id
from partners.channels.base import Message
from partners.referrals.models import Referral, ReferralLetter
from partners.sending.models import Delivery

_LETTER = "referral_letter.content"


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that went along, by its name and what it held."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SentLetter:
    """``sent_at`` is None once nothing but the letter itself is remembered of its sending."""

    purpose: str
    address: str
    subject: str
    text: str
    document: Mapping[str, Any]
    attached: tuple[Attached, ...]
    sent_at: datetime | None


def keep_letter(
    act: Act, referral: Referral, delivery: Delivery, message: Message
) -> Message:
    """Keep ``message`` as the one of ``delivery``: of several tries the last is what arrives."""
    vault = act.context.vault
    key = vault.key_for(act.session, referral.id)
    content = {
        "purpose": delivery.purpose,
        "address": message.address,
        "subject": message.subject,
        "text": message.text,
        "document": message.body,
        "attached": [
            asdict(
                Attached(
                    attachment.name,
                    # The digest shows later that a file is the one that went
                    # along; the file itself is made from the case and not kept
                    # twice.
                    hashlib.sha256(attachment.data).hexdigest(),
                )
            )
            for attachment in message.attachments
        ],
    }
    letter = _find_or_add(act.session, referral, delivery)
    letter.content = vault.seal(
        key, _LETTER, referral.id, json.dumps(content, ensure_ascii=False)
    )
    return message


def _find_or_add(
    session: Session, referral: Referral, delivery: Delivery
) -> ReferralLetter:
    # A delivery that failed is tried again with the letter as it would be now.
    kept = session.scalar(
        select(ReferralLetter).where(
            ReferralLetter.referral_id == referral.id,
            ReferralLetter.delivery_id == delivery.id,
        )
    )
    if kept is not None:
        return kept
    letter = ReferralLetter(
        id=new_id(), referral_id=referral.id, delivery_id=delivery.id
    )
    session.add(letter)
    return letter


def list_sent(
    session: Session, context: Context, referral: Referral
) -> Sequence[SentLetter]:
    """Oldest first; none where nothing left, or the referral's key was erased."""
    key = context.vault.key_of(session, referral.id)
    # Erased with the people it tells of: nothing can be opened, here or in a
    # backup.
    if key is None:
        return ()
    # A delivery is forgotten before what it carried: what is left of it did arrive.
    rows = session.execute(
        select(ReferralLetter, Delivery.sent_at)
        .outerjoin(Delivery, Delivery.id == ReferralLetter.delivery_id)
        .where(
            ReferralLetter.referral_id == referral.id,
            or_(Delivery.id.is_(None), Delivery.sent_at.is_not(None)),
        )
        .order_by(ReferralLetter.id)
    )
    vault = context.vault
    return [
        _read_letter(
            vault.open(key, _LETTER, referral.id, letter.content), sent_at
        )
        for letter, sent_at in rows
    ]


def _read_letter(content: str, sent_at: datetime | None) -> SentLetter:
    shape = json.loads(content)
    attached = tuple(Attached(**entry) for entry in shape.pop("attached"))
    return SentLetter(**shape, attached=attached, sent_at=sent_at)
