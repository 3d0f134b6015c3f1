"""What makes words of the codes in the details of the log, for what this package records.

By the name of a detail; "thing.name" and "thing.act.name" narrow it.
"""

from __future__ import annotations

from flask_babel import lazy_gettext

from partners import words
from partners.console.office.duty import name_days
from partners.sending.attempt import MayLeave
from partners.words import Words
from triage.cases.pages.words import ROUTES
from triage.console.audit.detail_values import say_from, say_typed
from triage.console.audit.details import Sayers

KEPT_BACK: Words = {
    MayLeave.WITHDRAWN: lazy_gettext("it was withdrawn"),
    MayLeave.OVERTAKEN: lazy_gettext("it was overtaken"),
    MayLeave.HELD: lazy_gettext("it was held back"),
}
NOT_YET: Words = {
    "no contact is known": lazy_gettext("no contact is known"),
    "nobody confirmed the contact yet": lazy_gettext(
        "nobody confirmed the contact yet"
    ),
    "no answer after the reminders": lazy_gettext(
        "no answer after the reminders"
    ),
    "the address is not confirmed": lazy_gettext(
        "the address is not confirmed"
    ),
}
"""What the service itself writes where a letter cannot leave or is not answered."""
NEW_LINK: Words = {
    "another contact": lazy_gettext("another contact"),
    "the address was changed": lazy_gettext("the address was changed"),
}


def _say_day(code: str) -> str:
    return name_days().get(code, code)


PARTNERS_SAYERS: Sayers = {
    "case.because": words.say_look,
    "delivery.reason": say_typed(KEPT_BACK),
    "duty.days": _say_day,
    "duty.way": say_from(words.WAYS),
    "duty.ways": say_from(words.WAYS),
    "duty_alert.ways": say_from(words.WAYS),
    "link.reason": say_typed(NEW_LINK),
    "manual.outcome": say_from(words.OUTCOMES),
    "manual.route": words.name_route,
    "manual.way": say_from(words.MANUAL_WAYS),
    "notice.kind": say_from(words.NOTICE_KINDS),
    "notice.verb": say_from(
        {verb: said for verb, (said, _) in words.PROVIDER_VERBS.items()}
    ),
    "notice.why": say_typed(NOT_YET),
    "partner.channel": words.channel_label,
    "partner.kind": say_from(words.PARTNER_KINDS),
    "plan.left_out.reason": say_typed(words.PLAN_CHANGES),
    "plan.reason": say_typed(words.PLAN_CHANGES),
    "plan.routes": say_from(ROUTES),
    "plan.told_again": say_from(ROUTES),
    "plan.without_police": say_from(ROUTES),
    "referral.added": say_from(words.OFFICE_OUTCOMES),
    "referral.kind": say_from(ROUTES),
    "referral.taken_back": say_from(words.OFFICE_OUTCOMES),
    "referral.why": say_typed(NOT_YET),
}
