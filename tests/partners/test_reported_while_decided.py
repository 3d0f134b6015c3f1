"""A further report about a place whose case was decided: what it says waits for a reader."""

from __future__ import annotations

import uuid
from importlib import import_module

import pytest
from sqlalchemy import delete, select, text

from hotline.core.act import Act
from hotline.core.storage.ids import new_id
from hotline.intake.models import Report
from partners.console.attention import list_points
from tests.support.house import House
from tests.support.reports import sight_item
from triage.cases.examination.sightings import take_reports_in
from triage.cases.keeping.models import LateReport
from triage.cases.keeping.unread import drop_settled_reports
from triage.cases.models import Assessment, Case
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
        stored = session.get_one(Case, case.id)
        part = sight_item(
            session,
            house.context,
            stored.item,
            now=house.now,
            narrative=narrative,
        )
        act = Act(session, house.context, "system", house.now)
        take_reports_in(act, stored, [part.report])
        return part.report_id


def late(house: House) -> list[uuid.UUID]:
    """What is kept to be found, once what is settled was dropped."""
    with house.context.database.writing() as session:
        drop_settled_reports(session, limit=100)
        return list(session.scalars(select(LateReport.report_id)))


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
    assert late(house) == [report_id]
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        stored = session.get_one(Case, case.id)
        opened = open_report(
            act, stored, report_of_case(session, stored, report_id)
        )
    assert SAYS in opened.texts
    assert waiting(house) == []
    assert late(house) == []


def test_a_report_that_says_nothing_asks_for_no_reader(house: House) -> None:
    house.partner()
    case = house.case()
    house.decide(case, "police")
    report_again(house, case)
    assert waiting(house) == []


def test_what_came_between_decision_and_plan_waits_as_well(
    house: House,
) -> None:
    house.partner()
    case = house.case()
    report_id = report_again(house, case, narrative=SAYS)
    # As long as people are about to plan, the queue leads to it.
    assert waiting(house) == []
    assert late(house) == [report_id]
    house.decide(case, "police")
    assert waiting(house) == [case.reference]


def test_a_case_that_was_closed_comes_back_with_what_nobody_read(
    house: House,
) -> None:
    house.partner()
    case = house.case()
    house.decide(case, "police")
    report_id = report_again(house, case, narrative=SAYS)
    with house.context.database.writing() as session:
        session.get_one(Case, case.id).state = "closed"
    assert waiting(house) == []
    assert late(house) == [report_id]
    with house.context.database.writing() as session:
        session.get_one(Case, case.id).state = "in_progress"
    assert waiting(house) == [case.reference]


@pytest.mark.parametrize("ended", ["not_illegal", "assessed_again", "erased"])
def test_nothing_is_kept_of_what_nobody_has_to_read_any_more(
    house: House, ended: str
) -> None:
    house.partner()
    case = house.case()
    house.decide(case, "police")
    report_id = report_again(house, case, narrative=SAYS)
    house.later(hours=1)
    with house.context.database.writing() as session:
        if ended == "not_illegal":
            session.get_one(Case, case.id).state = "not_illegal"
        elif ended == "erased":
            session.get_one(Report, report_id).erased_at = house.now
        else:
            session.add(
                Assessment(
                    id=new_id(),
                    case_id=case.id,
                    person_id=house.person("besnik").id,
                    at=house.now,
                    scheme="test",
                    version="1",
                    answers={},
                )
            )
    assert late(house) == []


def test_what_came_before_the_table_was_there_is_in_it(house: House) -> None:
    house.partner()
    case = house.case()
    house.decide(case, "police")
    report_id = report_again(house, case, narrative=SAYS)
    report_again(house, case)
    migration = import_module("workers.migrations.versions.0070_what_waits")
    with house.context.database.writing() as session:
        session.execute(delete(LateReport))
        session.execute(text(migration.LATE))
    assert late(house) == [report_id]
    assert waiting(house) == [case.reference]


def test_before_it_is_decided_the_queue_leads_to_it(house: House) -> None:
    case = house.case(state="waiting")
    report_again(house, case, narrative=SAYS)
    assert waiting(house) == []
    assert late(house) == []
