"""What an office is told that has not answered, and what the head of it is told.

Neither letter repeats a case. The head's has no links: whoever holds one may release a hold.
"""

from __future__ import annotations

from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.language.languages import letter_language
from partners.channels.base import Message
from partners.letters.wording import address_letter, write_letter
from partners.referrals.gathering import find_first_letter
from partners.referrals.models import Referral
from partners.referrals.telling.message import answer_link
from partners.referrals.telling.sent_letters import keep_letter
from partners.sending.models import Delivery
from partners.states import Purpose, ReferralState
from triage.jurisdiction import Urgency

MOST_LISTED = 100


def reminder_message(
    act: Act, referral: Referral, delivery: Delivery
) -> Message:
    """The reminder to the office itself, or to its head."""
    settings, partner = act.context.settings, delivery.partner
    language = letter_language(partner.languages, settings.data_dir)
    to_head = delivery.purpose == Purpose.HEAD
    letter = write_letter(
        "referral_head" if to_head else "referral_reminder",
        language,
        settings.data_dir,
        reference=referral.reference,
        **address_letter(act.context, partner, language),
        danger_now=referral.case.danger_now,
        referrals=[
            {
                "reference": other.reference,
                "due_at": other.due_at,
                "link": "" if to_head else answer_link(act.context, other),
            }
            for other in _list_unanswered(act, referral, to_head=to_head)
        ],
    )
    message = Message(
        message_id=delivery.message_id,
        address=delivery.address,
        subject=letter.subject,
        text=letter.text,
        body={"reference": referral.reference, "purpose": delivery.purpose},
        language=language,
        thread=None if to_head else find_first_letter(act.session, referral),
        urgent=referral.urgency == Urgency.IMMEDIATE,
    )
    return keep_letter(act, referral, delivery, message)


def _list_unanswered(
    act: Act, referral: Referral, *, to_head: bool
) -> list[Referral]:
    """This one first, and whatever else the office owes an answer to."""
    others = act.session.scalars(
        select(Referral)
        .where(
            Referral.partner_id == referral.partner_id,
            Referral.id != referral.id,
            Referral.state == ReferralState.DELIVERED,
            Referral.due_at <= act.now,
            Referral.reminded > (1 if to_head else 0),
        )
        .order_by(Referral.due_at)
        .limit(MOST_LISTED)
    )
    return [referral, *others]
