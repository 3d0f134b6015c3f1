"""When it is forgotten what an office was told of people: together with the case's people."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.storage import audit
from partners.referrals.models import (
    Referral,
    ReferralLetter,
    ReferralMessage,
)
from triage.cases.models import Case
from triage.cases.people.keeping.forget import BATCH, is_forgotten


def forget_words_of(
    session: Session, context: Context, referral: Referral
) -> None:
    """What the office was told, what it wrote and what it was answered: the key goes first."""
    context.vault.erase(session, referral.id)
    referral.told = None
    for row in (ReferralMessage, ReferralLetter):
        session.execute(delete(row).where(row.referral_id == referral.id))


def forget_told(session: Session, context: Context, *, now: datetime) -> int:
    """Erase the keys of such referrals and their messages; returns how many referrals."""
    has_words = exists().where(ReferralMessage.referral_id == Referral.id)
    has_letter = exists().where(ReferralLetter.referral_id == Referral.id)
    due = session.scalars(
        select(Referral)
        .join(Case, Case.id == Referral.case_id)
        .where(
            is_forgotten(),
            or_(Referral.told.is_not(None), has_words, has_letter),
        )
        .order_by(Referral.id)
        .limit(BATCH)
        .with_for_update(of=Referral)
    ).all()
    for referral in due:
        forget_words_of(session, context, referral)
        audit.record_entry(
            session,
            actor=audit.SYSTEM,
            action="referral.words_forgotten",
            entity="referral",
            entity_id=referral.id,
            now=now,
        )
    return len(due)
