"""What has just happened, in words, from the state of things and never from what was asked for.

"The host is told now" while a hold still stands would be believed, and nobody would look again.
"""

from __future__ import annotations

from flask_babel import gettext, ngettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from partners.directory.models import Partner
from partners.notices.models import Notice
from partners.referrals.holds import is_held
from partners.referrals.models import Hold, Plan, Referral
from partners.states import NoticeState, ReferralState
from triage.cases.machines import DECIDED
from triage.cases.models import Case


def describe_released(session: Session, hold: Hold) -> str:
    """A hold was released: whether a host can be told because of it, and if not, why."""
    waiting = _count_waiting_notices(session, hold)
    case = session.get_one(Case, hold.case_id)
    # Asked after the release, because another hold may have been there all the
    # time.
    if is_held(session, case.id):
        return str(
            gettext(
                "The hold is released. Another hold is still on this case: no host is told yet."
            )
        )
    if not waiting:
        return str(
            gettext("The hold is released. No notice to a host waited for it.")
        )
    if case.state not in DECIDED:
        return str(
            gettext(
                "The hold is released. No host is told while the case is being assessed."
            )
        )
    return str(
        ngettext(
            "The hold is released. One notice leaves as soon as its contact is confirmed.",
            "The hold is released. %(num)s notices leave as soon as their contacts are confirmed.",
            waiting,
        )
    )


def _count_waiting_notices(session: Session, hold: Hold) -> int:
    query = select(func.count(Notice.id)).where(
        Notice.case_id == hold.case_id,
        Notice.state == NoticeState.AWAITING_RELEASE,
    )
    return session.scalar(query) or 0


def describe_approved(session: Session, plan: Plan) -> str:
    """A plan was approved: what is about to leave, and what waits for whom."""
    referrals = session.scalars(
        select(Referral).where(Referral.plan_id == plan.id)
    ).all()
    held = session.scalars(
        select(Notice.id).where(
            Notice.plan_id == plan.id, Notice.needs_release
        )
    ).all()
    sentences = [gettext("The plan is approved.")]
    queued = [
        referral
        for referral in referrals
        if referral.state == ReferralState.QUEUED
    ]
    gathered = sum(referral.leaves_at is not None for referral in queued)
    leaving = len(queued) - gathered
    waiting = sum(
        referral.state == ReferralState.APPROVED for referral in referrals
    )
    if leaving:
        sentences.append(
            gettext("Referrals that leave now: %(count)s.", count=leaving)
        )
    if gathered:
        sentences.append(
            gettext(
                "Referrals that leave later, with others to the same office: %(count)s.",
                count=gathered,
            )
        )
    if waiting:
        sentences.append(
            gettext(
                "Referrals that wait for a confirmed address: %(count)s.",
                count=waiting,
            )
        )
    if held:
        sentences.append(
            gettext(
                "Notices that wait for the police: %(count)s.", count=len(held)
            )
        )
    return " ".join(sentences)


def describe_named(notice: Notice, contact: Partner) -> str:
    """A contact was named: whether the notice goes there."""
    if contact.approved_at is None:
        return str(
            gettext(
                "%(name)s is named. The notice waits until another person has confirmed it.",
                name=contact.name,
            )
        )
    if notice.state == NoticeState.QUEUED:
        return str(gettext("The notice goes to %(name)s.", name=contact.name))
    return str(
        gettext(
            "%(name)s is named. The notice is held: it leaves once nothing holds it any more.",
            name=contact.name,
        )
    )


def describe_withdrawn(referral: Referral) -> str:
    """A referral that an office has was withdrawn: whether the office is told."""
    # Nothing goes to an address that nobody has confirmed, not even this.
    if referral.partner.approved_at is None:
        return str(
            gettext(
                "The referral is withdrawn. The office is not told: its address is not confirmed."
            )
        )
    return str(
        gettext("The referral is withdrawn; a letter tells the office so.")
    )
