"""A case of danger that becomes a part of another: the call, the alert and what was done go on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.core.act import Act
from partners.duty.alerts import acknowledge, find_open, list_open
from partners.duty.models import Alert
from partners.plans import merging
from tests.support.house import House
from triage.cases.examination.danger import post_danger
from triage.cases.models import Case


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"smtp_host": "127.0.0.1", "duty_minutes": 10}


def alarm(house: House, case: Case) -> None:
    with house.context.database.writing() as session:
        post_danger(session, session.get_one(Case, case.id), house.now)


def merge(house: House, target: Case, part: Case) -> None:
    person = house.person()
    with house.context.database.writing() as session:
        merging.merge_cases(
            Act(session, house.context, person.actor, house.now),
            session.get_one(Case, target.id),
            session.get_one(Case, part.id),
            person,
            "the same child",
        )


@pytest.mark.parametrize("late", [False, True], ids=["called", "on its way"])
def test_the_alert_and_the_call_wait_in_the_whole(
    house: House, late: bool
) -> None:
    """Also where the report's alarm is raised only after its case became a part."""
    target, part = house.case("one"), house.case("two", danger_now=True)
    alarm(house, part)
    if not late:
        house.work()
    merge(house, target, part)
    house.work()
    with house.context.database.reading() as session:
        whole = session.get_one(Case, target.id)
        alert = find_open(session, whole)
        assert alert is not None and list_open(session) == [alert]
        assert alert.case.reference == whole.reference
        assert whole.danger_now and whole.awaits_call_since is not None
        assert session.get_one(Case, part.id).awaits_call_since is None


def test_who_takes_the_whole_takes_both_its_alerts(house: House) -> None:
    target = house.case("one", danger_now=True)
    part = house.case("two", danger_now=True)
    for case in (target, part):
        alarm(house, case)
    house.work()
    merge(house, target, part)
    assert len(house.all(Alert)) == 2
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        first, _ = list_open(session)
        assert acknowledge(act, first)
        assert list_open(session) == []
    house.later(minutes=timedelta(hours=2).seconds // 60)
    house.work()
    assert {alert.acknowledged_by for alert in house.all(Alert)} == {
        "person:arta"
    }
