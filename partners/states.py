"""States of what is told to others, and what moves them on: plans to deliveries. All are stored."""

from __future__ import annotations

from enum import StrEnum


class PlanState(StrEnum):
    """What became of a plan of whom to tell."""

    REQUESTED = "requested"
    """One person asks for it; another is to agree."""
    APPROVED = "approved"
    """It was agreed to: referrals and notices came of it."""
    REJECTED = "rejected"
    """Another person refused it."""
    WITHDRAWN = "withdrawn"
    """Whoever asked for it took it back."""
    SUPERSEDED = "superseded"
    """The case changed so that nothing of it is left to do."""


class PlanEvent(StrEnum):
    """What moves a plan from one state to the next."""

    APPROVED = "approved"
    """A second person agreed, or the rules for sure matches did."""
    REJECTED = "rejected"
    """Another person said no."""
    WITHDRAWN = "withdrawn"
    """Whoever asked for it said no."""
    NARROWED = "narrowed"
    """The case changed: some of its routes are no longer open."""
    SUPERSEDED = "superseded"
    """The case changed: none of its routes is open any more."""


class ReferralState(StrEnum):
    """How far a referral to an office has come."""

    APPROVED = "approved"
    """It is to be sent, as soon as the office has a confirmed address."""
    QUEUED = "queued"
    """It is about to leave."""
    DELIVERED = "delivered"
    """The office's side accepted it."""
    ACKNOWLEDGED = "acknowledged"
    """The office says that it has it."""
    TAKEN_UP = "taken_up"
    """The office says that it works on it."""
    NO_ACTION = "no_action"
    """The office says that it does nothing."""
    MORE_WANTED = "more_wanted"
    """The office asks for more before it goes on."""
    CLOSED = "closed"
    """The office says that it is done."""
    FAILED = "failed"
    """It could not be delivered."""
    WITHDRAWN = "withdrawn"
    """The house took it back; whoever had it was told so."""


class ReferralEvent(StrEnum):
    """What moves a referral from one state to the next."""

    QUEUED = "queued"
    """It is sent, sent again, or more is sent."""
    DELIVERED = "delivered"
    """The other side accepted it."""
    TOLD_BY_HAND = "told_by_hand"
    """It could not be sent, and somebody told the office all the same."""
    FAILED = "failed"
    """Sending was given up."""
    ACKNOWLEDGED = "acknowledged"
    """The office confirmed that it has it."""
    TAKEN_UP = "taken_up"
    """The office began to work on it."""
    NO_ACTION = "no_action"
    """The office decided to do nothing."""
    MORE_WANTED = "more_wanted"
    """The office asked something."""
    CLOSED = "closed"
    """The office is done."""
    WITHDRAWN = "withdrawn"
    """The house took it back."""


class DeliveryState(StrEnum):
    """How far one message to one address has come."""

    QUEUED = "queued"
    """It is about to leave."""
    SENDING = "sending"
    """It was tried at least once; nobody has said yet that it was taken."""
    SENT = "sent"
    """The other side accepted it."""
    FAILED = "failed"
    """Sending was given up; a person mends what stands in the way."""
    CANCELLED = "cancelled"
    """It may not leave any more."""


class DeliveryEvent(StrEnum):
    """What moves a delivery from one state to the next."""

    ATTEMPTED = "attempted"
    """A try begins: the first one, or one after a failure or a worker's death."""
    ACCEPTED = "accepted"
    """The other side took it."""
    FAILED = "failed"
    """It was the last try."""
    CANCELLED = "cancelled"
    """Just before it left, it was found that it may not."""
    RETRIED = "retried"
    """A person has mended what stood in the way."""


class Purpose(StrEnum):
    """What a message about a referral or a notice is for."""

    FIRST = "first"
    """It tells of it for the first time."""
    REMINDER = "reminder"
    """It asks for the answer that is due."""
    HEAD = "head"
    """It asks whoever is above an office that does not answer."""
    WITHDRAWAL = "withdrawal"
    """It takes back what was told."""
    LINK = "link"
    """It tells of it again, with another link than before."""


class HoldState(StrEnum):
    """Whether the police want a place left alone."""

    PENDING = "pending"
    """The police do not have the referral yet; the place is left alone until they do."""
    ACTIVE = "active"
    """The police have it, and the clock runs."""
    EXPIRED = "expired"
    """The time is over; the place is left alone until a supervisor decides."""
    RELEASED = "released"
    """The host may be told."""
    CANCELLED = "cancelled"
    """Its referral was withdrawn, and another one's hold took its place."""


class HoldEvent(StrEnum):
    """What moves a hold from one state to the next."""

    STARTED = "started"
    """The police got the referral."""
    EXTENDED = "extended"
    """More time was given."""
    EXPIRED = "expired"
    """The time ran out; nothing is sent automatically."""
    RELEASED = "released"
    """The police, or a supervisor, let the host be told."""
    CANCELLED = "cancelled"
    """The hold of another referral to the police takes its place."""


class NoticeState(StrEnum):
    """How far a notice to a host or another contact has come."""

    AWAITING_RELEASE = "awaiting_release"
    """The police are told first, and may want the place left alone."""
    AWAITING_CONTACT = "awaiting_contact"
    """Nobody confirmed yet that the address is the right one."""
    QUEUED = "queued"
    """It is about to leave."""
    SENT = "sent"
    """The other side accepted it."""
    ACKNOWLEDGED = "acknowledged"
    """The contact has it, or what was gone is there again."""
    CLAIMED_REMOVED = "claimed_removed"
    """The contact says that it is gone; our own checks have not agreed yet."""
    PRESERVED = "preserved"
    """The contact says that it keeps the data for the police."""
    DISPUTED = "disputed"
    """The contact says that it is not theirs, or not illegal."""
    ESCALATED = "escalated"
    """No answer in time: a person decides what is next."""
    VERIFIED_REMOVED = "verified_removed"
    """Our own checks found it gone."""
    FAILED = "failed"
    """It could not be delivered."""
    WITHDRAWN = "withdrawn"
    """The house took it back."""


class NoticeEvent(StrEnum):
    """What moves a notice from one state to the next."""

    RELEASED = "released"
    """Nothing holds it any more."""
    HELD = "held"
    """Just before it left, it was found that it may not."""
    CONTACT_UNCONFIRMED = "contact_unconfirmed"
    """Just before it left, another host was found, which nobody confirmed yet."""
    CONTACT_CONFIRMED = "contact_confirmed"
    """A person confirmed to whom it goes."""
    SENT = "sent"
    """The other side accepted it."""
    TOLD_BY_HAND = "told_by_hand"
    """It could not be sent, and somebody told the contact all the same."""
    FAILED = "failed"
    """Sending was given up."""
    RETRIED = "retried"
    """It is tried again."""
    ACKNOWLEDGED = "acknowledged"
    """The contact confirmed that it has it."""
    CLAIMED_REMOVED = "claimed_removed"
    """The contact says that it is gone."""
    PRESERVED = "preserved"
    """The contact says that it keeps the data."""
    DISPUTED = "disputed"
    """The contact objects."""
    ESCALATED = "escalated"
    """The time for an answer ran out."""
    VERIFIED = "verified"
    """Our own checks agree that it is gone."""
    STILL_UP = "still_up"
    """Our own checks found it where it was said to be gone."""
    REAPPEARED = "reappeared"
    """What was gone is there again."""
    UNTOLD = "untold"
    """It is there again, and nobody had been told: somebody must be."""
    WITHDRAWN = "withdrawn"
    """The house took it back."""
