"""What a report's values may be, beside its kind: who reports, by which way, what became of it.

Where people are shown a value, its words stand beside it, as in ``hotline.intake.registry.kinds``:
English sentences that a page translates. The values are stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from hotline.core.language.words import console_words, public_words


@dataclass(frozen=True, slots=True)
class Words:
    """What the public and the staff read; "" where a value is never shown to them."""

    public: str = ""
    console: str = ""


NO_WORDS = Words()


class WordedEnum(StrEnum):
    """Members are a code and its words: ``PARENT = ("parent", Words(...))``."""

    words: Words

    def __new__(cls, code: str, words: Words = NO_WORDS) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.words = words
        return member


class ReporterRole(WordedEnum):
    """Who reports, as they say themselves."""

    CHILD_SELF = (
        "child_self",
        Words(
            public_words("I am under 18 and it happened to me"),
            console_words("a child, about itself"),
        ),
    )
    CHILD_FRIEND = (
        "child_friend",
        Words(
            public_words("I am under 18 and it is about somebody I know"),
            console_words("a child, about a friend"),
        ),
    )
    ADULT_SELF = (
        "adult_self",
        Words(
            public_words("I am 18 or older, and I am in the picture"),
            console_words("an adult, shown themselves"),
        ),
    )
    PARENT = (
        "parent",
        Words(
            public_words("I am a parent or I look after a child"),
            console_words("a parent"),
        ),
    )
    PROFESSIONAL = (
        "professional",
        Words(
            public_words("I work with children or with the law"),
            console_words("a professional"),
        ),
    )
    PROVIDER = (
        "provider",
        Words(
            public_words("I work for an internet company"),
            console_words("a provider"),
        ),
    )
    PUBLIC = (
        "public",
        Words(
            public_words("I came across it"),
            console_words("a member of the public"),
        ),
    )
    UNKNOWN = (
        "unknown",
        Words(
            public_words("I would rather not say"),
            console_words("not said"),
        ),
    )

    @property
    def is_child(self) -> bool:
        """Whether a child is writing: support comes first then."""
        return self in CHILDREN


CHILDREN = frozenset({ReporterRole.CHILD_SELF, ReporterRole.CHILD_FRIEND})
ADULTS = frozenset(
    {
        ReporterRole.ADULT_SELF,
        ReporterRole.PARENT,
        ReporterRole.PROFESSIONAL,
        ReporterRole.PROVIDER,
    }
)
"""Who said by it that they are no child: a picture of them is none of a child.

Whoever came across something, or would rather not say, may be one all the same.
"""
CARERS = frozenset({ReporterRole.PARENT, ReporterRole.PROFESSIONAL})
"""Who may look after the child that a report is about."""


class SeenZone(WordedEnum):
    """Which time a reporter's clock showed when they saw it, as they choose on the form."""

    HOME = ("home", Words(public_words("The time here (%(zone)s)")))
    UTC = ("utc", Words(public_words("Universal time (UTC)")))
    UNKNOWN = ("unknown", Words(public_words("I do not know the time zone")))


class ContactReader(WordedEnum):
    """To whom a reporter may allow us to give the contact; the codes are those of the routes."""

    POLICE = (
        "police",
        Words(public_words("The police"), console_words("the police")),
    )
    HELPLINE = (
        "helpline",
        Words(
            public_words("A helpline, so that somebody talks with me"),
            console_words("a helpline"),
        ),
    )
    CHILD_PROTECTION = (
        "child_protection_unit",
        Words(
            public_words("The people who protect children where I live"),
            console_words("the child protection unit"),
        ),
    )


class ContactWay(WordedEnum):
    """How a reporter wants to be reached."""

    CALL = ("call", Words(public_words("Call me"), console_words("a call")))
    MESSAGE = (
        "message",
        Words(public_words("Send me a message"), console_words("a message")),
    )
    EMAIL = (
        "email",
        Words(public_words("Send me an e-mail"), console_words("an e-mail")),
    )
    ANY = (
        "any",
        Words(public_words("It does not matter"), console_words("any way")),
    )


class GoingOn(WordedEnum):
    """Whether it still goes on."""

    YES = ("yes", Words(public_words("Yes"), console_words("yes")))
    NO = ("no", Words(public_words("No"), console_words("no")))
    UNKNOWN = (
        "unknown",
        Words(public_words("I do not know"), console_words("not known")),
    )


class Meeting(WordedEnum):
    """Whether the reported person wants to meet the child."""

    SOON = (
        "soon",
        Words(
            public_words("Yes, today or in the next days"),
            console_words("yes, soon"),
        ),
    )
    SOMETIME = (
        "sometime",
        Words(
            public_words("Yes, but there is no day yet"),
            console_words("yes, no day yet"),
        ),
    )
    NO = ("no", Words(public_words("No"), console_words("no")))
    UNKNOWN = (
        "unknown",
        Words(public_words("I do not know"), console_words("not known")),
    )


class Deadline(WordedEnum):
    """Until when something must be paid or sent, as the threat says."""

    TODAY = (
        "today",
        Words(
            public_words("Yes, today or tonight"),
            console_words("today or tonight"),
        ),
    )
    DAYS = (
        "days",
        Words(
            public_words("Yes, in the next days"),
            console_words("in the next days"),
        ),
    )
    NO = ("no", Words(public_words("No"), console_words("no")))
    UNKNOWN = (
        "unknown",
        Words(public_words("I do not know"), console_words("not known")),
    )


class AskedFor(WordedEnum):
    """What the reported person wants: the purpose of an extortion, or of a contact."""

    PICTURES = (
        "pictures",
        Words(
            public_words("Pictures or videos"),
            console_words("pictures or videos"),
        ),
    )
    MONEY = ("money", Words(public_words("Money"), console_words("money")))
    PICTURES_AND_MONEY = (
        "pictures_and_money",
        Words(
            public_words("Both pictures and money"),
            console_words("pictures and money"),
        ),
    )
    MEETING = (
        "meeting",
        Words(public_words("To meet"), console_words("a meeting")),
    )
    OTHER_CHILDREN = (
        "other_children",
        Words(
            public_words("To get to other children"),
            console_words("contact with other children"),
        ),
    )
    SOMETHING_ELSE = (
        "something_else",
        Words(public_words("Something else"), console_words("something else")),
    )


ABOUT_MONEY = frozenset({AskedFor.MONEY, AskedFor.PICTURES_AND_MONEY})


class PaymentWay(WordedEnum):
    """How money is to be paid."""

    WALLET = (
        "wallet",
        Words(
            public_words("With a crypto-currency"),
            console_words("crypto-currency"),
        ),
    )
    BANK = (
        "bank",
        Words(
            public_words("To a bank account"), console_words("bank account")
        ),
    )
    CARD = (
        "card",
        Words(public_words("With a bank card"), console_words("bank card")),
    )
    VOUCHER = (
        "voucher",
        Words(
            public_words("With a gift card or voucher"),
            console_words("gift card or voucher"),
        ),
    )
    PAYPAL = (
        "paypal",
        Words(
            public_words("With PayPal or a service like it"),
            console_words("PayPal or a service like it"),
        ),
    )
    OTHER = (
        "other",
        Words(public_words("In another way"), console_words("in another way")),
    )


class Channel(WordedEnum):
    """By which way a report came in."""

    FORM = ("form", Words(console=console_words("form")))
    API = ("api", Words(console=console_words("API")))
    OPERATOR = ("operator", Words(console=console_words("operator")))
    PARTNER = ("partner", Words(console=console_words("partner")))
    EMAIL = ("email", Words(console=console_words("e-mail")))


FROM_PEOPLE = frozenset({Channel.FORM, Channel.API, Channel.OPERATOR})
"""By which somebody reports for themselves, and is asked who they are."""


class PartKind(StrEnum):
    """What a part of a report is: a location, or the narrative of a report without one."""

    LOCATION = "location"
    NARRATIVE = "narrative"


class MessageAuthor(StrEnum):
    """Who wrote a later message. A reporter never learns which person of the hotline it was."""

    REPORTER = "reporter"
    HOTLINE = "hotline"


class PartState(StrEnum):
    """What became of a part of a report. What its reporter reads of it are ``News``."""

    RECEIVED = "received"
    IN_REVIEW = "in_review"
    PASSED_ON = "passed_on"
    REMOVED = "removed"
    NOT_ILLEGAL = "not_illegal"
    CLOSED = "closed"
    SET_ASIDE = "set_aside"


FINAL_STATES = frozenset(
    {
        PartState.REMOVED,
        PartState.NOT_ILLEGAL,
        PartState.CLOSED,
        PartState.SET_ASIDE,
    }
)
"""Nothing is waited for any more, so the time until texts are forgotten runs."""


class PartEvent(StrEnum):
    """What moves a reported location from one state to the next."""

    EXAMINED = "examined"
    SET_ASIDE = "set_aside"
    REOPENED = "reopened"
    PASSED_ON = "passed_on"
    NOT_ILLEGAL = "not_illegal"
    CLOSED = "closed"
    REMOVED = "removed"
    REAPPEARED = "reappeared"
