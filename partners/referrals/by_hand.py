"""A referral to an office that we cannot write to: somebody told it all the same."""

from __future__ import annotations

from hotline.core.act import Act
from partners.manual.service import Told, record_act
from partners.manual.vocabulary import Outcome
from partners.referrals.following_up.deadlines import find_due_time
from partners.referrals.holds import begin_clocks
from partners.referrals.models import Referral
from partners.states import ReferralEvent
from triage.cases.locking import lock_case


def note_told(act: Act, referral: Referral, told: Told) -> None:
    """Record it. An office that was told has it: a police hold begins, and so does its deadline."""
    lock_case(act.session, referral.case_id)
    record_act(act, referral.case, told, also=(told.route,))
    if told.outcome != Outcome.TOLD:
        return
    act.advance(referral, ReferralEvent.TOLD_BY_HAND)
    # What the office itself wrote on its page counts more than what somebody
    # heard on the telephone.
    if told.number and not referral.their_reference:
        referral.their_reference = " ".join(told.number.split())[:120]
    referral.due_at = find_due_time(
        act.context.country, referral.urgency, act.now
    )
    begin_clocks(act, referral)
