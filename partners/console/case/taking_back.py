"""What a person takes back: a referral that an office has, a link that reached the wrong reader."""

from __future__ import annotations

import uuid

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hotline.accounts.signing_in.auth import own_act, requires
from hotline.core.web import site
from partners.console.case import happened
from partners.console.case.of_case import Letter, find_of_case
from partners.notices.models import Notice
from partners.pages import faults_flashed
from partners.plans.links import replace_by_hand
from partners.referrals.following_up import withdrawal
from partners.referrals.models import Referral
from triage.cases.pages.case_views import back_to_case


@requires("referral.withdraw")
def withdraw_referral(
    reference: str, referral_id: uuid.UUID
) -> ResponseReturnValue:
    """One person where it has not left yet; else it waits for another one."""
    reason = request.form.get("reason", "")
    with faults_flashed(), site.writing() as session:
        referral = find_of_case(session, Referral, referral_id, reference)
        if withdrawal.withdraw_referral(own_act(session), referral, reason):
            flash(gettext("The referral is withdrawn."), "good")
        else:
            flash(
                gettext(
                    "The office has it already: another person must agree before it is"
                    " withdrawn."
                ),
                "good",
            )
    return back_to_case(reference)


@requires("referral.withdraw")
def decide_withdrawal(
    reference: str, referral_id: uuid.UUID
) -> ResponseReturnValue:
    """Another person agrees to what was asked for, or it stays."""
    # Whatever else a form says leaves the referral as it is.
    agrees = request.form.get("act") == "agree"
    with faults_flashed(), site.writing() as session:
        referral = find_of_case(session, Referral, referral_id, reference)
        if agrees:
            withdrawal.agree_to_withdrawal(own_act(session), referral)
            flash(happened.describe_withdrawn(referral), "good")
        else:
            withdrawal.refuse_withdrawal(own_act(session), referral)
            flash(gettext("The referral stays as it was."), "good")
    return back_to_case(reference)


@requires("link.replace")
def replace_referral_link(
    reference: str, referral_id: uuid.UUID
) -> ResponseReturnValue:
    return _replace_link(reference, Referral, referral_id)


@requires("link.replace")
def replace_notice_link(
    reference: str, notice_id: uuid.UUID
) -> ResponseReturnValue:
    return _replace_link(reference, Notice, notice_id)


def _replace_link(
    reference: str, kind: type[Letter], letter_id: uuid.UUID
) -> ResponseReturnValue:
    sends = request.form.get("send") == "yes"
    with faults_flashed(), site.writing() as session:
        letter = find_of_case(session, kind, letter_id, reference)
        replace_by_hand(
            own_act(session),
            letter,
            reason=request.form.get("reason", ""),
            sends=sends,
        )
        flash(
            gettext(
                "The old link opens nothing any more. A letter with the new one leaves now."
            )
            if sends
            else gettext(
                "The old link opens nothing any more. The next letter carries a new one."
            ),
            "good",
        )
    return back_to_case(reference)
