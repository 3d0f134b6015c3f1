"""From any report, by any way in, to its letters: one case, one letter an office, nothing that was
said is lost, and nothing goes to an office that the data file does not allow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.errors import HotlineError
from hotline.intake.models import Report
from hotline.intake.registry.questions import Answer
from partners.channels.base import Message
from partners.directory.kinds import KIND_OF_ROUTE
from partners.directory.models import Partner
from partners.plans.making import planning
from partners.referrals.models import Plan, Referral
from partners.referrals.telling.offices import (
    REFERRAL_ROUTES,
    Disclosure,
    Office,
    load_offices,
)
from tests.support.house import House
from tests.support.routing import OUTCOME, POLICE
from tests.support.said import ANSWERED
from tests.support.telling import (
    ASKS_ABOUT_CONTACT,
    CONTACT,
    DISCLOSED_AS,
    GIVES_TIME,
    IN_WORDS,
    SAID_IN_FULL,
    SECRET,
    WAYS,
    Said,
    said_reports,
)
from triage.cases.examination.register import register_report
from triage.cases.models import Case
from triage.cases.people import service
from triage.cases.people.opening import open_report
from triage.cases.people.vocabulary import FactSource, Whose
from triage.jurisdiction import Route

OFFICES = sorted(REFERRAL_ROUTES)
ROUTES = [{**POLICE, "to": office, "after": None} for office in OFFICES]


@pytest.mark.parametrize("way", WAYS)
@hypothesis_settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(said_reports)
def test_nothing_is_lost_and_nothing_goes_where_it_may_not(
    house: House, way: str, said: Said
) -> None:
    number = len(house.all(Case))
    if number == 0:
        house.jobs["report.received"] = register_report
        for office in OFFICES:
            house.partner(office, KIND_OF_ROUTE[office])
    house.later(hours=2)
    said = replace(said, host=f"s{number}")
    if way not in GIVES_TIME:
        said = replace(said, seen="2026-11-20T22:15:00Z" * (way[0] == "c"))
    if way not in ASKS_ABOUT_CONTACT:
        said = replace(said, pass_to=frozenset())
    case = report_case(house, way, said)
    note_all_that_is_offered(house, case, said)
    letters = send_to_everybody(house, case, said)
    offices = load_offices(house.context.settings.data_dir)
    for name, message in letters.items():
        check_letter(message, name, offices[name], said)
        check_time(message, offices[name], said)
    with house.context.database.reading() as session:
        told = session.scalars(
            select(Referral.partner_id).where(Referral.case_id == case.id)
        ).all()
    assert len(told) == len(set(told)) == len(letters)


def report_case(house: House, way: str, said: Said) -> Case:
    """The one case that a report by this way became, assessed."""
    known_ids = {case.id for case in house.all(Case)}
    with house.context.database.writing() as session:
        WAYS[way](session, house.context, said, house.now)
    house.work()
    with house.context.database.writing() as session:
        (case,) = session.scalars(
            select(Case).where(Case.id.not_in(known_ids))
        ).all()
        assert [item.canonical for item in case.items if item.canonical] == (
            said.urls
        )
        assert case.kind == said.kind
        case.state, case.outcome = "assessed", dict(OUTCOME)
        case.routing = house.by_rules_of_now(
            {"routes": ROUTES, "jurisdiction": []}
        )
        for place in case.places:
            place.routing = {"routes": ROUTES, "jurisdiction": []}
    return case


def note_all_that_is_offered(house: House, case: Case, said: Said) -> None:
    """The analyst takes over, of what was found in words and answers, what was said of people."""
    wanted = {squeeze(IN_WORDS[words]) for words in said.in_words}
    wanted |= {
        squeeze(ANSWERED[answer])
        for answer in said.answered
        if DISCLOSED_AS[answer] is Disclosure.PERSON_IDENTIFIERS
    }
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        stored = session.get_one(Case, case.id)
        newest = select(Report).order_by(Report.received_at.desc()).limit(1)
        opened = open_report(act, stored, session.scalars(newest).one())
        for entry in opened.identifiers:
            shown = squeeze(entry.display)
            if any(text in shown for text in wanted):
                service.add_identifier(
                    act,
                    stored,
                    entry,
                    whose=Whose.REPORTED_PERSON,
                    source=FactSource.REPORTER,
                )
        for fact in opened.facts:
            service.set_fact(
                act,
                stored,
                fact.role,
                1,
                fact.name,
                fact.value,
                source=FactSource.REPORTER,
            )


def send_to_everybody(
    house: House, case: Case, said: Said
) -> dict[str, Message]:
    """The letter to each office that can act on something; the others are refused."""
    offices = load_offices(house.context.settings.data_dir)
    able = [
        office
        for office in OFFICES
        if any(said.says(part) for part in offices[office].acts_on)
    ]
    for office in set(OFFICES) - set(able):
        with pytest.raises(HotlineError, match="nothing to act on"):
            ask_for(house, case, [office])
    if not able:
        return {}
    before = len(house.mail.messages)
    house.approve(ask_for(house, case, able))
    house.work()
    sent = house.mail.messages[before:]
    letters = {message.address.partition("@")[0]: message for message in sent}
    assert sorted(letters) == sorted(able)
    assert len(sent) == len(letters)
    return letters


def ask_for(house: House, case: Case, offices: Sequence[str]) -> Plan:
    """A person chooses each office; nothing is chosen by the order of a list."""
    person = house.person()
    partners = {partner.code: partner.id for partner in house.all(Partner)}
    chosen = {
        Route.from_json({**POLICE, "to": office}).id: partners[office]
        for office in offices
    }
    with house.context.database.writing() as session:
        act = Act(session, house.context, person.actor, house.now)
        stored = session.get_one(Case, case.id)
        return planning.request_plan(act, stored, chosen, note="")


def check_letter(
    message: Message, name: str, office: Office, said: Said
) -> None:
    document = json.dumps(message.body, ensure_ascii=False)
    texts = [squeeze(message.text), squeeze(document)]
    for truth, part in every_truth(said):
        for text in texts:
            assert (squeeze(truth) in text) == (part in office.gets), truth
    facts = {
        (fact["name"], fact["value"])
        for person in message.body["persons"]
        for fact in person["facts"]
    }
    values = {value for _, value in facts}
    for answer in said.answered - overruled(said):
        if answer in {Answer.THEIR_NAME, Answer.PAYMENT_TO}:
            continue
        is_told = ANSWERED[answer] in values
        assert is_told == (DISCLOSED_AS[answer] in office.gets), answer
    may_have_contact = Disclosure.CONTACT in office.gets and (
        name in said.pass_to
    )
    for attached in (*texts, *map(squeeze, attachments(message))):
        assert (squeeze(CONTACT) in attached) <= may_have_contact
        assert squeeze(SECRET) not in attached
    assert (squeeze(CONTACT) in texts[0]) == may_have_contact


def every_truth(said: Said) -> list[tuple[str, Disclosure]]:
    """What stands in a report and may be told, each text with the part that it is told as."""
    return [
        *((url, Disclosure.LOCATIONS) for url in said.urls),
        *(
            (IN_WORDS[words], Disclosure.PERSON_IDENTIFIERS)
            for words in said.in_words
        ),
        *(
            (ANSWERED[answer], DISCLOSED_AS[answer])
            for answer in said.answered & SAID_IN_FULL
        ),
    ]


def overruled(said: Said) -> set[Answer]:
    """Choices in whose place the reporter's own words are told."""
    pairs = {
        Answer.MEETS: Answer.NEXT_MEETING,
        Answer.DEADLINE: Answer.DEADLINE_AT,
    }
    return {
        choice for choice, words in pairs.items() if words in said.answered
    }


def check_time(message: Message, office: Office, said: Said) -> None:
    """A time is told to who gets the reported person, and its doubt with it."""
    if not said.seen or Disclosure.REPORTED_PERSON not in office.gets:
        return
    (when,) = (
        fact["value"]
        for person in message.body["persons"]
        for fact in person["facts"]
        if fact["name"] == "when"
    )
    assert when == said.seen
    has_doubt = "TIME ZONE NOT STATED" in message.text
    assert has_doubt == (not said.seen.endswith("Z"))


def attachments(message: Message) -> list[str]:
    return [attached.data.decode() for attached in message.attachments]


def squeeze(text: str) -> str:
    return "".join(text.split())
