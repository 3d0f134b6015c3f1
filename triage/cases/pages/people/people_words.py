"""What the page of a case's people calls things, in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext

from hotline.intake.registry.questions import Answer
from hotline.intake.registry.vocabulary import (
    AskedFor,
    ContactReader,
    ContactWay,
    Deadline,
    Meeting,
    PaymentWay,
)
from triage.cases.people.contacts import ContactBasis
from triage.cases.people.vocabulary import (
    AgeGroup,
    FactName,
    FactSource,
    Gender,
    IdentifierKind,
    PersonRole,
    Whose,
    YesNo,
)

ROLES: dict[PersonRole, Any] = {
    PersonRole.AFFECTED_CHILD: lazy_gettext("Affected child"),
    PersonRole.REPORTED_PERSON: lazy_gettext("Reported person"),
}

KINDS: dict[IdentifierKind, Any] = {
    IdentifierKind.ACCOUNT: lazy_gettext("Account"),
    IdentifierKind.PHONE: lazy_gettext("Telephone"),
    IdentifierKind.EMAIL: lazy_gettext("E-mail"),
    IdentifierKind.IP_ADDRESS: lazy_gettext("IP address, port and time"),
    IdentifierKind.WALLET: lazy_gettext("Wallet"),
    IdentifierKind.IBAN: lazy_gettext("Bank account (IBAN)"),
    IdentifierKind.MERCHANT: lazy_gettext("Merchant number"),
    IdentifierKind.DEVICE: lazy_gettext("Device"),
    IdentifierKind.OTHER: lazy_gettext("Something else"),
}

OWNERS: dict[Whose, Any] = {
    Whose.REPORTED_PERSON: lazy_gettext("the reported person"),
    Whose.AFFECTED_CHILD: lazy_gettext("the affected child"),
    Whose.UNKNOWN: lazy_gettext("nobody knows"),
}

FACTS: dict[FactName, Any] = {
    FactName.AGE: lazy_gettext("Age in years"),
    FactName.AGE_GROUP: lazy_gettext("Age group"),
    FactName.GENDER: lazy_gettext("Gender"),
    FactName.IS_CHILD: lazy_gettext(
        "Is a child who displayed harmful behaviour"
    ),
    FactName.COUNTRY: lazy_gettext("Country"),
    FactName.MUNICIPALITY: lazy_gettext("Municipality"),
    FactName.RELATION: lazy_gettext("Relation to the others"),
    FactName.WHAT_HAPPENED: lazy_gettext("What happened"),
    FactName.WHEN: lazy_gettext("When"),
    FactName.GOING_ON: lazy_gettext("Is it going on now"),
    FactName.NEXT_MEETING: lazy_gettext("Next meeting"),
    FactName.DEADLINE: lazy_gettext("Deadline"),
    FactName.PLATFORM: lazy_gettext("Platform"),
    FactName.DEMAND: lazy_gettext("Asks for"),
    FactName.PAYMENT: lazy_gettext("Way of payment"),
    FactName.NAME: lazy_gettext("Name"),
}

VALUES: dict[str, object] = {
    AgeGroup.UNDER_4: lazy_gettext("under 4"),
    AgeGroup.FROM_4_TO_9: lazy_gettext("4 to 9"),
    AgeGroup.FROM_10_TO_13: lazy_gettext("10 to 13"),
    AgeGroup.FROM_14_TO_17: lazy_gettext("14 to 17"),
    AgeGroup.ADULT: lazy_gettext("adult"),
    Gender.GIRL_OR_WOMAN: lazy_gettext("girl or woman"),
    Gender.BOY_OR_MAN: lazy_gettext("boy or man"),
    Gender.OTHER: lazy_gettext("other"),
    YesNo.YES: lazy_gettext("yes"),
    YesNo.NO: lazy_gettext("no"),
    **{
        choice: lazy_gettext(choice.words.console)
        for choice in (
            *AskedFor,
            *PaymentWay,
            Meeting.SOON,
            Meeting.SOMETIME,
            Deadline.TODAY,
            Deadline.DAYS,
        )
    },
}

WAYS: dict[ContactWay, Any] = {
    way: lazy_gettext(way.words.console) for way in ContactWay
}

READERS: dict[ContactReader, Any] = {
    reader: lazy_gettext(reader.words.console) for reader in ContactReader
}

CONTACT_BASES: dict[ContactBasis, Any] = {
    ContactBasis.CONSENT: lazy_gettext("with the reporter's consent"),
    ContactBasis.DANGER: lazy_gettext("without consent, because of danger"),
}

ANSWERS: dict[Answer, Any] = {
    answer: lazy_gettext(answer.row.console) for answer in Answer
}


def answer_in_words(answer: Answer, value: str) -> Any:
    """A choice in the reader's language; what was typed as it was typed."""
    if answer.row.choices is None:
        return value
    return lazy_gettext(answer.row.choices(value).words.console)


SOURCES: dict[FactSource, Any] = {
    FactSource.REPORTER: lazy_gettext("the reporter said it"),
    FactSource.ANALYST: lazy_gettext("an analyst found it"),
    FactSource.FILE: lazy_gettext("read from a file's own data"),
    FactSource.PARTNER: lazy_gettext("a partner said it"),
}
