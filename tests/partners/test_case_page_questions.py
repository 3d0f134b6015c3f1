"""What one page of a case asks of the database: little, and no more of it for a case with more."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline.core.act import Act
from hotline.core.storage.database import Base
from partners.watching.models import Watch
from tests.support.house import House
from tests.support.pages import store_page
from tests.support.questions import Asked, listening
from tests.support.reports import sight_item
from triage.cases.handling.notes import add_note
from triage.cases.models import Case
from triage.items.models import HostingHop, HostingObservation, Item, Visit
from triage.prints.models import WatchedPrint

MOST = 45
"""Of a case that has everything that the page shows, but of which nobody was told."""
MOST_TOLD = 52
SEEN_AT = "2026-11-01T21:15:00Z"
Ask = Callable[[], Asked]


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("console",)}


@pytest.fixture
def ask(house: House, analyst: FlaskClient) -> Ask:
    """What the page of the only case asks, once the process has read its files."""

    def page() -> Asked:
        address = f"/console/cases/{house.only(Case).reference}?lang=en"
        analyst.get(address)
        with listening(house.context.database.engine) as asked:
            assert analyst.get(address).status_code == 200
        return asked

    return page


def named(asked: Asked) -> Counter[str]:
    """How often each question was asked, but for the one whose time comes by the clock: whether
    the rules have changed."""
    return Counter(
        words for words, _ in asked if "FROM rule_change" not in words
    )


def add_places(house: House, *names: str) -> None:
    """Locations, each with its report and all that the page can tell of one."""
    with house.context.database.writing() as session:
        case = session.get_one(Case, house.only(Case).id)
        for name in names:
            item = store_page(
                session, name, abuse_contact="abuse@isp.example", now=house.now
            )
            part = sight_item(
                session, house.context, item, now=house.now, seen_at=SEEN_AT
            )
            part.report.kind = "csam_image"
            session.add(case.add_item(item, house.now))
            session.flush()
            session.add_all(facts_of(item, case.id, house.now))


def facts_of(item: Item, case_id: uuid.UUID, now: datetime) -> list[Base]:
    """Looks, a second network, a delivery network, a watch and a fingerprint."""
    looks = [
        Visit(
            item_id=item.id,
            at=now + timedelta(hours=number),
            purpose="check",
            outcome="ok",
            status=200,
            report={},
        )
        for number in range(3)
    ]
    return [
        *looks,
        HostingHop(item_id=item.id, number=2, at=now, kind="host"),
        HostingObservation(
            item_id=item.id,
            fact="cdn",
            value="A network",
            source="headers",
            at=now,
            confidence=0.9,
        ),
        Watch(
            item_id=item.id,
            case_id=case_id,
            state="watching",
            state_since=now,
            policy="standard",
            baseline={},
        ),
        WatchedPrint(
            item_id=item.id, kind="pdq", value=item.id.hex * 2, since=now
        ),
    ]


def add_notes(house: House, *words: str) -> None:
    author = house.person("besnik")
    with house.context.database.writing() as session:
        act = Act(session, house.context, author.actor, house.now)
        case = session.get_one(Case, house.only(Case).id)
        for each in words:
            add_note(act, case, author, each)


def test_more_places_reports_and_notes_are_no_more_questions(
    house: House, ask: Ask
) -> None:
    house.case("one")
    add_places(house, "two")
    add_notes(house, "first")
    few = named(ask())
    add_places(house, *(f"more{number}" for number in range(6)))
    add_notes(house, *(f"note {number}" for number in range(6)))
    many = named(ask())
    assert not [words for words, times in many.items() if times > 1]
    assert many.total() == few.total() <= MOST


def test_a_case_that_was_told_asks_no_more_for_more_places(
    house: House, ask: Ask
) -> None:
    house.partner()
    desk = "abuse@isp.example"
    house.partner(f"provider:{desk}", "provider", address=desk)
    house.decide(house.case("one"), "police", "provider_notice")
    add_places(house, "two")
    few = named(ask())
    add_places(house, *(f"more{number}" for number in range(6)))
    many = named(ask())
    assert not [words for words, times in many.items() if times > 1]
    assert many.total() == few.total() <= MOST_TOLD
