"""The words for people and what leads to them. Every value is stored."""

from __future__ import annotations

from enum import StrEnum

from hotline.intake.registry.vocabulary import AskedFor, PaymentWay


class IdentifierKind(StrEnum):
    """What can lead to a person."""

    ACCOUNT = "account"
    """A name or number on a platform."""
    PHONE = "phone"
    EMAIL = "email"
    IP_ADDRESS = "ip"
    """An address that somebody used; with port and time where they are known."""
    WALLET = "wallet"
    """An address of a crypto-currency."""
    IBAN = "iban"
    MERCHANT = "merchant"
    """A seller's number with a payment provider or a bank of cards."""
    DEVICE = "device"
    """A device, user or advertising number that a platform or provider gave."""
    OTHER = "other"
    """A voucher, a card, a vehicle's plate: what fits nothing above."""


class PersonRole(StrEnum):
    """What a person is in a case."""

    AFFECTED_CHILD = "affected_child"
    REPORTED_PERSON = "reported_person"


class Whose(StrEnum):
    """To whom an identifier leads."""

    REPORTED_PERSON = "reported_person"
    AFFECTED_CHILD = "affected_child"
    UNKNOWN = "unknown"


class FactName(StrEnum):
    """What can be known of a person. One value each; a new one takes the place of the old."""

    AGE = "age"
    """In years, at the time of the report."""
    AGE_GROUP = "age_group"
    GENDER = "gender"
    IS_CHILD = "is_child"
    """Of the reported person: a child who displayed harmful behaviour."""
    COUNTRY = "country"
    MUNICIPALITY = "municipality"
    RELATION = "relation"
    """To the other person: teacher, stranger on a platform, parent."""
    WHAT_HAPPENED = "what_happened"
    WHEN = "when"
    GOING_ON = "going_on"
    NEXT_MEETING = "next_meeting"
    DEADLINE = "deadline"
    """When a threat runs out."""
    PLATFORM = "platform"
    """Where the reported person is met, also where nobody knows under which name."""
    DEMAND = "demand"
    """What the reported person wants: an ``AskedFor``."""
    PAYMENT = "payment"
    """How money is to be paid: a ``PaymentWay``."""
    NAME = "name"


class AgeGroup(StrEnum):
    """The groups of the assessment's question on age."""

    UNDER_4 = "under_4"
    FROM_4_TO_9 = "4_to_9"
    FROM_10_TO_13 = "10_to_13"
    FROM_14_TO_17 = "14_to_17"
    ADULT = "adult"


class Gender(StrEnum):
    GIRL_OR_WOMAN = "female"
    BOY_OR_MAN = "male"
    OTHER = "other"


class YesNo(StrEnum):
    YES = "yes"
    NO = "no"


class FactSource(StrEnum):
    """Who said so."""

    REPORTER = "reporter"
    ANALYST = "analyst"
    FILE = "file"
    """Read from a picture's or document's own data, never from what it shows."""
    PARTNER = "partner"


CHOICES: dict[FactName, type[StrEnum]] = {
    FactName.AGE_GROUP: AgeGroup,
    FactName.GENDER: Gender,
    FactName.IS_CHILD: YesNo,
    FactName.GOING_ON: YesNo,
    FactName.DEMAND: AskedFor,
    FactName.PAYMENT: PaymentWay,
}
"""Facts whose value is one of a few words; the others are written out."""
