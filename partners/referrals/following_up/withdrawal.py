"""Taking a referral back: by one person while it has not left, by two once an office has it.

The link dies, and whoever got the letter is told. A hold stays: that a letter is taken back must
let no host be told. It ends by a person's release, or by the hold of another referral.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput, phrase
from hotline.core.language.languages import letter_language
from hotline.core.second_person import require_another
from hotline.intake.values import clean_reason
from partners.channels.base import Message
from partners.letters import wording
from partners.letters.clock import format_stamp
from partners.referrals.gathering import find_first_letter
from partners.referrals.models import Referral
from partners.referrals.telling.sent_letters import keep_letter
from partners.sending.models import Delivery
from partners.sending.service import queue_delivery
from partners.states import Purpose, ReferralEvent
from triage.cases.locking import lock_case

SCHEMA = "hotline-referral-withdrawal/1"
LONGEST_REASON = 1000


def withdraw_referral(act: Act, referral: Referral, reason: str) -> bool:
    """Take a referral back, or ask for it where it has left already; True if it is taken back."""
    lock_case(act.session, referral.case_id)
    reason = clean_reason(reason, LONGEST_REASON)
    if not reason:
        missing = phrase("Say why the referral is withdrawn.")
        raise InvalidInput(missing, fields={"/reason": missing})
    # Refused here already where its state does not allow it, so that nobody is
    # asked to agree in vain.
    referral.machine.next_state(referral.state, ReferralEvent.WITHDRAWN)
    if referral.withdrawal_asked_by:
        raise Conflict(phrase("This waits for another person already."))
    if act.context.settings.second_person and _has_left(act.session, referral):
        referral.withdrawal_asked_by = act.actor
        referral.withdrawal_reason = reason
        _record(act, referral, "referral.withdrawal_asked")
        return False
    referral.withdrawal_reason = reason
    _withdraw(act, referral)
    return True


def agree_to_withdrawal(act: Act, referral: Referral) -> None:
    """A second person wants it taken back as well."""
    lock_case(act.session, referral.case_id)
    if not referral.withdrawal_asked_by:
        raise Conflict(phrase("Nobody asks for this any more."))
    require_another(act, referral.withdrawal_asked_by)
    _withdraw(act, referral)


def refuse_withdrawal(act: Act, referral: Referral) -> None:
    """It stays; one person is enough for that."""
    lock_case(act.session, referral.case_id)
    if not referral.withdrawal_asked_by:
        raise Conflict(phrase("Nobody asks for this any more."))
    _record(act, referral, "referral.withdrawal_refused")
    referral.withdrawal_asked_by, referral.withdrawal_reason = "", ""


def tell_of_withdrawal(act: Act, referral: Referral) -> None:
    """A short letter to whoever got the first one; to no address that was changed meanwhile."""
    if referral.partner.approved_at is None:
        return
    queue_delivery(
        act,
        subject="referral",
        subject_id=referral.id,
        partner=referral.partner,
        purpose=Purpose.WITHDRAWAL,
        urgent=True,
    )


def withdrawal_message(
    act: Act, referral: Referral, delivery: Delivery
) -> Message:
    """The letter that says so, in the office's language; it tells nothing of the case."""
    settings = act.context.settings
    language = letter_language(delivery.partner.languages, settings.data_dir)
    letter = wording.write_letter(
        "referral_withdrawal",
        language,
        settings.data_dir,
        reference=referral.reference,
        case_reference=referral.case.reference,
        **wording.address_letter(act.context, delivery.partner, language),
        reason=referral.withdrawal_reason,
        is_police=referral.kind == "police",
    )
    message = Message(
        message_id=delivery.message_id,
        address=delivery.address,
        subject=letter.subject,
        text=letter.text,
        body={
            "schema": SCHEMA,
            "reference": referral.reference,
            "case_reference": referral.case.reference,
            "withdrawn_at": format_stamp(referral.state_since),
            "reason": referral.withdrawal_reason,
        },
        language=language,
        thread=find_first_letter(act.session, referral),
        urgent=True,
    )
    return keep_letter(act, referral, delivery, message)


def _has_left(session: Session, referral: Referral) -> bool:
    return find_first_letter(session, referral) is not None


def _withdraw(act: Act, referral: Referral) -> None:
    asked_by, referral.withdrawal_asked_by = referral.withdrawal_asked_by, ""
    act.advance(
        referral,
        ReferralEvent.WITHDRAWN,
        reason=referral.withdrawal_reason,
        asked_by=asked_by or act.actor,
    )
    if _has_left(act.session, referral):
        tell_of_withdrawal(act, referral)


def _record(act: Act, referral: Referral, action: str) -> None:
    act.record(
        action, "referral", referral.id, reason=referral.withdrawal_reason
    )
