"""Pure: what may be noted of a person, and what an age says."""

from __future__ import annotations

from hotline.core.datafiles.vocabulary import country_codes
from hotline.core.errors import InvalidInput, phrase
from hotline.intake.registry.questions import OLDEST_CHILD
from triage.cases.people.vocabulary import (
    CHOICES,
    AgeGroup,
    FactName,
    PersonRole,
)

LONGEST_FACT = 2000
OLDEST_PERSON = 120


def is_age_of_child(name: FactName, value: str) -> bool:
    """Whoever notes that a reported person is fifteen has said that it is a child."""
    if name is FactName.AGE:
        return value.isdecimal() and int(value) <= OLDEST_CHILD
    return name is FactName.AGE_GROUP and value not in ("", AgeGroup.ADULT)


def check_fact(role: PersonRole, name: FactName, value: str) -> str:
    """The value as it is stored; raises ``InvalidInput`` where it cannot be one."""
    value = value.strip()
    if not value:
        return ""
    if len(value) > LONGEST_FACT:
        raise InvalidInput(phrase("This is too long."), fields={"/value": ""})
    if name in CHOICES and value not in set(CHOICES[name]):
        raise InvalidInput(phrase("Choose one."), fields={"/value": ""})
    if name is FactName.COUNTRY:
        value = value.upper()
        if value not in country_codes():
            raise InvalidInput(
                phrase("Write the country as its two letters, such as AL."),
                fields={"/value": ""},
            )
    if name is FactName.AGE:
        _check_age(role, value)
    return value


def _check_age(role: PersonRole, value: str) -> None:
    oldest = (
        OLDEST_CHILD if role is PersonRole.AFFECTED_CHILD else OLDEST_PERSON
    )
    if not value.isdecimal() or int(value) > oldest:
        raise InvalidInput(
            phrase("An age is a number of years; a child is at most 17."),
            fields={"/value": ""},
        )
