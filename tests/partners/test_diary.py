"""One time line of a case: what people asked for, what left, what came back, and what is due."""

from __future__ import annotations

import pytest

from hotline.core.act import Act
from partners.console.case import diary
from partners.console.case.diary import PartnersDiary
from partners.manual.service import Told, record_act
from partners.referrals.holds import release_hold
from partners.referrals.models import Hold, Referral
from partners.states import ReferralState
from tests.support.house import House
from triage.cases.assessing.untouched import read_past
from triage.cases.handling.playbook import Sign
from triage.cases.models import Case
from triage.cases.pages.history.diary import list_elsewhere, tell_history
from workers.app import create_app


def told(house: House, case: Case) -> list[str]:
    with house.context.database.reading() as session:
        case = session.get_one(Case, case.id)
        return [
            happening.said
            for happening in PartnersDiary().list_happenings(session, case)
        ]


def due(house: House, case: Case) -> list[str]:
    with house.context.database.reading() as session:
        case = session.get_one(Case, case.id)
        return [step.said for step in PartnersDiary().list_due(session, case)]


def test_a_case_of_which_nothing_was_told_has_no_entries(
    house: House,
) -> None:
    case = house.case()
    assert told(house, case) == []
    assert due(house, case) == []


def test_of_too_many_steps_the_oldest_are_left_to_the_log(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.partner()
    case = house.case()
    house.decide(case, "police")
    every = told(house, case)
    assert len(every) > 3
    monkeypatch.setattr(diary, "TOLD", 3)
    assert told(house, case) == every[-3:]


def test_plans_holds_releases_and_notices_are_on_the_time_line(
    house: House,
) -> None:
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    other, case = house.case("two"), house.case("one")
    house.decide(case, "police", "provider_notice")
    assert any("hold of the police ends" in step for step in due(house, case))
    with house.context.database.writing() as session:
        hold = session.query(Hold).one()
        act = Act(session, house.context, "person:arta", house.now)
        release_hold(act, hold, reason="by telephone")
    house.work()
    said = told(house, case)
    for words in (
        "Plan: waits for approval",
        "Plan: approved",
        "Referral AL-R-2026-000001, The police: Delivered",
        "Hold: Released",
        "Notice AL-N-2026-000001, The provider: Sent",
    ):
        assert words in said, said
    steps = due(house, case)
    assert any("An answer is expected (AL-R-" in step for step in steps)
    assert any("to have acted (AL-N-" in step for step in steps)
    assert told(house, other) == []


def test_that_a_plan_was_approved_stands_once_on_the_time_line(
    house: House,
) -> None:
    house.partner()
    case = house.case()
    house.decide(case, "police")
    with house.context.database.reading() as session:
        case = session.get_one(Case, case.id)
        past = read_past(session, case)
        diaries = [PartnersDiary()]
        elsewhere = list_elsewhere(session, case, diaries)
        happenings = tell_history(session, case, past, elsewhere, diaries)
        assert "plan_approved" in {entry.event for entry in past.history}
    said = [happening.said for happening in happenings]
    approved = [words for words in said if words.endswith("pproved")]
    assert approved == ["Plan: approved"]


def signs(house: House, case: Case) -> set[Sign]:
    with house.context.database.reading() as session:
        case = session.get_one(Case, case.id)
        return set(PartnersDiary().list_signs(session, case))


def test_who_was_told_is_a_sign_once_they_have_it(house: House) -> None:
    house.partner()
    case = house.case("one")
    house.decide(case, "police")
    assert signs(house, case) == {Sign.POLICE_TOLD}
    with house.context.database.writing() as session:
        session.query(Referral).one().state = ReferralState.QUEUED
    assert signs(house, case) == set()


def test_a_call_is_a_sign_and_a_failed_one_is_none(house: House) -> None:
    case = house.case("one")
    for way, outcome, expected in (
        ("telephone", "not_reached", set()),
        ("letter", "told", {Sign.POLICE_TOLD}),
        ("telephone", "told", {Sign.POLICE_TOLD, Sign.POLICE_CALLED}),
    ):
        with house.context.database.writing() as session:
            act = Act(session, house.context, "person:arta", house.now)
            record_act(
                act,
                session.get_one(Case, case.id),
                Told("police", way, outcome, house.now, reached="Desk"),
            )
        assert signs(house, case) == expected


def test_offices_are_called_in_the_language_of_the_page(house: House) -> None:
    house.partner(name="Child protection unit, Berat")
    case = house.case()
    house.decide(case, "police")
    english = "Child protection unit, Berat"
    assert any(english in step for step in told(house, case))
    with create_app(house.context).test_request_context("/console/?lang=sq"):
        said = told(house, case)
    assert not any(english in step for step in said)
    assert any(
        "Njësia e mbrojtjes së fëmijëve, Berat" in step for step in said
    )
