"""A time without a zone: wherever it is printed, the doubt stands with it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.act import Act
from hotline.core.language.languages import load_languages
from partners.channels.base import Message
from partners.notices.models import Notice
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
from triage.items.models import Item
from triage.locations.understanding import understand_places
from workers.app import create_app

SAID = "203.0.113.7:4662 2026-11-01 10:00"
CLOCK = re.compile(r"2026-11-01[T ]10:00(?::00)?")
CERTAIN = re.compile(
    r'( UTC|Z\b|[^<"\n]{0,3}\(?time zone not stated|", *"zone_stated": ?false)'
)
LETTERS = {
    "en": "TIME ZONE NOT STATED",
    "sq": "ZONA KOHORE NUK U THA",
    "sr-Latn": "VREMENSKA ZONA NIJE NAVEDENA",
    "sr-Cyrl": "ВРЕМЕНСКА ЗОНА НИЈЕ НАВЕДЕНА",
    "mk": "ВРЕМЕНСКАТА ЗОНА НЕ Е НАВЕДЕНА",
}
HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>|datetime="[^"]*"')


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("console", "provider")}


@pytest.fixture
def case(house: House) -> Case:
    """Of an address that somebody used, noted among what leads to people as well."""
    case = house.case()
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        stored = session.get_one(Case, case.id)
        stored.kind = "p2p"
        item = session.scalars(select(Item)).one()
        said = read_identifier(IdentifierKind.IP_ADDRESS, "", SAID, "AL")
        item.kind, item.host = "ip", "203.0.113.7"
        item.canonical = item.display = said.display
        service.add_identifier(
            act,
            stored,
            said,
            whose=Whose.REPORTED_PERSON,
            source=FactSource.REPORTER,
        )
    return case


def bare_clocks(text: str, doubt: str = "") -> list[str]:
    """Where the clock stands without a zone and without the doubt behind it."""
    text = html.unescape(HIDDEN.sub("", text))
    return [
        text[match.start() : match.end() + 60]
        for match in CLOCK.finditer(text)
        if not CERTAIN.match(text, match.end())
        and not (doubt and doubt in text[match.end() : match.end() + 60])
    ]


def test_a_bare_clock_is_noticed() -> None:
    assert bare_clocks("seen 2026-11-01 10:00:00, port 7")
    assert not bare_clocks("seen 2026-11-01 10:00:00 (time zone not stated)")


@pytest.fixture
def pages(house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    for module in ("auth", "standing"):
        monkeypatch.setattr(
            f"hotline.accounts.signing_in.{module}.utc_now", lambda: house.now
        )
    client = create_app(house.context).test_client()
    client.set_cookie("lang", "en")
    person = house.person("arta", "analyst")
    with house.context.database.writing() as session:
        token = sessions.open_session(session, person, house.now)
    client.set_cookie(COOKIE, token, path="/console")

    def read(path: str) -> str:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    return read


def console_paths(case: Case) -> Iterator[str]:
    yield "/console/queue"
    yield f"/console/cases/{case.reference}"
    yield f"/console/cases/{case.reference}/people"
    yield "/console/search?q=203.0.113.7"


def test_no_page_of_the_console_shows_it_as_certain(
    case: Case, pages: Callable[..., str]
) -> None:
    shown = 0
    for path in console_paths(case):
        page = pages(path)
        shown += bool(CLOCK.search(page))
        assert not bare_clocks(page), path
    assert shown >= 2


def test_nor_does_the_page_on_which_the_second_person_approves_it(
    house: House, case: Case, pages: Callable[..., str]
) -> None:
    house.partner()
    plan = house.request(case, "police", by="besnik")
    page = pages(f"/console/cases/{case.reference}/plans/{plan.id}")
    assert CLOCK.search(page)
    assert not bare_clocks(page)


def test_an_address_that_somebody_used_has_no_host_on_the_page(
    case: Case, pages: Callable[..., str]
) -> None:
    page = pages(f"/console/cases/{case.reference}")
    assert "<dt>Hosting</dt><dd>Peer-to-peer</dd>" in re.sub(
        r"\s*\n\s*", "", page
    )
    assert "<dt>Host</dt>" not in page


@pytest.mark.parametrize("language", sorted(load_languages()))
def test_no_letter_and_no_document_tells_it_as_certain(
    house: House, case: Case, language: str
) -> None:
    house.partner(languages=[language])
    house.decide(case, "police")
    message = house.mail.messages[-1]
    assert CLOCK.search(message.text)
    assert not bare_clocks(message.text, LETTERS[language])
    # Among the places it stands with both readings; a second time would look like another use.
    assert message.text.count(LETTERS[language]) == 1
    items, identifiers = message.body["items"], message.body["identifiers"]
    for used in (items[0]["used"], identifiers[0]["used"]):
        assert used["time"]["zone_stated"] is False
        assert len(used["time"]["if_local"]) == 1


def test_whoever_reports_reads_it_before_it_is_sent() -> None:
    shown = understand_places([SAID], "", "AL")
    assert not bare_clocks(json.dumps(shown))
    assert "time zone not stated" in json.dumps(shown)


def test_no_notice_is_made_of_it(house: House, case: Case) -> None:
    """The way to the provider is the request to keep data, which has a letter of its own."""
    house.partner()
    house.decide(case, "police")
    assert not house.all(Notice)


@pytest.mark.parametrize(
    "name", [FactName.WHEN, FactName.NEXT_MEETING, FactName.DEADLINE]
)
@pytest.mark.parametrize(
    "noted", ["2026-11-01T10:00", "2026-11-01 10:00", "1.11.2026 10:00"]
)
def test_a_bare_time_noted_of_a_person_has_both_readings(
    house: House, name: FactName, noted: str
) -> None:
    """However it was typed; in the letter and in the document, as of an item."""
    message = tell_fact(house, name, noted)
    (fact,) = message.body["persons"][0]["facts"]
    assert fact["time"] == {
        "as_stated": "2026-11-01T10:00:00",
        "zone_stated": False,
        "if_utc": "2026-11-01T10:00:00Z",
        "local_zone": "Europe/Tirane",
        "if_local": ["2026-11-01T09:00:00Z"],
    }
    for said in (
        LETTERS["en"],
        "if that clock showed UTC: 2026-11-01 10:00",
        "if it showed the time of Europe/Tirane: 2026-11-01 09:00",
    ):
        assert said in message.text


@pytest.mark.parametrize(
    "noted", ["2026-11-01T10:00Z", "2026-11-01T11:00+01:00"]
)
def test_a_time_with_its_zone_is_no_doubt(house: House, noted: str) -> None:
    message = tell_fact(house, FactName.WHEN, noted)
    (fact,) = message.body["persons"][0]["facts"]
    assert fact["time"]["as_stated"] == "2026-11-01T10:00:00Z"
    assert LETTERS["en"] not in message.text


@pytest.mark.parametrize("noted", ["on Saturday at 5", "2026-11-01", "soon"])
def test_other_words_are_no_time(house: House, noted: str) -> None:
    message = tell_fact(house, FactName.NEXT_MEETING, noted)
    (fact,) = message.body["persons"][0]["facts"]
    assert fact["time"] is None
    assert LETTERS["en"] not in message.text


def tell_fact(house: House, name: FactName, noted: str) -> Message:
    """The police's letter of a case with one fact about the reported person."""
    house.partner()
    case = house.case()
    with house.context.database.writing() as session:
        service.set_fact(
            Act(session, house.context, "person:arta", house.now),
            session.get_one(Case, case.id),
            PersonRole.REPORTED_PERSON,
            1,
            name,
            noted,
            source=FactSource.ANALYST,
        )
    house.decide(case, "police")
    (message,) = house.mail.messages
    return message
