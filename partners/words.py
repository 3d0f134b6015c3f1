"""What pages call the things of this package. Slugs are stored, words are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString

from partners.channels.base import NO_CHANNEL, channel_kinds
from partners.directory.kinds import KIND_NAMES
from partners.directory.territory import Coverage
from partners.duty.states import Way
from partners.manual.vocabulary import OTHER, ManualWay, Outcome
from partners.referrals.telling.told import AFFECTED_ADULT, CHILD_WHO_ACTED
from partners.referrals.vocabulary import OfficeOutcome
from partners.states import (
    DeliveryState,
    HoldState,
    NoticeState,
    Purpose,
    ReferralState,
)
from partners.watching.models import WatchState
from triage.availability.model import VerdictName
from triage.cases.pages import words as words_of_cases
from triage.cases.pages.evidence.looked import FAILURES
from triage.cases.pages.people.people_words import ROLES
from triage.jurisdiction import Destination

Words = Mapping[str, LazyString]
"""A stored slug -> how the pages call it, in the reader's language."""
_COUNTS = re.compile(r"(?P<counted>\d+) of (?P<checks>\d+)(?P<rest> looks .*)")

NOTICE_STATES: Words = {
    NoticeState.AWAITING_RELEASE: lazy_gettext(
        "Waits for the police's release"
    ),
    NoticeState.AWAITING_CONTACT: lazy_gettext(
        "Waits for a confirmed contact"
    ),
    NoticeState.QUEUED: lazy_gettext("About to leave"),
    NoticeState.SENT: lazy_gettext("Sent"),
    NoticeState.ACKNOWLEDGED: lazy_gettext("Acknowledged"),
    NoticeState.CLAIMED_REMOVED: lazy_gettext(
        "Said to be removed; being checked"
    ),
    NoticeState.PRESERVED: lazy_gettext("Data preserved"),
    NoticeState.DISPUTED: lazy_gettext("Disputed"),
    NoticeState.ESCALATED: lazy_gettext("No answer; a person decides"),
    NoticeState.VERIFIED_REMOVED: lazy_gettext("Removal verified"),
    NoticeState.FAILED: lazy_gettext("Could not be delivered"),
    NoticeState.WITHDRAWN: lazy_gettext("Withdrawn"),
}

REFERRAL_STATES: Words = {
    ReferralState.APPROVED: lazy_gettext("Waits for a confirmed address"),
    ReferralState.QUEUED: lazy_gettext("About to leave"),
    ReferralState.DELIVERED: lazy_gettext("Delivered"),
    ReferralState.ACKNOWLEDGED: lazy_gettext("Acknowledged"),
    ReferralState.TAKEN_UP: lazy_gettext("Taken up"),
    ReferralState.NO_ACTION: lazy_gettext("No action"),
    ReferralState.MORE_WANTED: lazy_gettext("More information wanted"),
    ReferralState.CLOSED: lazy_gettext("Closed"),
    ReferralState.FAILED: lazy_gettext("Could not be delivered"),
    ReferralState.WITHDRAWN: lazy_gettext("Withdrawn"),
}

HOLD_STATES: Words = {
    HoldState.PENDING: lazy_gettext("Held until the police have the referral"),
    HoldState.ACTIVE: lazy_gettext("Held by the police"),
    HoldState.EXPIRED: lazy_gettext("Deadline passed; still held"),
    HoldState.RELEASED: lazy_gettext("Released"),
    HoldState.CANCELLED: lazy_gettext("Cancelled"),
}

DELIVERY_STATES: Words = {
    DeliveryState.QUEUED: lazy_gettext("waiting to leave"),
    DeliveryState.SENDING: lazy_gettext("being sent"),
    DeliveryState.SENT: lazy_gettext("accepted by the other side"),
    DeliveryState.FAILED: lazy_gettext("failed"),
    DeliveryState.CANCELLED: lazy_gettext("did not leave"),
}

PURPOSES: Words = {
    Purpose.FIRST: lazy_gettext("First message"),
    Purpose.REMINDER: lazy_gettext("Reminder"),
    Purpose.HEAD: lazy_gettext("Reminder to the head of the office"),
    Purpose.WITHDRAWAL: lazy_gettext("Withdrawal"),
    Purpose.LINK: lazy_gettext("Sent again with a new link"),
}

WATCH_STATES: Words = {
    WatchState.WATCHING: lazy_gettext("Watched"),
    WatchState.REMOVED: lazy_gettext("Removed; watched for a return"),
    WatchState.ENDED: lazy_gettext("No longer watched"),
}

MANUAL_WAYS: Words = {
    ManualWay.TELEPHONE: lazy_gettext("By telephone"),
    ManualWay.PORTAL: lazy_gettext("On their own pages"),
    ManualWay.LETTER: lazy_gettext("By letter"),
    ManualWay.MEETING: lazy_gettext("In person"),
}

OUTCOMES: Words = {
    Outcome.TOLD: lazy_gettext("They are told"),
    Outcome.NOT_REACHED: lazy_gettext("Nobody was reached; to be tried again"),
    Outcome.NOT_NEEDED: lazy_gettext("It is not needed"),
}

WAYS: Words = {
    Way.EMAIL: lazy_gettext("E-mail"),
    Way.SMS: lazy_gettext("SMS"),
    Way.PUSH: lazy_gettext("Push message"),
}

TOLD_PEOPLE: Words = {
    **{str(role): words for role, words in ROLES.items()},
    CHILD_WHO_ACTED: lazy_gettext("Child who displayed harmful behaviour"),
    AFFECTED_ADULT: lazy_gettext("Affected adult"),
}
"""As letters call those whom they are about."""

ATTENTION: Words = {
    "duty_alert.open": lazy_gettext(
        "A child may be in danger now, and nobody has taken it yet"
    ),
    "case.awaits_call": lazy_gettext(
        "A child is in danger, and the police are to be telephoned"
    ),
    "held.danger": lazy_gettext(
        "Held as a possible flood: a child is said to be in danger now"
    ),
    "reporter.wrote": lazy_gettext(
        "A reporter wrote something that nobody has read yet"
    ),
    "reporter.reported": lazy_gettext(
        "A further report says something that nobody has read yet"
    ),
    "plan.requested": lazy_gettext("A plan waits for approval"),
    "hold.expired": lazy_gettext(
        "A police hold is past its deadline; it still holds"
    ),
    "hold.orphaned": lazy_gettext(
        "A referral to the police was withdrawn; its hold still holds"
    ),
    "referral.withdrawal_asked": lazy_gettext(
        "Somebody asks to withdraw a referral that an office has"
    ),
    "referral.approved": lazy_gettext(
        "A referral waits for a confirmed address"
    ),
    "referral.failed": lazy_gettext("A referral could not be delivered"),
    "referral.more_wanted": lazy_gettext("The office wants to know more"),
    "route.by_hand": lazy_gettext(
        "Something is to be done by hand, and nobody has recorded it"
    ),
    "referral.unanswered": lazy_gettext(
        "The office does not answer, and reminders have not helped"
    ),
    "notice.held_by_nobody": lazy_gettext(
        "A notice was held back and nobody was asked to release it: ask for a plan"
    ),
    "notice.awaiting_contact": lazy_gettext(
        "A notice waits for a confirmed contact"
    ),
    "notice.failed": lazy_gettext("A notice could not be delivered"),
    "notice.disputed": lazy_gettext("The host disputes the notice"),
    "notice.escalated": lazy_gettext("The host does not answer"),
    "watch.unclear": lazy_gettext(
        "Whether it is still there cannot be told by machine"
    ),
}

# Why a plan, or a route of it, does not stand any more; as ``partners.plans.making.basis`` says it.
PLAN_CHANGES: Words = {
    "the case was opened again": lazy_gettext("the case was opened again"),
    "the routes of the case have changed": lazy_gettext(
        "the routes of the case have changed"
    ),
    "the rules do not name it any more": lazy_gettext(
        "the rules do not name it any more"
    ),
    "it may leave only after the police have released it now": lazy_gettext(
        "it may leave only after the police have released it now"
    ),
    "it was told meanwhile": lazy_gettext("it was told meanwhile"),
}

VERDICTS: Words = {
    VerdictName.ONLINE: lazy_gettext("still there"),
    VerdictName.REMOVED: lazy_gettext("removed"),
    VerdictName.GONE: lazy_gettext("gone"),
    VerdictName.SOFT_404: lazy_gettext("gone (error page)"),
    VerdictName.LOGIN_WALL: lazy_gettext("behind a sign-in"),
    VerdictName.BLOCKED_HERE: lazy_gettext("we are kept out"),
    VerdictName.GEO_BLOCKED: lazy_gettext("kept from our country"),
    VerdictName.MOVED: lazy_gettext("moved"),
    VerdictName.HOST_DOWN: lazy_gettext("host does not answer"),
    VerdictName.UNKNOWN: lazy_gettext("not known"),
}

# The provider's answers: (what it says, what its own words are for).
PROVIDER_VERBS: Mapping[str, tuple[LazyString, LazyString]] = {
    "acknowledge": (
        lazy_gettext("We have received it"),
        lazy_gettext("Nothing more is needed for now."),
    ),
    "removed": (
        lazy_gettext("It is removed"),
        lazy_gettext(
            "When and how, and your statement of reasons if you gave one."
        ),
    ),
    "preserved": (
        lazy_gettext("Data is preserved for the police"),
        lazy_gettext("Which data, and how the police can ask for it."),
    ),
    "not_ours": (
        lazy_gettext("It is not ours"),
        lazy_gettext("Please say whose it is, if you know."),
    ),
    "not_illegal": (
        lazy_gettext("We think that it is lawful"),
        lazy_gettext("Please say why; another analyst will look again."),
    ),
    "question": (
        lazy_gettext("We have a question"),
        lazy_gettext("Please ask."),
    ),
}

REFERRAL_VERBS: Words = {
    "acknowledge": lazy_gettext("We have received it"),
    "take_up": lazy_gettext("We take it up"),
    "no_action": lazy_gettext("We will not act"),
    "want_more": lazy_gettext("We need more information"),
    "close": lazy_gettext("It is closed"),
}

OFFICE_OUTCOMES: Words = {
    OfficeOutcome.TAKEN_UP: lazy_gettext("It was taken up"),
    OfficeOutcome.NO_ACTION: lazy_gettext("Nothing was done"),
    OfficeOutcome.CHILD_FOUND: lazy_gettext("The child was found"),
    OfficeOutcome.PERSON_IDENTIFIED: lazy_gettext(
        "The reported person was identified"
    ),
    OfficeOutcome.PROSECUTED: lazy_gettext("It was brought to court"),
    OfficeOutcome.PLAN_MADE: lazy_gettext("A plan for the child was made"),
    OfficeOutcome.SUPPORTED: lazy_gettext("The child or family gets help"),
    OfficeOutcome.CHILD_SAFE: lazy_gettext("The child is safe"),
    OfficeOutcome.NOT_FOUND: lazy_gettext("The child was not found"),
    OfficeOutcome.DECLINED: lazy_gettext("Help was offered and not wanted"),
    OfficeOutcome.PASSED_ON: lazy_gettext(
        "It went to another office, which is responsible"
    ),
    OfficeOutcome.THANKS: lazy_gettext("Thanks to those who worked on it"),
}

PARTNER_KINDS: Words = {
    kind: lazy_gettext(name) for kind, name in KIND_NAMES.items()
}

COVERAGE: Words = {
    Coverage.HERE: lazy_gettext("for the child's municipality"),
    Coverage.COUNTRY: lazy_gettext("for the whole country"),
    Coverage.ELSEWHERE: lazy_gettext("for other municipalities"),
    Coverage.UNKNOWN: lazy_gettext("for some municipalities"),
}

NOTICE_KINDS: Words = {
    Destination.PROVIDER_NOTICE: lazy_gettext("Notice to the host"),
    Destination.CDN_NOTICE: lazy_gettext("Notice to the delivery network"),
    Destination.PLATFORM: lazy_gettext("Notice to the platform"),
    Destination.PRESERVATION_REQUEST: lazy_gettext("Preservation request"),
}

# What is wrong with a field of the pages that partners fill in, by its JSON pointer.
FAULTS: Words = {
    "/verb": lazy_gettext("Choose one of the answers."),
    "/outcome": lazy_gettext("Choose from the list."),
    "/text": lazy_gettext("Please say more, in at most 4000 characters."),
    "/reason": lazy_gettext("Say why."),
    "/officer_reference": lazy_gettext("Give your own reference."),
    "/deadline": lazy_gettext("Choose a time within the next 90 days."),
    "/confirm": lazy_gettext("Tick the box to confirm."),
}
# By the stored word: a state that several things have looks the same on each of them.
TONES: Mapping[str, str] = {
    NoticeState.FAILED: "danger",
    NoticeState.ESCALATED: "danger",
    HoldState.EXPIRED: "danger",
    NoticeState.DISPUTED: "warn",
    NoticeState.AWAITING_CONTACT: "warn",
    ReferralState.APPROVED: "warn",
    ReferralState.MORE_WANTED: "warn",
    HoldState.ACTIVE: "warn",
    HoldState.PENDING: "warn",
    NoticeState.VERIFIED_REMOVED: "good",
    HoldState.RELEASED: "good",
    ReferralState.TAKEN_UP: "good",
    WatchState.REMOVED: "good",
}


def word_for(words: Words, slug: str) -> str:
    """The word for a slug; the slug in plain letters where there is none."""
    return str(words[slug]) if slug in words else slug.replace("_", " ")


def name_route(route_id: str) -> str:
    """Who is told by a route that is done by hand, also by one that no rule names."""
    if route_id == OTHER:
        return str(gettext("Somebody else (the note says who)"))
    return words_of_cases.name_route(route_id)


def say_look(reason: str) -> str:
    """What a look at a location showed; its record holds the English sentence, counts filled in."""
    counts = _COUNTS.fullmatch(reason)
    if counts is None:
        return str(gettext(reason)) if reason else ""
    template = f"%(counted)s of %(checks)s{counts['rest']}"
    return str(
        gettext(template, counted=counts["counted"], checks=counts["checks"])
    )


def name_failure(code: str) -> str:
    """Why a look saw nothing, as the page of the case says it."""
    return word_for(FAILURES, code)


def channel_label(name: str) -> str:
    """How the pages call a channel; the stored name of one that is no longer there."""
    if name == NO_CHANNEL:
        return str(gettext("None yet"))
    kind = channel_kinds().get(name)
    return str(kind.label) if kind is not None else name


def tone(slug: str) -> str:
    """The colour of a state's badge."""
    return TONES.get(slug, "")
