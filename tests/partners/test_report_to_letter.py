"""From any report to its letter: one case, one letter an office, and nothing said is lost."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.jobs.task import Task
from hotline.core.storage.outbox import OutboxEntry
from partners.referrals.models import Referral
from partners.referrals.telling.offices import load_offices
from tests.support.house import House
from tests.support.reports import receive_report
from tests.support.routing import OUTCOME, POLICE, ROUTING
from triage.cases.examination.register import register_report
from triage.cases.models import Case
from triage.cases.people import service
from triage.cases.people.reading import read_identifier
from triage.cases.people.vocabulary import (
    FactName,
    FactSource,
    IdentifierKind,
    PersonRole,
    Whose,
)

# What a reporter may say of people, as an analyst notes it.
IDENTIFIERS = (
    (IdentifierKind.PHONE, "", "+355 69 212 3456"),
    (IdentifierKind.EMAIL, "", "coach@mail.example"),
    (IdentifierKind.ACCOUNT, "Snapchat", "wolf_of_tests"),
    (IdentifierKind.IBAN, "", "AL47 2121 1009 0000 0002 3569 8741"),
)
FACTS = (
    (PersonRole.AFFECTED_CHILD, FactName.AGE, "12"),
    (PersonRole.AFFECTED_CHILD, FactName.MUNICIPALITY, "Durrës"),
    (PersonRole.AFFECTED_CHILD, FactName.NEXT_MEETING, "Saturday, 18:00"),
    (PersonRole.REPORTED_PERSON, FactName.RELATION, "football coach"),
    (PersonRole.REPORTED_PERSON, FactName.WHAT_HAPPENED, "He asks to meet."),
)


@dataclass(frozen=True)
class Said:
    """Everything of one report."""

    pages: int
    identifiers: frozenset[int]
    facts: frozenset[int]


said = st.builds(
    Said,
    pages=st.integers(1, 4),
    identifiers=st.frozensets(st.integers(0, len(IDENTIFIERS) - 1)),
    facts=st.frozensets(st.integers(0, len(FACTS) - 1)),
)


@hypothesis_settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(said)
def test_nothing_is_lost_between_a_report_and_its_letter(
    house: House, said: Said
) -> None:
    number = len(house.all(Case))
    urls = [f"http://s{number}.test/{page}" for page in range(said.pages)]
    case = report_case(house, urls)
    note_people(house, case, said)
    if number == 0:
        house.partner()
    before = len(house.mail.messages)
    house.decide(case, "police")
    (message,) = house.mail.messages[before:]
    told = [item["canonical"] for item in message.body["items"]]
    assert sorted(told) == sorted(urls)
    for url in urls:
        assert url in message.text
    for index in said.identifiers:
        kind, _, text = IDENTIFIERS[index]
        (entry,) = (
            entry
            for entry in message.body["identifiers"]
            if entry["kind"] == kind
        )
        assert squeeze(text) in squeeze(entry["value"])
        assert entry["value"] in message.text
    for index in said.facts:
        assert FACTS[index][2] in message.text
    gets = load_offices(house.context.settings.data_dir)["police"].gets
    assert message.body["addressee"]["kind"] == "police" and gets
    with house.context.database.reading() as session:
        letters = session.scalars(
            select(Referral.partner_id).where(Referral.case_id == case.id)
        ).all()
    assert len(letters) == len(set(letters)) == 1


def report_case(house: House, urls: list[str]) -> Case:
    """The one case that a report of these pages became, assessed."""
    with house.context.database.writing() as session:
        report_id = receive_report(
            session, house.context, *urls, now=house.now
        ).id
    with house.context.database.reading() as session:
        entry = session.scalars(
            select(OutboxEntry).where(
                OutboxEntry.job == "report.received",
                OutboxEntry.payload["report_id"].as_string() == str(report_id),
            )
        ).one()
        known_ids = set(session.scalars(select(Case.id)))
    register_report(Task(house.context, entry.id, entry.payload, 1, house.now))
    with house.context.database.writing() as session:
        (case,) = session.scalars(
            select(Case).where(Case.id.not_in(known_ids))
        ).all()
        case.state, case.outcome = "assessed", dict(OUTCOME)
        routes = {**ROUTING, "routes": [POLICE]}
        case.routing = house.by_rules_of_now(routes)
        for place in case.places:
            place.routing = {"routes": [dict(POLICE)], "jurisdiction": []}
    return case  # type: ignore[no-any-return]


def note_people(house: House, case: Case, said: Said) -> None:
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        stored = session.get_one(Case, case.id)
        for index in said.identifiers:
            kind, platform, text = IDENTIFIERS[index]
            service.add_identifier(
                act,
                stored,
                read_identifier(kind, platform, text, "AL"),
                whose=Whose.REPORTED_PERSON,
                source=FactSource.REPORTER,
            )
        for index in said.facts:
            role, name, value = FACTS[index]
            service.set_fact(
                act, stored, role, 1, name, value, source=FactSource.REPORTER
            )


def squeeze(text: str) -> str:
    return "".join(text.split())
