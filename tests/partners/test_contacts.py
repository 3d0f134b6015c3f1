"""A contact leaves the house with consent, or in danger for the police, and else never."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput
from hotline.core.storage.audit import AuditEntry
from hotline.intake.models import Report
from partners.referrals.models import Referral
from partners.referrals.telling.offices import (
    REFERRAL_ROUTES,
    Disclosure,
    load_offices,
)
from partners.referrals.telling.told import ToldContact, gather_told, open_told
from tests.support.house import House
from tests.support.reports import receive_report
from triage.cases.models import Case
from triage.cases.people.contacts import list_marks, release_contact
from triage.cases.people.summaries import NOTHING_NOTED, digest_of_people
from triage.items.models import Sighting

CONTACT = "+355 69 000 0000"
WHEN = "weekdays after two"


def reported_by(house: House, *allowed: str, danger_now: bool = False) -> Case:
    """A case that somebody with a contact reported, who allowed these offices to have it."""
    case = house.case(danger_now=danger_now)
    with house.context.database.writing() as session:
        case = session.get_one(Case, case.id)
        report = receive_report(
            session,
            house.context,
            case.item.canonical,
            now=house.now,
            contact=CONTACT,
            contact_terms={
                "pass_to": list(allowed),
                "way": "call",
                "safe_time": WHEN,
            },
        )
        session.add(
            Sighting(
                item_id=case.item.id,
                part_id=report.parts[0].id,
                at=house.now,
            )
        )
    return case  # type: ignore[no-any-return]


def told_contacts(
    house: House, case: Case, kind: str
) -> Sequence[ToldContact]:
    with house.context.database.reading() as session:
        told = gather_told(
            session, house.context, session.get_one(Case, case.id), kind
        )
    return told.contacts


def release(house: House, case: Case, why: str) -> None:
    with house.context.database.writing() as session:
        report = session.scalars(
            select(Report).where(Report.contact.is_not(None))
        ).one()
        act = Act(session, house.context, "person:arta", house.now)
        release_contact(act, session.get_one(Case, case.id), report.id, why)


@pytest.mark.parametrize("kind", sorted(REFERRAL_ROUTES))
def test_an_office_gets_it_where_it_may_and_its_owner_said_yes(
    house: House, kind: str
) -> None:
    everybody = ("police", "helpline", "child_protection_unit")
    case = reported_by(house, *everybody)
    gets = load_offices()[kind].gets
    may = Disclosure.CONTACT in gets
    assert may == (kind in everybody)
    expected = ToldContact(CONTACT, "call", WHEN, "consent")
    assert told_contacts(house, case, kind) == ((expected,) if may else ())


@pytest.mark.parametrize("kind", sorted(REFERRAL_ROUTES))
def test_without_a_yes_it_stays_in_the_house_also_in_danger(
    house: House, kind: str
) -> None:
    case = reported_by(house, danger_now=True)
    assert told_contacts(house, case, kind) == ()


def test_a_yes_to_one_office_is_none_to_another(house: House) -> None:
    case = reported_by(house, "helpline")
    assert told_contacts(house, case, "helpline")
    assert told_contacts(house, case, "police") == ()


def test_in_danger_a_person_may_let_the_police_have_it_and_says_why(
    house: House,
) -> None:
    case = reported_by(house, danger_now=True)
    with pytest.raises(InvalidInput):
        release(house, case, "   ")
    release(house, case, "The child is alone with him.")
    (told,) = told_contacts(house, case, "police")
    assert told.basis == "danger"
    assert told_contacts(house, case, "helpline") == ()
    entries = house.all(AuditEntry)
    (entry,) = [e for e in entries if e.action == "case.contact_released"]
    assert entry.details["why"] == "The child is alone with him."
    assert entry.actor == "person:arta"


def test_without_danger_nobody_can_let_the_police_have_it(
    house: House,
) -> None:
    case = reported_by(house)
    with pytest.raises(Conflict, match="only while a child is in danger"):
        release(house, case, "They asked for it.")
    assert told_contacts(house, case, "police") == ()


def test_a_release_ends_with_the_danger_and_holds_wherever_it_is_decided(
    house: House,
) -> None:
    """Two cases become one: the contact is the report's, and goes with it."""
    case = reported_by(house, danger_now=True)
    release(house, case, "The child is alone with him.")
    with house.context.database.writing() as session:
        session.get_one(Case, case.id).danger_now = False
    assert told_contacts(house, case, "police") == ()
    other = house.case("two", danger_now=True)
    with house.context.database.writing() as session:
        session.get_one(Case, case.id).places[0].case = session.get_one(
            Case, other.id
        )
    assert told_contacts(house, case, "police") == ()
    (told,) = told_contacts(house, other, "police")
    assert told.basis == "danger"


def test_whoever_approves_sees_it_and_the_letter_says_how(
    house: House,
) -> None:
    case = reported_by(house, "police")
    with house.context.database.reading() as session:
        digest = digest_of_people(session, session.get_one(Case, case.id))
        marks = list_marks(session, session.get_one(Case, case.id))
    assert digest != NOTHING_NOTED
    assert not any(CONTACT in mark or WHEN in mark for mark in marks)
    house.partner()
    house.decide(case, "police")
    (message,) = house.mail.messages
    words = " ".join(message.text.split())
    line = f"{CONTACT}, by telephone call, safe: {WHEN} (with their consent)"
    assert line in words
    assert "nothing more about who reported it" in words
    with house.context.database.reading() as session:
        referral = session.scalars(select(Referral)).one()
        assert open_told(session, house.context, referral).contacts


def test_a_letter_without_a_contact_says_nothing_of_who_reported(
    house: House,
) -> None:
    case = reported_by(house, "helpline")
    house.partner()
    house.decide(case, "police")
    (message,) = house.mail.messages
    assert CONTACT not in message.text
    assert "nothing about who reported it" in message.text
    assert CONTACT not in json.dumps(message.body)
