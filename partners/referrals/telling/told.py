"""What an office is told of people: gathered from the case, cut to what that office may get."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.errors import Conflict, phrase
from hotline.core.language.said_time import SaidTime
from partners.directory.kinds import KIND_NAMES, KIND_OF_ROUTE
from partners.referrals.models import Referral
from partners.referrals.telling.offices import Disclosure, Office, load_offices
from triage.cases.models import Case
from triage.cases.people.contacts import list_contacts
from triage.cases.people.keeping.checking import is_age_of_child
from triage.cases.people.service import (
    KnownIdentifier,
    KnownPerson,
    list_identifiers,
    list_people,
)
from triage.cases.people.summaries import read_summaries
from triage.cases.people.times import time_of_fact
from triage.cases.people.vocabulary import (
    AgeGroup,
    FactName,
    PersonRole,
    Whose,
    YesNo,
)

_TOLD = "referral.told"
CHILD_WHO_ACTED = "child_who_displayed_harmful_behaviour"
AFFECTED_ADULT = "affected_adult"

_DISCLOSURE_OF_ROLE = {
    PersonRole.AFFECTED_CHILD: Disclosure.CHILD,
    PersonRole.REPORTED_PERSON: Disclosure.REPORTED_PERSON,
}
# What leads to nobody knows whom goes to whoever looks for the reported person.
_DISCLOSURE_OF_OWNER = {
    Whose.AFFECTED_CHILD: Disclosure.CHILD_IDENTIFIERS,
    Whose.REPORTED_PERSON: Disclosure.PERSON_IDENTIFIERS,
    Whose.UNKNOWN: Disclosure.PERSON_IDENTIFIERS,
}
# Places that were noted for the routing rules alone, by whose they are.
_RULES_OWNER = {
    PersonRole.AFFECTED_CHILD: "victim",
    PersonRole.REPORTED_PERSON: "suspect",
}
_RULES_PLACES = ("country", "municipality", "nationality", "residence")


@dataclass(frozen=True, slots=True)
class ToldFact:
    name: str
    value: str
    source: str

    @property
    def time(self) -> SaidTime | None:
        """Where the fact is a time; one without a zone is never to be read as anybody's."""
        return time_of_fact(self.name, self.value)

    @property
    def lacks_zone(self) -> bool:
        return self.time is not None and not self.time.is_zone_stated


@dataclass(frozen=True, slots=True)
class ToldPerson:
    role: str
    number: int
    facts: tuple[ToldFact, ...]
    is_adult: bool = False

    @property
    def described_as(self) -> str:
        """The role in words: a child who acted is called that, and never a suspect; an adult who is
        affected is called no child."""
        if self.is_adult and self.role == PersonRole.AFFECTED_CHILD:
            return AFFECTED_ADULT
        is_child = any(
            (fact.name == FactName.IS_CHILD and fact.value == YesNo.YES)
            or is_age_of_child(FactName(fact.name), fact.value)
            for fact in self.facts
            if fact.name in set(FactName)
        )
        is_reported = self.role == PersonRole.REPORTED_PERSON
        return CHILD_WHO_ACTED if is_reported and is_child else self.role


@dataclass(frozen=True, slots=True)
class ToldIdentifier:
    kind: str
    value: str
    platform: str
    whose: str
    source: str

    @property
    def display(self) -> str:
        """As pages show it, where a doubt about its time is put beside it."""
        return self.value


@dataclass(frozen=True, slots=True)
class ToldContact:
    """How to reach a reporter. ``basis``: a ``ContactBasis``; ``way``: a ``ContactWay``."""

    contact: str
    way: str
    safe_time: str
    basis: str


@dataclass(frozen=True, slots=True)
class ToldPeople:
    """Empty tuples and an empty summary where there is nothing, or nothing that may be told."""

    people: tuple[ToldPerson, ...] = ()
    identifiers: tuple[ToldIdentifier, ...] = ()
    summary: str = ""
    contacts: tuple[ToldContact, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The shape of ``hotline-referral/1``: ``persons``, ``identifiers``, ``contacts`` and
        ``summary``."""
        return {
            "persons": [
                {
                    "role": person.role,
                    "described_as": person.described_as,
                    "number": person.number,
                    "facts": [_shape_of(fact) for fact in person.facts],
                }
                for person in self.people
            ],
            "identifiers": [_shape_of(entry) for entry in self.identifiers],
            "contacts": [_shape_of(entry) for entry in self.contacts],
            "summary": self.summary or None,
        }

    @classmethod
    def from_json(cls, shape: dict[str, Any]) -> ToldPeople:
        people = (
            ToldPerson(
                person["role"],
                person["number"],
                tuple(ToldFact(**fact) for fact in person["facts"]),
                is_adult=person.get("described_as") == AFFECTED_ADULT,
            )
            for person in shape["persons"]
        )
        identifiers = (
            ToldIdentifier(**entry) for entry in shape["identifiers"]
        )
        # What was sealed before contacts could be passed on has none.
        contacts = (
            ToldContact(**entry) for entry in shape.get("contacts", ())
        )
        return cls(
            tuple(people),
            tuple(identifiers),
            shape["summary"] or "",
            tuple(contacts),
        )


def _shape_of(row: ToldFact | ToldIdentifier | ToldContact) -> dict[str, str]:
    return {name: getattr(row, name) for name in row.__slots__}


def gather_told(
    session: Session, context: Context, case: Case, kind: str
) -> ToldPeople:
    """What an office of this ``kind`` (a route's "to") may be told of the case's people now."""
    office = load_offices(context.settings.data_dir)[kind]
    gets = office.gets
    people = (
        _told_person(person, case)
        for person in _people_of(session, context, case)
        if _DISCLOSURE_OF_ROLE[person.role] in gets
    )
    identifiers = (
        _told_identifier(entry)
        for entry in list_identifiers(session, context, case)
        if _DISCLOSURE_OF_OWNER[entry.whose] in gets
    )
    summary = ""
    if Disclosure.SUMMARY in gets:
        summary = read_summaries(session, context, case).get(kind, "")
    return ToldPeople(
        tuple(person for person in people if person.facts),
        tuple(identifiers),
        summary,
        tuple(_contacts_for(session, context, case, kind, office)),
    )


def _contacts_for(
    session: Session, context: Context, case: Case, kind: str, office: Office
) -> Iterator[ToldContact]:
    """The reporters' contacts that they, or a person in danger, let this office have."""
    if Disclosure.CONTACT not in office.gets:
        return
    for contact in list_contacts(session, context, case):
        basis = contact.basis_for(kind, in_danger=office.contact_in_danger)
        if basis is not None:
            yield ToldContact(
                contact.contact,
                str(contact.terms.way),
                contact.terms.safe_time,
                str(basis),
            )


def _people_of(
    session: Session, context: Context, case: Case
) -> tuple[KnownPerson, ...]:
    """Those who were noted, and those of whom only a place for the rules is known."""
    people = list_people(session, context, case)
    noted = {person.role for person in people}
    return people + tuple(
        KnownPerson(role, 1, ())
        for role, owner in _RULES_OWNER.items()
        if role not in noted and case.facts.get(owner)
    )


def _told_person(person: KnownPerson, case: Case) -> ToldPerson:
    facts = [
        ToldFact(str(fact.name), fact.value, str(fact.source))
        for fact in person.facts
    ]
    if person.number == 1:
        said = {fact.name for fact in facts}
        # The rules ask for the places of one child and one person: those are
        # the first ones.
        places = case.facts.get(_RULES_OWNER[person.role], {})
        facts += [
            ToldFact(name, str(places[name]), "analyst")
            for name in _RULES_PLACES
            if places.get(name) and name not in said
        ]
    return ToldPerson(
        str(person.role),
        person.number,
        tuple(facts),
        is_adult=_is_adult(person, case),
    )


def _is_adult(person: KnownPerson, case: Case) -> bool:
    """As a person noted it of them, or for the rules, which ask of the first one."""
    for_rules = case.facts.get(_RULES_OWNER[person.role], {})
    is_told = person.number == 1 and for_rules.get("is_adult") is True
    return is_told or any(
        fact.name == FactName.AGE_GROUP and fact.value == AgeGroup.ADULT
        for fact in person.facts
    )


def _told_identifier(entry: KnownIdentifier) -> ToldIdentifier:
    return ToldIdentifier(
        str(entry.kind),
        entry.display,
        entry.platform,
        str(entry.whose),
        str(entry.source),
    )


def present_disclosures(case: Case, told: ToldPeople) -> set[Disclosure]:
    """What of a case there is to tell at all."""
    present: set[Disclosure] = set()
    if case.located:
        present.add(Disclosure.LOCATIONS)
    if told.summary:
        present.add(Disclosure.SUMMARY)
    for person in told.people:
        present.add(_DISCLOSURE_OF_ROLE[PersonRole(person.role)])
    for entry in told.identifiers:
        present.add(_DISCLOSURE_OF_OWNER[Whose(entry.whose)])
    if told.contacts:
        present.add(Disclosure.CONTACT)
    return present


def missing_to_act(
    session: Session, context: Context, case: Case, kind: str
) -> tuple[Disclosure, ...]:
    """Of what such an office could act on, everything, where nothing of it is there; else empty."""
    office = load_offices(context.settings.data_dir)[kind]
    disclosed = gather_told(session, context, case, kind)
    if present_disclosures(case, disclosed) & set(office.acts_on):
        return ()
    return office.acts_on


def require_substance(
    session: Session, context: Context, case: Case, kinds: Collection[str]
) -> None:
    """No letter says nothing: raises ``Conflict`` where an office could act on none of it."""
    for kind in kinds:
        if missing_to_act(session, context, case, kind):
            raise Conflict(
                phrase(
                    "The letter to this addressee would say nothing to act on: %(kind)s."
                ),
                values={"kind": KIND_NAMES[KIND_OF_ROUTE[kind]]},
                hint=phrase(
                    "Add who is concerned and what leads to them, or write a summary for them."
                ),
            )


def seal_told(
    session: Session, context: Context, referral: Referral, told: ToldPeople
) -> None:
    """Keep what the office is told, under the referral's own key, as it was approved."""
    vault = context.vault
    key = vault.key_for(session, referral.id)
    text = json.dumps(told.to_json(), ensure_ascii=False)
    referral.told = vault.seal(key, _TOLD, referral.id, text)


def open_told(
    session: Session, context: Context, referral: Referral
) -> ToldPeople:
    """What the office is told; nothing where the key was erased or the referral is an old one."""
    if referral.told is None:
        return ToldPeople()
    key = context.vault.key_of(session, referral.id)
    if key is None:
        return ToldPeople()
    text = context.vault.open(key, _TOLD, referral.id, referral.told)
    return ToldPeople.from_json(json.loads(text))
