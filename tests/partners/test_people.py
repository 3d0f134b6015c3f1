"""What is known of people gets to who can act on it, to nobody else, and as it was approved."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.errors import Conflict
from hotline.intake.models import Report
from partners.plans.making import planning
from partners.referrals import service as referrals
from partners.referrals.forget import forget_told
from partners.referrals.models import Plan, Referral
from partners.referrals.telling.offices import (
    REFERRAL_ROUTES,
    Disclosure,
    load_offices,
)
from partners.referrals.telling.told import gather_told, open_told
from tests.support.house import House
from triage.cases.models import Case
from triage.cases.people import service, summaries
from triage.cases.people.reading.words import read_identifier
from triage.cases.people.summaries import digest_of_people
from triage.cases.people.vocabulary import (
    AgeGroup,
    FactName,
    FactSource,
    IdentifierKind,
    PersonRole,
    Whose,
)
from workers.app import create_app

CHILD_PHONE = "+355 69 212 3456"
THEIR_ACCOUNT = "wolf_of_tests"
MEETING = "Saturday at the stadium"
TRUTHS = {
    Disclosure.CHILD: MEETING,
    Disclosure.REPORTED_PERSON: "football coach",
    Disclosure.CHILD_IDENTIFIERS: CHILD_PHONE,
    Disclosure.PERSON_IDENTIFIERS: THEIR_ACCOUNT,
}


def note_everything(house: House) -> Case:
    case = house.case()
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        case = session.get_one(Case, case.id)
        for kind, platform, text, whose in (
            (IdentifierKind.PHONE, "", CHILD_PHONE, Whose.AFFECTED_CHILD),
            (
                IdentifierKind.ACCOUNT,
                "Snapchat",
                THEIR_ACCOUNT,
                Whose.REPORTED_PERSON,
            ),
        ):
            service.add_identifier(
                act,
                case,
                read_identifier(kind, platform, text, "AL"),
                whose=whose,
                source=FactSource.REPORTER,
            )
        for role, name, value in (
            (PersonRole.AFFECTED_CHILD, FactName.NEXT_MEETING, MEETING),
            (
                PersonRole.REPORTED_PERSON,
                FactName.RELATION,
                "football coach",
            ),
        ):
            service.set_fact(
                act, case, role, 1, name, value, source=FactSource.REPORTER
            )
        for office in summaries.OFFICES:
            summaries.write_summary(act, case, office, f"For {office}.")
    return case  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", sorted(REFERRAL_ROUTES))
def test_an_office_gets_what_its_row_allows_and_nothing_else(
    house: House, kind: str
) -> None:
    case = note_everything(house)
    gets = load_offices(house.context.settings.data_dir)[kind].gets
    with house.context.database.reading() as session:
        case = session.get_one(Case, case.id)
        told = gather_told(session, house.context, case, kind)
    text = json.dumps(told.to_json(), ensure_ascii=False)
    for part, truth in TRUTHS.items():
        assert (truth in text) == (part in gets), part
    for office in summaries.OFFICES:
        mine = office == kind and Disclosure.SUMMARY in gets
        assert (f"For {office}." in text) == mine


@pytest.mark.parametrize(
    ("name", "value", "is_child"),
    [
        (FactName.IS_CHILD, "yes", True),
        (FactName.AGE, "14", True),
        (FactName.AGE, "41", False),
        (FactName.IS_CHILD, "no", False),
    ],
)
def test_a_child_who_acted_is_called_that_in_letter_and_document(
    house: House, name: FactName, value: str, is_child: bool
) -> None:
    house.partner()
    case = house.case()
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        stored = session.get_one(Case, case.id)
        role = PersonRole.REPORTED_PERSON
        service.set_fact(
            act, stored, role, 1, name, value, source=FactSource.ANALYST
        )
    house.decide(case, "police")
    (message,) = house.mail.messages
    (person,) = message.body["persons"]
    assert (
        person["described_as"] == "child_who_displayed_harmful_behaviour"
    ) == is_child
    heading = "  Child who displayed harmful behaviour:"
    assert (heading in message.text.splitlines()) == is_child


@pytest.mark.parametrize("children", [1, 2])
def test_the_account_of_a_child_who_acted_is_called_that(
    house: House, children: int
) -> None:
    """Where an adult is reported as well, it is not said whose of them it is."""
    house.partner()
    case = house.case()
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        stored = session.get_one(Case, case.id)
        for number, age in ((1, "13"), (2, "13" if children == 2 else "40")):
            service.set_fact(
                act,
                stored,
                PersonRole.REPORTED_PERSON,
                number,
                FactName.AGE,
                age,
                source=FactSource.ANALYST,
            )
        service.add_identifier(
            act,
            stored,
            read_identifier(IdentifierKind.ACCOUNT, "", "wolf_77", "AL"),
            whose=Whose.REPORTED_PERSON,
            source=FactSource.ANALYST,
        )
    house.decide(case, "police")
    text = house.mail.messages[-1].text
    of_child = "Account of the child who displayed harmful behaviour: wolf_77"
    assert (of_child in text) == (children == 2)
    assert ("Account of the reported person: wolf_77" in text) == (
        children == 1
    )


@pytest.mark.parametrize("group", [AgeGroup.ADULT, AgeGroup.FROM_14_TO_17])
def test_an_adult_who_is_affected_is_called_no_child(
    house: House, group: AgeGroup
) -> None:
    """In the letter, in the document, and for the rules."""
    house.partner()
    case = house.case()
    is_adult = group is AgeGroup.ADULT
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        stored = session.get_one(Case, case.id)
        service.set_fact(
            act,
            stored,
            PersonRole.AFFECTED_CHILD,
            1,
            FactName.AGE_GROUP,
            group,
            source=FactSource.ANALYST,
        )
        known = stored.facts.get("victim", {})
        assert known.get("is_adult") is (True if is_adult else None)
    house.decide(case, "police")
    (message,) = house.mail.messages
    (person,) = message.body["persons"]
    called = "affected_adult" if is_adult else "affected_child"
    assert person["described_as"] == called
    heading = "Affected person, an adult:" if is_adult else "Affected child:"
    assert f"  {heading}" in message.text.splitlines()


def test_another_affected_person_may_be_a_child_all_the_same(
    house: House,
) -> None:
    case = house.case()
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        stored = session.get_one(Case, case.id)
        for number, group in ((1, AgeGroup.ADULT), (2, AgeGroup.UNDER_4)):
            service.set_fact(
                act,
                stored,
                PersonRole.AFFECTED_CHILD,
                number,
                FactName.AGE_GROUP,
                group,
                source=FactSource.ANALYST,
            )
        assert "is_adult" not in stored.facts.get("victim", {})


def test_summaries_are_written_for_those_who_get_them() -> None:
    assert set(summaries.OFFICES) == {
        kind
        for kind, office in load_offices().items()
        if Disclosure.SUMMARY in office.gets
    }


def test_the_police_letter_names_who_is_concerned(house: House) -> None:
    case = note_everything(house)
    house.partner()
    house.decide(case, "police")
    (message,) = house.mail.messages
    words = " ".join(message.text.split())
    for said in (
        "SUMMARY FOR YOU For police.",
        f"Next meeting: {MEETING} (said by the reporter)",
        "Relation: football coach",
        f"Telephone of the affected child: {CHILD_PHONE}",
        f"Account of the reported person: @{THEIR_ACCOUNT} (Snapchat)",
    ):
        assert said in words, words


def test_what_leaves_is_what_was_approved(house: House) -> None:
    """Something is noted between approval and delivery: the letter does not hold it."""
    case = note_everything(house)
    police = house.partner(approved=False)
    house.approve(house.request(case, "police", partner=police))
    house.note_of_people(case, "police", "Added later.")
    referral = house.only(Referral)
    with house.context.database.reading() as session:
        told = open_told(
            session, house.context, session.get_one(Referral, referral.id)
        )
    assert told.summary == "For police."


def test_nobody_approves_what_was_written_after_they_looked(
    house: House,
) -> None:
    case = note_everything(house)
    house.partner()
    plan = house.request(case, "police")
    with house.context.database.reading() as session:
        read = digest_of_people(session, session.get_one(Case, case.id))
    house.now = house.now.replace(minute=house.now.minute + 1)
    house.note_of_people(case, "police", "Something else.")
    person = house.person("besnik")
    with (
        pytest.raises(Conflict, match="changed since you looked"),
        house.context.database.writing() as session,
    ):
        planning.approve_plan(
            Act(session, house.context, person.actor, house.now),
            session.get_one(Plan, plan.id),
            read_people=read,
        )
    assert house.all(Referral) == []


def test_an_office_that_wants_more_gets_an_answer_and_can_still_act(
    house: House,
) -> None:
    case = note_everything(house)
    house.partner()
    house.decide(case, "police")
    answer(house, "want_more", "Which school?")
    house.note_of_people(case, "police", "She goes to the school at the lake.")
    with house.context.database.writing() as session:
        referrals.give_more(
            Act(session, house.context, "person:sara", house.now),
            session.get_one(Referral, house.only(Referral).id),
            "The one at the lake.",
        )
    house.work()
    first, second = house.mail.messages
    assert first.subject == second.subject  # the same reference
    assert "OUR ANSWER TO YOUR QUESTION\nThe one at the lake." in second.text
    assert "She goes to the school at the lake." in second.text
    assert house.only(Referral).state == "delivered"
    page = signed_in(house, "sara").get(
        f"/console/cases/{case.reference}?lang=en"
    )
    assert page.text.count("First message") == 1
    assert page.text.count("Further message") == 1
    answer(house, "want_more", "And the name?")
    answer(house, "take_up", "")
    assert house.only(Referral).state == "taken_up"


def answer(house: House, verb: str, note: str) -> None:
    with house.context.database.writing() as session:
        referrals.store_answer(
            Act(session, house.context, "partner", house.now),
            session.get_one(Referral, house.only(Referral).id),
            verb,
            note=note,
        )


def test_the_second_person_reads_and_approves_in_the_browser(
    house: House,
) -> None:
    case = note_everything(house)
    house.partner()
    plan = house.request(case, "police")
    client = signed_in(house, "sara")
    page = client.get(f"/console/cases/{case.reference}/plans/{plan.id}")
    text = page.get_data(as_text=True)
    assert MEETING in text
    assert "For police." in text
    approve = f"/console/cases/{case.reference}/plans/{plan.id}/approve"
    client.post(approve)  # without having read
    assert house.all(Referral) == []
    with house.context.database.reading() as session:
        read = digest_of_people(session, session.get_one(Case, case.id))
    assert f'name="read_people" value="{read}"' in text
    client.post(approve, data={"read_people": read})
    assert house.only(Referral).kind == "police"


def test_the_second_person_reads_of_people_as_the_letter_calls_them(
    house: House,
) -> None:
    case = house.case()
    house.partner()
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        stored = session.get_one(Case, case.id)
        for number, age in ((1, "14"), (2, "41")):
            role, name = PersonRole.REPORTED_PERSON, FactName.AGE
            service.set_fact(
                act, stored, role, number, name, age, source=FactSource.ANALYST
            )
    plan = house.request(case, "police")
    page = (
        signed_in(house, "sara")
        .get(f"/console/cases/{case.reference}/plans/{plan.id}?lang=en")
        .get_data(as_text=True)
    )
    assert "<h3>Child who displayed harmful behaviour</h3>" in page
    assert "<h3>Reported person 2</h3>" in page


def signed_in(house: House, username: str) -> Any:
    app = create_app(house.context)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    person = house.person(username, "supervisor")
    with house.context.database.writing() as session:
        token = sessions.open_session(
            session, session.merge(person), utc_now()
        )
    client.set_cookie(COOKIE, token, path="/console")
    return client


def test_what_was_told_is_forgotten_with_the_case(house: House) -> None:
    case = note_everything(house)
    house.partner()
    house.decide(case, "police")
    assert forgotten(house) == 0
    with house.context.database.writing() as session:
        session.get_one(Case, case.id).state = "closed"
        for report in session.scalars(select(Report)):
            report.erased_at = house.now
    assert forgotten(house) == 1
    with house.context.database.reading() as session:
        referral = session.get_one(Referral, house.only(Referral).id)
        assert open_told(session, house.context, referral).people == ()
    assert forgotten(house) == 0


def forgotten(house: House) -> int:
    with house.context.database.writing() as session:
        return forget_told(session, house.context, now=house.now)
