"""Identifiers are read from words, kept once, found again elsewhere, and forgotten by key."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, NotFound
from hotline.core.storage.ids import new_id
from hotline.intake.models import Report, ReportPart
from tests.support.cases import make_case
from tests.support.clock import NOW
from tests.support.items import make_item
from triage.cases.models import Case
from triage.cases.people import service, summaries
from triage.cases.people.keeping.forget import forget_people
from triage.cases.people.models import CaseIdentifier
from triage.cases.people.reading.words import (
    SaidIdentifier,
    read_identifier,
)
from triage.cases.people.vocabulary import (
    FactName,
    FactSource,
    IdentifierKind,
    PersonRole,
    Whose,
)
from triage.items.models import Sighting


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    return make_context(country="AL")


@pytest.fixture
def case(context: Context) -> Case:
    return add_case(context, "one")


def add_case(context: Context, name: str) -> Case:
    with context.database.writing() as session:
        item = make_item(f"part:{name}", kind="narrative", canonical="")
        made = make_case(item, f"AL-2026-{name}")
        session.add_all([item, made])
    return made


def add(context: Context, case: Case, said: SaidIdentifier) -> bool:
    with context.database.writing() as session:
        return service.add_identifier(
            Act(session, context, "person:arta", NOW),
            session.get_one(Case, case.id),
            said,
            whose=Whose.REPORTED_PERSON,
            source=FactSource.REPORTER,
        )


def set_fact(
    context: Context, case: Case, role: PersonRole, name: FactName, value: str
) -> None:
    with context.database.writing() as session:
        service.set_fact(
            Act(session, context, "person:arta", NOW),
            session.get_one(Case, case.id),
            role,
            1,
            name,
            value,
            source=FactSource.ANALYST,
        )


def test_one_identifier_is_noted_once_and_comes_back(
    context: Context, case: Case
) -> None:
    said = read_identifier(IdentifierKind.PHONE, "", "0692123456", "AL")
    assert add(context, case, said)
    assert not add(context, case, said)
    (known,) = listed(context, case)
    with context.database.writing() as session:
        act = Act(session, context, "person:arta", NOW)
        row = session.get_one(Case, case.id)
        service.withdraw_identifier(act, row, known.id)
        with pytest.raises(NotFound):
            service.withdraw_identifier(act, row, known.id)
    assert listed(context, case) == ()
    assert add(context, case, said)
    assert len(listed(context, case)) == 1


def listed(
    context: Context, case: Case
) -> tuple[service.KnownIdentifier, ...]:
    with context.database.reading() as session:
        return service.list_identifiers(
            session, context, session.get_one(Case, case.id)
        )


def test_the_same_identifier_is_found_in_another_case(
    context: Context, case: Case
) -> None:
    other = add_case(context, "two")
    add_case(context, "three")
    for where, text in ((case, "+355 69 212 3456"), (other, "069 2123456")):
        add(
            context,
            where,
            read_identifier(IdentifierKind.PHONE, "", text, "AL"),
        )
    with context.database.reading() as session:
        related = service.cases_with_same_identifier(
            session, session.get_one(Case, case.id)
        )
        assert [found.reference for found in related] == [other.reference]


def test_nothing_of_it_is_readable_in_the_database(
    context: Context, case: Case
) -> None:
    said = read_identifier(IdentifierKind.EMAIL, "", "x.y@mail.example", "AL")
    add(context, case, said)
    with context.database.reading() as session:
        (row,) = session.query(CaseIdentifier).all()
        assert b"mail.example" not in row.content + row.mac
    assert forget(context) == 0  # the case is open
    close(context, case)
    assert forget(context) == 1
    assert listed(context, case) == ()
    assert digest(context, case) == summaries.NOTHING_NOTED
    assert forget(context) == 0


def close(context: Context, case: Case) -> None:
    with context.database.writing() as session:
        session.get_one(Case, case.id).state = "closed"


def forget(context: Context) -> int:
    with context.database.writing() as session:
        return forget_people(session, context, now=NOW)


def test_a_report_that_is_kept_keeps_the_people_too(
    context: Context, case: Case
) -> None:
    said = read_identifier(IdentifierKind.OTHER, "", "A1", "AL")
    add(context, case, said)
    close(context, case)
    report_id = report_about(context, case)
    assert forget(context) == 0
    with context.database.writing() as session:
        session.get_one(Report, report_id).erased_at = NOW
    assert forget(context) == 1


def report_about(context: Context, case: Case) -> uuid.UUID:
    with context.database.writing() as session:
        report = Report(
            id=new_id(),
            received_at=NOW,
            channel="form",
            language="sq",
            kind="grooming",
            receipt_mac=b"r" * 32,
        )
        part = ReportPart(
            id=new_id(),
            report_id=report.id,
            position=0,
            kind="narrative",
            state="received",
            state_since=NOW,
        )
        session.add_all([report, part])
        session.flush()
        session.add(
            Sighting(
                id=new_id(), item_id=case.item.id, part_id=part.id, at=NOW
            )
        )
    return report.id


@pytest.mark.parametrize(
    ("name", "value", "is_child"),
    [
        (FactName.IS_CHILD, "yes", True),
        (FactName.IS_CHILD, "no", False),
        (FactName.AGE, "15", True),
        (FactName.AGE_GROUP, "10_to_13", True),
        (FactName.AGE, "44", None),
        (FactName.AGE_GROUP, "adult", None),
    ],
)
def test_that_a_child_acted_leads_the_routing_rules(
    context: Context,
    case: Case,
    name: FactName,
    value: str,
    is_child: bool | None,
) -> None:
    set_fact(context, case, PersonRole.REPORTED_PERSON, name, value)
    suspect = facts_of(context, case).get("suspect", {})
    assert suspect.get("is_child") is is_child


def test_where_the_child_is_leads_the_routing_rules(
    context: Context, case: Case
) -> None:
    child = PersonRole.AFFECTED_CHILD
    set_fact(context, case, child, FactName.MUNICIPALITY, "Durrës")
    set_fact(context, case, child, FactName.COUNTRY, "al")
    assert facts_of(context, case) == {
        "victim": {"municipality": "Durrës", "country": "AL"}
    }
    set_fact(context, case, child, FactName.MUNICIPALITY, "")
    set_fact(context, case, child, FactName.COUNTRY, "")
    assert facts_of(context, case) == {}
    with context.database.reading() as session:
        (person,) = service.list_people(
            session, context, session.get_one(Case, case.id)
        )
    assert person.facts == ()


def facts_of(context: Context, case: Case) -> object:
    with context.database.reading() as session:
        return session.get_one(Case, case.id).facts


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (FactName.AGE, "18"),
        (FactName.AGE, "twelve"),
        (FactName.COUNTRY, "Albania"),
        (FactName.GENDER, "girl"),
        (FactName.WHAT_HAPPENED, "x" * 2001),
    ],
)
def test_a_fact_that_cannot_be_is_refused(
    context: Context, case: Case, name: FactName, value: str
) -> None:
    with pytest.raises(InvalidInput):
        set_fact(context, case, PersonRole.AFFECTED_CHILD, name, value)


def test_each_change_of_what_is_told_changes_the_digest(
    context: Context, case: Case
) -> None:
    digests = [digest(context, case)]
    assert digests == [summaries.NOTHING_NOTED]
    add(context, case, read_identifier(IdentifierKind.OTHER, "", "A1", "AL"))
    digests.append(digest(context, case))
    set_fact(context, case, PersonRole.AFFECTED_CHILD, FactName.AGE, "12")
    digests.append(digest(context, case))
    with context.database.writing() as session:
        act = Act(session, context, "person:arta", NOW)
        summaries.write_summary(
            act, session.get_one(Case, case.id), "police", "Words."
        )
    digests.append(digest(context, case))
    assert len(set(digests)) == len(digests)


def digest(context: Context, case: Case) -> str:
    with context.database.reading() as session:
        return summaries.digest_of_people(
            session, session.get_one(Case, case.id)
        )
