"""A further report about a place whose case was decided: what it says waits for a reader."""

from __future__ import annotations

import uuid

import pytest

from hotline.core.act import Act
from partners.console.attention import list_points
from tests.support.house import House
from tests.support.reports import sight_item
from triage.cases.models import Case
from triage.cases.people.reading.opening import open_report
from triage.cases.reports import report_of_case

SAYS = "I know the girl: she is called Ana and lives beside the lake."


def waiting(house: House) -> list[str]:
    with house.context.database.reading() as session:
        return [
            point.case.reference
            for point in list_points(session)
            if point.why == "reporter.reported"
        ]


def report_again(house: House, case: Case, narrative: str = "") -> uuid.UUID:
    house.later(hours=1)
    with house.context.database.writing() as session:
        part = sight_item(
            session,
            house.context,
            session.get_one(Case, case.id).item,
            now=house.now,
            narrative=narrative,
        )
        return part.report_id


@pytest.mark.parametrize("state", ["in_progress", "removed"])
def test_what_it_says_waits_until_a_person_opens_it(
    house: House, state: str
) -> None:
    house.partner()
    case = house.case()
    house.decide(case, "police")
    with house.context.database.writing() as session:
        session.get_one(Case, case.id).state = state
    assert waiting(house) == []
    report_id = report_again(house, case, narrative=SAYS)
    assert waiting(house) == [case.reference]
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        stored = session.get_one(Case, case.id)
        opened = open_report(
            act, stored, report_of_case(session, stored, report_id)
        )
    assert SAYS in opened.texts
    assert waiting(house) == []


def test_a_report_that_says_nothing_asks_for_no_reader(house: House) -> None:
    house.partner()
    case = house.case()
    house.decide(case, "police")
    report_again(house, case)
    assert waiting(house) == []


def test_before_it_is_decided_the_queue_leads_to_it(house: House) -> None:
    case = house.case()
    report_again(house, case, narrative=SAYS)
    assert waiting(house) == []
