"""Adding, withdrawing and reading a case's identifiers and people. Reading is logged."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, NotFound, phrase
from hotline.core.storage.ids import new_id
from triage.cases.locking import lock_case
from triage.cases.models import Case
from triage.cases.people.keeping.checking import (
    check_fact,
    is_age_of_child,
)
from triage.cases.people.keeping.sealing import opener_of, seal_text
from triage.cases.people.models import CaseIdentifier, CasePerson, PersonFact
from triage.cases.people.reading.words import SaidIdentifier
from triage.cases.people.vocabulary import (
    AgeGroup,
    FactName,
    FactSource,
    IdentifierKind,
    PersonRole,
    Whose,
    YesNo,
)

MOST_IDENTIFIERS = 500
MOST_PEOPLE = 50

# Facts about people that the routing rules ask for, by whom they are about.
_RULES_FACTS = {
    PersonRole.AFFECTED_CHILD: "victim",
    PersonRole.REPORTED_PERSON: "suspect",
}
_LEADING = {
    PersonRole.AFFECTED_CHILD: (FactName.COUNTRY, FactName.MUNICIPALITY),
    PersonRole.REPORTED_PERSON: (FactName.COUNTRY, FactName.IS_CHILD),
}
_YES_NO = {YesNo.YES: True, YesNo.NO: False}


@dataclass(frozen=True, slots=True)
class KnownIdentifier:
    """An identifier of a case, opened."""

    id: uuid.UUID
    kind: IdentifierKind
    identity: str
    display: str
    platform: str
    whose: Whose
    source: FactSource
    added_at: datetime
    added_by: str


@dataclass(frozen=True, slots=True)
class KnownFact:
    name: FactName
    value: str
    source: FactSource
    added_at: datetime


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A child or a reported person, with what is known of them now."""

    role: PersonRole
    number: int
    facts: tuple[KnownFact, ...]

    def value_of(self, name: FactName) -> str:
        """The fact's value; empty where it is not known."""
        for fact in self.facts:
            if fact.name is name:
                return fact.value
        return ""


def add_identifier(
    act: Act,
    case: Case,
    said: SaidIdentifier,
    *,
    whose: Whose,
    source: FactSource,
) -> bool:
    """Note that ``said`` leads to a person of this case; False if it was noted before.

    One that was withdrawn comes back.
    """
    lock_case(act.session, case.id)
    # Under every key: while one is being rotated, the row may still be found
    # by the older one.
    macs = identity_macs(act.context, said.identity)
    row = act.session.scalar(
        select(CaseIdentifier).where(
            CaseIdentifier.case_id == case.id, CaseIdentifier.mac.in_(macs)
        )
    )
    if row is not None and row.withdrawn_at is None:
        return False
    if row is None:
        _require_room(act.session, case)
        row = CaseIdentifier(id=new_id(), case_id=case.id, mac=macs[0])
    content = json.dumps({"display": said.display, "identity": said.identity})
    row.kind, row.platform = said.kind, said.platform
    row.content = seal_text(act, case.id, content_place(row.id), content)
    row.whose, row.source = whose, source
    # New also for one that comes back: the digest that a second person
    # approves must change.
    row.added_at, row.added_by = act.now, act.actor
    row.withdrawn_at = row.withdrawn_by = None
    act.session.add(row)
    act.record(
        "case.identifier_added", "case", case.id, kind=said.kind, whose=whose
    )
    return True


def _require_room(session: Session, case: Case) -> None:
    count = session.scalar(
        select(func.count())
        .select_from(CaseIdentifier)
        .where(CaseIdentifier.case_id == case.id)
    )
    if (count or 0) >= MOST_IDENTIFIERS:
        raise InvalidInput(phrase("A case holds at most 500 identifiers."))


def withdraw_identifier(
    act: Act, case: Case, identifier_id: uuid.UUID
) -> None:
    """It was a mistake: it is told to nobody any more. The log keeps that it was there."""
    lock_case(act.session, case.id)
    row = act.session.scalar(
        select(CaseIdentifier).where(
            CaseIdentifier.id == identifier_id,
            CaseIdentifier.case_id == case.id,
            CaseIdentifier.withdrawn_at.is_(None),
        )
    )
    if row is None:
        raise NotFound(phrase("There is no such identifier."))
    row.withdrawn_at, row.withdrawn_by = act.now, act.actor
    act.record("case.identifier_withdrawn", "case", case.id, kind=row.kind)


def list_identifiers(
    session: Session, context: Context, case: Case
) -> tuple[KnownIdentifier, ...]:
    """What leads to the case's people, opened. Whoever shows it logs that it was read."""
    open_sealed = opener_of(session, context, case.id)
    if open_sealed is None:
        return ()
    rows = session.scalars(
        select(CaseIdentifier)
        .where(
            CaseIdentifier.case_id == case.id,
            CaseIdentifier.withdrawn_at.is_(None),
        )
        .order_by(CaseIdentifier.kind, CaseIdentifier.id)
    )
    return tuple(
        _opened_identifier(
            row, open_sealed(content_place(row.id), row.content)
        )
        for row in rows
    )


def _opened_identifier(row: CaseIdentifier, text: str) -> KnownIdentifier:
    content = json.loads(text)
    return KnownIdentifier(
        id=row.id,
        kind=IdentifierKind(row.kind),
        identity=content["identity"],
        display=content["display"],
        platform=row.platform,
        whose=Whose(row.whose),
        source=FactSource(row.source),
        added_at=row.added_at,
        added_by=row.added_by,
    )


def content_place(identifier_id: uuid.UUID) -> str:
    """Where an identifier's content is sealed."""
    return f"case_identifier.content:{identifier_id}"


def value_place(fact_id: uuid.UUID) -> str:
    """Where a fact's value is sealed."""
    return f"person_fact.value:{fact_id}"


def identity_macs(context: Context, identity: str) -> tuple[bytes, ...]:
    """What finds the same identifier in other cases; nobody without the key can compute it.

    Under the key in use, then under older ones: while the key is rotated, both are met.
    """
    return context.keyring.macs("identifiers", identity.encode())


def cases_with_same_identifier(
    session: Session, case: Case, limit: int = 50
) -> Sequence[Case]:
    """Other cases in which one of this case's identifiers was noted; the newest first.

    Not those that became a part of another one: what was noted there stands in that one, too.
    """
    own = select(CaseIdentifier.mac).where(
        CaseIdentifier.case_id == case.id,
        CaseIdentifier.withdrawn_at.is_(None),
    )
    others = (
        select(CaseIdentifier.case_id)
        .where(
            CaseIdentifier.mac.in_(own),
            CaseIdentifier.case_id != case.id,
            CaseIdentifier.withdrawn_at.is_(None),
        )
        .distinct()
    )
    return session.scalars(
        select(Case)
        .where(Case.id.in_(others), Case.merged_into_id.is_(None))
        .order_by(Case.opened_at.desc(), Case.id)
        .limit(limit)
    ).all()


def set_fact(
    act: Act,
    case: Case,
    role: PersonRole,
    number: int,
    name: FactName,
    value: str,
    *,
    source: FactSource,
) -> None:
    """Note what is known of a person; an empty ``value`` says that it is not known after all.

    Where they are, and whether the reported person is a child, leads the routing rules as well.
    """
    lock_case(act.session, case.id)
    value = check_fact(role, name, value)
    person = _join_person(act.session, case, role, number)
    fact = act.session.scalar(
        select(PersonFact).where(
            PersonFact.person_id == person.id,
            PersonFact.name == name,
            PersonFact.replaced_at.is_(None),
        )
    )
    # Replaced and not overwritten: what was known when a letter left can be
    # read later.
    if fact is not None:
        fact.replaced_at = act.now
    if value:
        added = PersonFact(
            id=new_id(),
            person_id=person.id,
            name=name,
            source=source,
            added_at=act.now,
            added_by=act.actor,
        )
        added.value = seal_text(act, case.id, value_place(added.id), value)
        act.session.add(added)
    # The rules ask about one child and one reported person: the first.
    if number == 1 and name in _LEADING[role]:
        _tell_rules(case, role, name, value)
    if role is PersonRole.REPORTED_PERSON and is_age_of_child(name, value):
        _tell_rules(case, role, FactName.IS_CHILD, YesNo.YES)
    if role is PersonRole.AFFECTED_CHILD:
        _tell_whether_adult(case, number, name, value)
    act.record("case.person_fact_set", "case", case.id, role=role, fact=name)


def _join_person(
    session: Session, case: Case, role: PersonRole, number: int
) -> CasePerson:
    if not 1 <= number <= MOST_PEOPLE:
        raise NotFound(phrase("There is no such person."))
    person = session.scalar(
        select(CasePerson).where(
            CasePerson.case_id == case.id,
            CasePerson.role == role,
            CasePerson.number == number,
        )
    )
    if person is None:
        person = CasePerson(
            id=new_id(), case_id=case.id, role=role, number=number
        )
        session.add(person)
        session.flush()
    return person


def _tell_rules(
    case: Case, role: PersonRole, name: FactName, value: str
) -> None:
    is_yes_no = bool(value) and name is FactName.IS_CHILD
    _keep_for_rules(
        case, role, str(name), _YES_NO[YesNo(value)] if is_yes_no else value
    )


def _keep_for_rules(
    case: Case, role: PersonRole, name: str, value: str | bool | None
) -> None:
    """Nothing, "" and None, is unknown; no is a fact."""
    owner = _RULES_FACTS[role]
    about = dict(case.facts.get(owner, {}))
    about.pop(name, None)
    if value not in ("", None):
        about[name] = value
    facts = {key: kept for key, kept in case.facts.items() if key != owner}
    # A new dict: a change inside the old one would not be noticed and stored.
    case.facts = {**facts, owner: about} if about else facts


def _tell_whether_adult(
    case: Case, number: int, name: FactName, value: str
) -> None:
    """An adult is no child, unless another person who is affected is one."""
    says_age = name in {FactName.AGE, FactName.AGE_GROUP}
    if number > 1 or says_age:
        is_adult = number == 1 and value == AgeGroup.ADULT
        _keep_for_rules(
            case,
            PersonRole.AFFECTED_CHILD,
            "is_adult",
            True if is_adult else None,
        )


def list_people(
    session: Session, context: Context, case: Case
) -> tuple[KnownPerson, ...]:
    """The case's children and reported persons, opened. Whoever shows them logs it."""
    open_sealed = opener_of(session, context, case.id)
    people = session.scalars(
        select(CasePerson)
        .where(CasePerson.case_id == case.id)
        .order_by(CasePerson.role, CasePerson.number)
    ).all()
    facts = session.scalars(
        select(PersonFact)
        .where(
            PersonFact.person_id.in_([person.id for person in people]),
            PersonFact.replaced_at.is_(None),
        )
        .order_by(PersonFact.added_at, PersonFact.id)
    )
    facts_of: dict[uuid.UUID, list[KnownFact]] = {}
    for fact in facts:
        if open_sealed is None:
            break
        value = open_sealed(value_place(fact.id), fact.value)
        facts_of.setdefault(fact.person_id, []).append(
            _opened_fact(fact, value)
        )
    return tuple(
        KnownPerson(
            PersonRole(person.role),
            person.number,
            tuple(facts_of.get(person.id, ())),
        )
        for person in people
    )


def _opened_fact(fact: PersonFact, value: str) -> KnownFact:
    return KnownFact(
        FactName(fact.name), value, FactSource(fact.source), fact.added_at
    )
