"""An address is confirmed, and what waited for it goes out."""

from __future__ import annotations

from hotline.core.act import Act
from partners.directory.models import Partner
from partners.directory.service import confirm_address
from partners.notices import contacts as notices
from partners.referrals import service as referrals
from triage.cases.locking import lock_cases


def confirm_and_send(act: Act, partner: Partner) -> int:
    """Returns how many letters go out.

    All cases are locked before the partner is changed, as a delivery does that has arrived.
    """
    session = act.session
    lock_cases(
        session,
        referrals.cases_waiting_for(session, partner)
        | notices.cases_waiting_for(session, partner),
    )
    confirm_address(act, partner)
    referrals_sent = referrals.send_waiting_referrals(act, partner)
    notices_sent = notices.send_waiting_notices(act, partner)
    return referrals_sent + notices_sent
