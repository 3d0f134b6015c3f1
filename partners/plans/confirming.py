"""An address is confirmed by a second person, and what waited for it goes out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import Conflict, phrase
from partners.directory.models import Partner
from partners.directory.service import confirm_address
from partners.notices import contacts as notices
from partners.notices.models import Notice
from partners.referrals import service as referrals
from partners.referrals.models import Referral
from partners.states import NoticeState
from triage.cases.locking import lock_cases

Letters = Sequence[Referral | Notice]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What became of the letters that waited: they are about to leave, or held back after all."""

    leaving: int
    held: int


def list_waiting_letters(session: Session, partner: Partner) -> Letters:
    """What leaves once the address is confirmed, the first letter first; of all cases."""
    return [
        *referrals.list_waiting(session, partner),
        *notices.list_waiting(session, partner),
    ]


def digest_of_question(partner: Partner, letters: Letters) -> str:
    """To know an answer that was given to another address, or about other letters."""
    asked = [
        partner.channel,
        partner.address,
        partner.entered_by,
        partner.head_address,
        partner.head_entered_by,
    ]
    asked += [str(letter.id) for letter in letters]
    return hashlib.sha256("\n".join(asked).encode()).hexdigest()


def confirm_and_send(
    act: Act, partner: Partner, *, seen: str | None = None
) -> Confirmed:
    """Confirm the address and send what waits. ``seen``: the digest of what the person looked at.

    All cases are locked before the partner is changed, as a delivery does that has arrived.
    """
    session = act.session
    # Cases first, and the partner after them, as a delivery does that has
    # arrived: in another order the two would wait for each other.
    lock_cases(
        session,
        referrals.cases_waiting_for(session, partner)
        | notices.cases_waiting_for(session, partner),
    )
    # From here on nobody can change the address that is being confirmed.
    session.refresh(partner, with_for_update=True)
    letters = list_waiting_letters(session, partner)
    if seen is not None and seen != digest_of_question(partner, letters):
        raise Conflict(
            phrase("The address, or what waits for it, has changed."),
            hint=phrase("Look at it again before you confirm it."),
        )
    confirm_address(act, partner)
    referrals_sent = referrals.send_waiting_referrals(act, partner)
    notices_sent = notices.send_waiting_notices(act, partner)
    held = sum(
        notice.state == NoticeState.AWAITING_RELEASE for notice in notices_sent
    )
    return Confirmed(len(referrals_sent) + len(notices_sent) - held, held)
