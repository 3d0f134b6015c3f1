"""A letter is about what it is about: no word of hosts where nobody hosts it, the day of the report
where a day is told of, and where to call."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.language.languages import SHIPPED, load_languages
from partners.channels.base import Message
from partners.console.attention import list_points
from partners.console.case.diary import PartnersDiary
from partners.directory.models import Partner
from partners.referrals import service as referrals
from partners.referrals.models import Hold, Referral
from partners.states import HoldState
from tests.support.house import House
from triage.cases.models import Case
from triage.cases.people import service
from triage.cases.people.reading.words import read_identifier
from triage.cases.people.vocabulary import (
    FactName,
    FactSource,
    IdentifierKind,
    PersonRole,
    Whose,
)
from triage.hosting.kinds import HostingKind
from triage.items.models import Item
from workers.app import create_app

MAGNET = f"magnet:?xt=urn:btih:{'ab' * 20}&dn=a%20name"
PHONE = "+355 4 222 2222"
OF_HOSTS = re.compile(r"\b(?:the host|Host|Hosted|uploads)\b")
REPORTED = {
    "en": "Reported to us:",
    "sq": "Na u raportua më:",
    "sr-Latn": "Prijavljeno nam je:",
    "sr-Cyrl": "Пријављено нам је:",
    "mk": "Ни беше пријавено:",
}
UNHOSTED = {
    HostingKind.P2P: ("magnet", MAGNET, None, "there is no host"),
    HostingKind.ONION: (
        "onion",
        f"http://{'a' * 56}.onion/",
        f"{'a' * 56}.onion",
        "who hosts it is not known",
    ),
    HostingKind.UNKNOWN: (
        "hash",
        f"pdq:{'ab' * 32}",
        None,
        "Where it lies is not known",
    ),
    HostingKind.NONE: ("phone", "+355691112222", None, "+355691112222"),
}


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("provider",), "contact_phone": PHONE}


def unhosted_case(house: House, kind: HostingKind) -> str:
    """An assessed case of one place without a host; returns what its letter says instead."""
    house.case()
    item_kind, canonical, host, said = UNHOSTED[kind]
    with house.context.database.writing() as session:
        item = session.scalars(select(Item)).one()
        item.kind, item.canonical, item.display = (
            item_kind,
            canonical,
            canonical,
        )
        item.host, item.hosting_kind = host, kind
        item.hosting_country = item.asn = item.abuse_contact = None
        item.observations = []
    return said


def letter_to_police(house: House, language: str = "en") -> Message:
    house.partner(
        languages=[language],
        name="Albanian State Police, Directorate for the Investigation of Cyber Crimes",
    )
    house.decide(house.only(Case), "police")
    return house.mail.messages[-1]


@pytest.mark.parametrize("kind", UNHOSTED)
def test_where_nobody_hosts_it_nothing_is_said_of_a_host(
    house: House, kind: HostingKind
) -> None:
    said = unhosted_case(house, kind)
    text = letter_to_police(house).text
    assert said in text
    rest = text.replace(said, "").replace("facts with", "")
    rest = rest.partition("HOW TO ANSWER")[0]
    assert not OF_HOSTS.search(rest), rest


def test_what_somebody_hosts_waits_for_the_police(house: House) -> None:
    house.case()
    text = letter_to_police(house).text
    assert OF_HOSTS.search(text)
    assert "WHAT WE WAIT FOR" in text


@pytest.mark.parametrize("kind", [HostingKind.NONE, None])
def test_people_decide_on_a_hold_only_of_what_has_a_host(
    house: House, kind: HostingKind | None
) -> None:
    """Of a case in words there is nothing to hold: neither its page nor what is to decide asks."""
    if kind is None:
        house.case()
    else:
        unhosted_case(house, kind)
    letter_to_police(house)
    with house.context.database.writing() as session:
        hold = session.get_one(Hold, house.hold.id)
        hold.state = HoldState.EXPIRED
    with house.context.database.reading() as session:
        case = session.scalars(select(Case)).one()
        due = [step.said for step in PartnersDiary().list_due(session, case)]
        points = [point.why for point in list_points(session)]
    assert ("hold.expired" in points) is (kind is None)
    assert any("hold" in str(said) for said in due) is (kind is None)


def test_holds_of_nothing_leave_room_for_those_of_something(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody decides on the first, which has waited longest, and one point has room."""
    monkeypatch.setattr("partners.console.attention.SHOWN", 1)
    unhosted_case(house, HostingKind.NONE)
    letter_to_police(house)
    house.later(hours=1)
    hosted = house.case("hosted")
    house.decide(hosted, "police")
    with house.context.database.writing() as session:
        for hold in session.scalars(select(Hold)):
            hold.state = HoldState.EXPIRED
    with house.context.database.reading() as session:
        expired = [
            point.case.reference
            for point in list_points(session)
            if point.why == "hold.expired"
        ]
    assert expired == [hosted.reference]


@pytest.mark.parametrize("kind", [*UNHOSTED, None])
def test_the_page_of_the_office_offers_a_hold_only_of_what_has_a_host(
    house: House, monkeypatch: pytest.MonkeyPatch, kind: HostingKind | None
) -> None:
    monkeypatch.setattr("partners.referrals.views.utc_now", lambda: house.now)
    if kind is None:
        house.case()
    else:
        unhosted_case(house, kind)
    page = page_of(house.context, letter_to_police(house))
    assert ("Release the hold" in page) is (kind is None)


@pytest.mark.parametrize("language", ["sq", "sr-Latn", "sr-Cyrl", "mk"])
def test_letter_and_page_name_the_office_alike(
    house: House, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr("partners.referrals.views.utc_now", lambda: house.now)
    house.case()
    message = letter_to_police(house, language)
    (name,) = re.findall(r"(?m)^(?:Për|Za|За|До): (.+)$", message.text)
    assert "Police" not in name
    assert name in page_of(house.context, message)


def page_of(context: Context, message: Message) -> str:
    path = re.search(r"/referral/\S+", message.text)
    assert path is not None
    response = create_app(context).test_client().get(path[0])
    assert response.status_code == 200
    return html.unescape(response.text)


@pytest.mark.parametrize("language", REPORTED)
def test_a_letter_without_places_says_when_it_was_reported(
    house: House, language: str
) -> None:
    """A reporter's "on Saturday" is the Saturday after the report came in."""
    case = house.case()
    with house.context.database.writing() as session:
        item = session.scalars(select(Item)).one()
        item.kind, item.canonical, item.display = "narrative", "", ""
        item.host, item.hosting_country = None, None
    house.note_of_people(case, "police", "They meet on Saturday.")
    message = letter_to_police(house, language)
    (line,) = [
        line
        for line in message.text.splitlines()
        if line.startswith(REPORTED[language])
    ]
    assert re.search(r" \d{4}-\d\d-\d\d \d\d:\d\d CET", line)
    assert message.body["reported"]["count"] == 1
    assert message.body["reported"]["first_at"].endswith("Z")


def test_every_language_that_writes_letters_is_looked_at() -> None:
    with_letters = {
        code
        for code in load_languages(None)
        if (SHIPPED / code / "letters").is_dir()
    }
    assert with_letters | {"en"} == set(REPORTED)


def test_a_letter_says_where_to_call_where_there_is_a_number(
    house: House,
) -> None:
    house.case()
    message = letter_to_police(house)
    assert f", {PHONE}" in message.text.splitlines()[-1]
    assert message.body["sender"]["phone"] == PHONE


@pytest.mark.parametrize("language", REPORTED)
@pytest.mark.parametrize("age", ["14", "41"])
def test_a_unit_is_sent_to_no_police_about_a_child_who_acted(
    house: House, language: str, age: str
) -> None:
    """Whether the police hear of such a child is decided by people, and help comes first."""
    police = {
        "en": "police",
        "sq": "policin",
        "sr-Latn": "policij",
        "sr-Cyrl": "полициј",
        "mk": "полициј",
    }[language]
    unit = house.unit("Berat")
    with house.context.database.writing() as session:
        session.get_one(Partner, unit.id).languages = [language]
    case = house.case_of_a_child_in("Berat")
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        service.set_fact(
            act,
            session.get_one(Case, case.id),
            PersonRole.REPORTED_PERSON,
            1,
            FactName.AGE,
            age,
            source=FactSource.REPORTER,
        )
    house.approve(house.ask_for_unit(unit))
    house.work()
    (message,) = house.mail.messages
    assert message.language == language
    assert (police in message.text) is (age == "41")


def test_question_and_answer_stand_in_their_order(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer above its question would be read as one to something else."""
    monkeypatch.setattr("partners.referrals.views.utc_now", lambda: house.now)
    house.case()
    message = letter_to_police(house)
    said = ["Which school?", "The one at the lake.", "And when?", "At noon."]
    for text in said:
        house.later(minutes=5)
        with house.context.database.writing() as session:
            referral = session.get_one(Referral, house.only(Referral).id)
            is_question = text.endswith("?")
            act = Act(
                session,
                house.context,
                "partner" if is_question else "person:drita",
                house.now,
            )
            if is_question:
                referrals.store_answer(act, referral, "want_more", note=text)
            else:
                referrals.give_more(act, referral, text)
        house.work()
    page = page_of(house.context, message)
    places = [page.index(text) for text in said]
    assert places == sorted(places)


def test_in_danger_a_letter_in_words_says_that_nobody_has_assessed_it(
    house: House,
) -> None:
    """It leaves before anybody has: whoever reads it is to know how sure it is."""
    case = house.case(state="waiting", danger_now=True, outcome={})
    with house.context.database.writing() as session:
        item = session.scalars(select(Item)).one()
        item.kind, item.canonical, item.display = "narrative", "", ""
        item.host, item.hosting_country = None, None
    house.note_of_people(case, "police", "She is in the house at the lake.")
    assert "Not assessed yet" in letter_to_police(house).text


@pytest.mark.parametrize("language", REPORTED)
@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("[2001:db8::7]:443 2026-11-20T15:00:00Z", "[2001:db8::7]:443"),
        ("2001:db8::7 2026-11-20T15:00:00Z", "2001:db8::7"),
        ("192.0.2.7:443 2026-11-20T15:00:00Z", "192.0.2.7:443"),
    ],
)
def test_an_address_and_a_time_stand_as_a_provider_reads_them(
    house: House, language: str, said: str, written: str
) -> None:
    """The port of an IPv6 address is no part of it, and no time is spelled for machines."""
    case = house.case()
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        stored = session.get_one(Case, case.id)
        service.add_identifier(
            act,
            stored,
            read_identifier(IdentifierKind.IP_ADDRESS, "", said, "AL"),
            whose=Whose.REPORTED_PERSON,
            source=FactSource.REPORTER,
        )
        service.set_fact(
            act,
            stored,
            PersonRole.REPORTED_PERSON,
            1,
            FactName.WHEN,
            "2026-11-20T15:00:00Z",
            source=FactSource.REPORTER,
        )
    text = letter_to_police(house, language).text
    assert f": {written}, " in text
    assert text.count("2026-11-20 15:00:00 UTC") == 2
    assert "2026-11-20T" not in text
