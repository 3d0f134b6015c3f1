"""The words between an office and the hotline about one referral, both ways, sealed."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, phrase
from hotline.core.storage.ids import new_id
from hotline.intake.values import clean_text
from partners.referrals.models import Referral, ReferralMessage

LONGEST_MESSAGE = 4000
_TEXT = "referral_message.text"


@dataclass(frozen=True, slots=True)
class Said:
    """One message, opened. ``actor`` is who wrote it, as the log calls them."""

    at: datetime
    is_ours: bool
    actor: str
    text: str


def write_message(
    act: Act, referral: Referral, text: str, *, is_ours: bool
) -> None:
    """Keep a message. Raises ``InvalidInput`` for an empty or an endless one."""
    text = clean_text(text)
    if not 1 <= len(text) <= LONGEST_MESSAGE:
        reason = phrase("Write 1 to 4000 characters.")
        raise InvalidInput(reason, fields={"/text": reason})
    message = ReferralMessage(
        id=new_id(),
        referral_id=referral.id,
        at=act.now,
        is_ours=is_ours,
        actor=act.actor,
    )
    vault = act.context.vault
    key = vault.key_for(act.session, referral.id)
    # Sealed to its own place: no message can be put in the place of another.
    message.text = vault.seal(key, _where(message.id), referral.id, text)
    act.session.add(message)


def list_messages(
    session: Session, context: Context, referral_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[Said]]:
    """By referral, oldest first; none where the referral's key was erased."""
    said: dict[uuid.UUID, list[Said]] = {at: [] for at in referral_ids}
    if not said:
        return said
    rows = session.scalars(
        select(ReferralMessage)
        .where(ReferralMessage.referral_id.in_(said))
        .order_by(ReferralMessage.at, ReferralMessage.id)
    ).all()
    if not rows:
        return said
    keys = context.vault.keys_of(session, {row.referral_id for row in rows})
    for row in rows:
        key = keys.get(row.referral_id)
        if key is None:
            continue
        text = context.vault.open(
            key, _where(row.id), row.referral_id, row.text
        )
        said[row.referral_id].append(
            Said(row.at, row.is_ours, row.actor, text)
        )
    return said


def _where(message_id: uuid.UUID) -> str:
    return f"{_TEXT}:{message_id}"
