"""A package of referrals as a message: one letter that lists them, ranked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hotline.core.act import Act
from hotline.core.language.languages import letter_language
from partners.channels.base import Attachment, Message
from partners.letters.wording import address_letter, write_letter
from partners.referrals.models import Referral, ReferralPackage
from partners.referrals.telling.message import (
    answer_link,
    kind_in_words,
    referral_message,
)
from partners.sending.models import Delivery
from triage.jurisdiction import Urgency

SCHEMA = "hotline-referral-package/1"
_RANKS = list(Urgency)


def package_message(
    act: Act,
    package: ReferralPackage,
    referrals: Sequence[Referral],
    delivery: Delivery,
) -> Message:
    """The list as a letter; each referral with its own letter and document beside it."""
    ranked = sorted(referrals, key=_rank)
    messages = {
        referral.reference: referral_message(act, referral, delivery)
        for referral in ranked
    }
    settings, partner = act.context.settings, delivery.partner
    language = letter_language(partner.languages, settings.data_dir)
    letter = write_letter(
        "referral_package",
        language,
        settings.data_dir,
        reference=package.reference,
        **address_letter(act.context, partner, language),
        referrals=[
            _list_entry(act, referral, language) for referral in ranked
        ],
    )
    return Message(
        message_id=delivery.message_id,
        address=delivery.address,
        subject=letter.subject,
        text=letter.text,
        body={
            "schema": SCHEMA,
            "reference": package.reference,
            "referrals": [message.body for message in messages.values()],
        },
        attachments=tuple(
            attachment
            for reference, message in messages.items()
            for attachment in _attach(reference, message)
        ),
        language=language,
    )


def _list_entry(
    act: Act, referral: Referral, language: str
) -> dict[str, object]:
    """What the list says of one referral: its kind, and nothing more of what it is about."""
    return {
        "kind_of_report": kind_in_words(act.context, referral.case, language),
        "reference": referral.reference,
        "case_reference": referral.case.reference,
        "urgency": referral.urgency,
        "due_at": referral.due_at,
        "danger_now": referral.case.danger_now,
        "link": answer_link(act.context, referral),
    }


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
