"""From any report, by any way in, to its letters: one case, one letter an office, nothing that was
said is lost, and nothing goes to an office that the data file does not allow."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.errors import HotlineError
from hotline.intake.models import Report
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import Answer
from hotline.intake.registry.vocabulary import ReporterRole
from partners.channels.base import Message
from partners.directory.kinds import KIND_OF_ROUTE
from partners.directory.models import Partner
from partners.letters import wording
from partners.plans.making import planning
from partners.referrals import holds
from partners.referrals.models import HOLDING, Hold, Plan, Referral
from partners.referrals.telling import message as letter_of_referral
from partners.referrals.telling import told as told_of_people
from partners.referrals.telling.offices import (
    REFERRAL_ROUTES,
    Disclosure,
    load_offices,
)
from tests.support.house import House
from tests.support.routing import HOST, OUTCOME, POLICE
from tests.support.said import ANSWERED
from tests.support.telling import (
    ACTS_ON,
    ASKS_ABOUT_CONTACT,
    CONTACT,
    DISCLOSED_AS,
    GIVES_TIME,
    IN_WORDS,
    MAY_GET,
    SAID_IN_FULL,
    SECRET,
    WAYS,
    Said,
    said_reports,
)
from triage.cases.examination.register import register_report
from triage.cases.models import Case
from triage.cases.people import contacts, service
from triage.cases.people.reading import answers
from triage.cases.people.reading.opening import open_report
from triage.cases.people.vocabulary import FactName, FactSource, Whose
from triage.jurisdiction import Route

OFFICES = sorted(REFERRAL_ROUTES)
ROUTES = [{**POLICE, "to": office, "after": None} for office in OFFICES]


HOST_ROUTE = {**HOST, "after": None}
HOST_ID = Route.from_json(HOST_ROUTE).id
ABUSE_DESK = "abuse@isp.example"


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
    sent = as_sent(way, said)
    assert walk(house, way, sent) == set(list_able(sent))


def walk(house: House, way: str, said: Said) -> set[str]:
    """One report all its way to every office and host that may be told of it; the offices told."""
    number = len(house.all(Case))
    if number == 0:
        house.jobs["report.received"] = register_report
        for office in OFFICES:
            house.partner(office, KIND_OF_ROUTE[office])
        house.partner(f"provider:{ABUSE_DESK}", "provider", address=ABUSE_DESK)
    house.later(hours=2)
    said = replace(as_sent(way, said), host=f"s{number}")
    case = report_case(house, way, said)
    note_all_that_is_offered(house, case, said)
    letters = send_to_everybody(house, case, said)
    for name, message in letters.items():
        check_letter(message, name, said)
        check_time(message, name, said)
    check_notices(house, case, said)
    with house.context.database.reading() as session:
        offices = session.scalars(
            select(Partner.code)
            .join(Referral, Referral.partner_id == Partner.id)
            .where(Referral.case_id == case.id)
        ).all()
    assert sorted(offices) == sorted(letters)
    return set(offices)


def as_sent(way: str, said: Said) -> Said:
    """What is left of a report by this way: not every one asks for a time, or about the contact."""
    if way not in GIVES_TIME:
        said = replace(said, seen="2026-11-20T22:15:00Z" * (way[0] == "c"))
    if way not in ASKS_ABOUT_CONTACT:
        said = replace(said, pass_to=frozenset())
    return said


def list_able(said: Said) -> list[str]:
    """The offices that can act on something that was said."""
    return [
        office
        for office in OFFICES
        if any(said.says(part) for part in ACTS_ON[office])
    ]


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
        # Danger alone opens nothing: a person would have to say so, and why.
        case.danger_now = said.danger_now
        routes = [*ROUTES, HOST_ROUTE]
        case.routing = house.by_rules_of_now(
            {"routes": routes, "jurisdiction": []}
        )
        for place in case.places:
            place.routing = {"routes": routes, "jurisdiction": []}
            place.item.abuse_contact = ABUSE_DESK
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
    able = list_able(said)
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


def ask_for(
    house: House, case: Case, offices: Sequence[str], *routes: str
) -> Plan:
    """A person chooses each office; nothing is chosen by the order of a list."""
    person = house.person()
    partners = {partner.code: partner.id for partner in house.all(Partner)}
    chosen: dict[str, uuid.UUID | None] = dict.fromkeys(routes)
    for office in offices:
        route = Route.from_json({**POLICE, "to": office})
        chosen[route.id] = partners[office]
    with house.context.database.writing() as session:
        act = Act(session, house.context, person.actor, house.now)
        stored = session.get_one(Case, case.id)
        return planning.request_plan(act, stored, chosen, note="")


def check_letter(message: Message, name: str, said: Said) -> None:
    gets = MAY_GET[name]
    document = json.dumps(message.body, ensure_ascii=False)
    texts = [squeeze(message.text), squeeze(document)]
    for truth, part in every_truth(said):
        for text in texts:
            assert (squeeze(truth) in text) == (part in gets), truth
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
        assert is_told == (DISCLOSED_AS[answer] in gets), answer
    check_platform(message, gets, said)
    may_have_contact = Disclosure.CONTACT in gets and name in said.pass_to
    for attached in (*texts, *map(squeeze, attachments(message))):
        assert (squeeze(CONTACT) in attached) <= may_have_contact
        assert squeeze(SECRET) not in attached
    assert (squeeze(CONTACT) in texts[0]) == may_have_contact


def check_platform(
    message: Message, gets: Collection[Disclosure], said: Said
) -> None:
    """A name that somebody uses is found by nobody who is not told where they use it."""
    both = {Answer.THEIR_NAME, Answer.THEIR_PLATFORM}
    if Disclosure.PERSON_IDENTIFIERS not in gets or not both <= said.answered:
        return
    (account,) = (
        entry
        for entry in message.body["identifiers"]
        if squeeze(ANSWERED[Answer.THEIR_NAME]) in squeeze(entry["value"])
    )
    platform = ANSWERED[Answer.THEIR_PLATFORM]
    assert account["platform"].casefold() == platform.casefold()


def check_notices(house: House, case: Case, said: Said) -> None:
    """Who hosts it learns the places, once the police let it, and nothing of anybody."""
    before = len(house.mail.messages)
    if not said.urls:
        return
    house.approve(ask_for(house, case, [], HOST_ID))
    with house.context.database.writing() as session:
        for hold in session.scalars(
            select(Hold).where(
                Hold.case_id == case.id, Hold.state.in_(HOLDING)
            )
        ):
            act = Act(session, house.context, "partner", house.now)
            holds.release_hold(act, hold)
    house.work()
    (notice,) = house.mail.messages[before:]
    assert notice.address == ABUSE_DESK
    texts = [
        squeeze(text)
        for text in (
            notice.text,
            json.dumps(notice.body, ensure_ascii=False),
            *attachments(notice),
        )
    ]
    for truth, part in every_truth(said):
        is_told = any(squeeze(truth) in text for text in texts)
        assert is_told == (part in MAY_GET["host"]), truth
    for text in texts:
        assert squeeze(CONTACT) not in text and squeeze(SECRET) not in text
    # Squeezed, an age would be found in any number.
    assert not re.search(r"(?i)\bchild (is|of)\b|\bage\b", notice.text)
    assert not {"persons", "people", "identifiers"} & notice.body.keys()


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


def check_time(message: Message, name: str, said: Said) -> None:
    """A time is told to who gets the reported person, and its doubt with it."""
    if not said.seen or Disclosure.REPORTED_PERSON not in MAY_GET[name]:
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


# The walk itself: with a fault in the service, it has to fail.

EVERYTHING = Said(
    kind=ReportKind.GROOMING,
    role=ReporterRole.PARENT,
    pages=2,
    answered=frozenset(Answer),
    in_words=frozenset(IN_WORDS),
    seen="2026-11-20T22:15:00",
    pass_to=frozenset({"helpline"}),
    danger_now=True,
)


def give_the_child_to_hotlines(patch: pytest.MonkeyPatch) -> None:
    """As a line of the data file of offices would."""
    offices = dict(load_offices())
    hotline = offices["hotline"]
    offices["hotline"] = replace(
        hotline, gets=(*hotline.gets, Disclosure.CHILD)
    )
    for reader in (told_of_people, letter_of_referral):
        patch.setattr(reader, "load_offices", lambda *_: offices)


def take_the_contact_from_the_helpline(patch: pytest.MonkeyPatch) -> None:
    offices = dict(load_offices())
    line = offices["helpline"]
    gets = set(line.gets) - {Disclosure.CONTACT}
    offices["helpline"] = replace(line, gets=tuple(gets))
    for reader in (told_of_people, letter_of_referral):
        patch.setattr(reader, "load_offices", lambda *_: offices)


def drop_the_platform_of_the_person(patch: pytest.MonkeyPatch) -> None:
    of_person = answers._of_person
    patch.setattr(
        answers,
        "_of_person",
        lambda *given: (
            fact
            for fact in of_person(*given)
            if fact[0] is not FactName.PLATFORM
        ),
    )


def drop_the_platform_of_accounts(patch: pytest.MonkeyPatch) -> None:
    tell = told_of_people._told_identifier
    patch.setattr(
        told_of_people,
        "_told_identifier",
        lambda entry: replace(tell(entry), platform=""),
    )


def tell_the_contact_to_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        contacts.KnownContact,
        "basis_for",
        lambda *_, **__: contacts.ContactBasis.CONSENT,
    )


def tell_the_police_in_danger_unasked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        contacts.KnownContact,
        "basis_for",
        lambda known, office, *, in_danger: (
            contacts.ContactBasis.DANGER
            if in_danger or known.terms.allows(office)
            else None
        ),
    )


def tell_the_host_of_the_child(patch: pytest.MonkeyPatch) -> None:
    write = wording.write_letter

    def write_too_much(name: str, *given: Any, **more: Any) -> wording.Letter:
        letter = write(name, *given, **more)
        if name.startswith("referral"):
            return letter
        return replace(letter, text=f"{letter.text}\nThe child is 13.")

    patch.setattr(wording, "write_letter", write_too_much)


FAULTS: Sequence[Callable[[pytest.MonkeyPatch], None]] = (
    give_the_child_to_hotlines,
    take_the_contact_from_the_helpline,
    drop_the_platform_of_the_person,
    drop_the_platform_of_accounts,
    tell_the_contact_to_all,
    tell_the_police_in_danger_unasked,
    tell_the_host_of_the_child,
)


def test_without_a_fault_the_walk_holds_twice(house: House) -> None:
    for _ in range(2):
        assert walk(house, "form", EVERYTHING) == set(OFFICES)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_the_walk_notices(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[pytest.MonkeyPatch], None],
) -> None:
    assert walk(house, "form", EVERYTHING) == set(OFFICES)
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        walk(house, "form", EVERYTHING)
