"""Links of letters are replaced: by hand, or because the address that they went to was changed."""

from __future__ import annotations

from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput, phrase
from hotline.intake.values import clean_reason
from partners.directory.models import Partner
from partners.directory.service import set_contact
from partners.notices import service as notices
from partners.notices.models import Notice
from partners.referrals import service as referrals
from partners.referrals.models import Referral
from partners.replaced_links import replace_link
from partners.sending.service import queue_delivery
from partners.states import NoticeState, Purpose, ReferralState
from triage.cases.locking import lock_case, lock_cases

WITHDRAWN = (ReferralState.WITHDRAWN, NoticeState.WITHDRAWN)


def change_contact(
    act: Act, partner: Partner, *, channel: str, address: str
) -> bool:
    """Change how a partner is reached. Whoever reads at the old address can use no link any more.

    All cases are locked before the partner is changed. Returns whether it is another contact.
    """
    lock_cases(
        act.session,
        {letter.case_id for letter in _list_linked(act.session, partner)},
    )
    # Links to the same address stay: a form that was saved unchanged must not
    # cut off an office.
    if not set_contact(act, partner, channel=channel, address=address):
        return False
    for letter in _list_linked(act.session, partner):
        _replace(act, letter, "the address was changed")
    return True


def replace_by_hand(
    act: Act, letter: Referral | Notice, *, reason: str, sends: bool
) -> None:
    """A link that reached the wrong reader dies. ``sends``: a letter with the new one goes out."""
    lock_case(act.session, letter.case_id)
    reason = clean_reason(reason)
    if not reason:
        missing = phrase("Say why the link is replaced.")
        raise InvalidInput(missing, fields={"/reason": missing})
    if letter.link_mac is None or letter.state in WITHDRAWN:
        raise Conflict(phrase("There is no link that could be replaced."))
    _replace(act, letter, reason)
    if sends:
        _send_anew(act, letter)


def _replace(act: Act, letter: Referral | Notice, reason: str) -> None:
    replace_link(act, letter.machine.name, letter, reason=reason)


def _send_anew(act: Act, letter: Referral | Notice) -> None:
    """The letter goes out again with its new link, to the address that is confirmed now."""
    if letter.partner is None or letter.partner.approved_at is None:
        raise Conflict(phrase("There is no confirmed address to send it to."))
    queue_delivery(
        act,
        subject=letter.machine.name,
        subject_id=letter.id,
        partner=letter.partner,
        purpose=Purpose.LINK,
        urgent=True,
    )


def _list_linked(
    session: Session, partner: Partner
) -> list[Referral | Notice]:
    return [
        *referrals.list_linked(session, partner),
        *notices.list_linked(session, partner),
    ]
