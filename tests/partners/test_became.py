"""What became of cases: for each person of their own, for the team of all, and no league table."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline.accounts.models import Person
from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.storage.ids import new_id
from partners.became import Became, find_what_became
from partners.referrals import service as referrals
from partners.referrals.following_up.outcomes import store_outcomes
from partners.referrals.models import Referral
from partners.referrals.vocabulary import OfficeOutcome
from tests.support.house import House
from triage.cases.models import Assessment, Case, CaseItem
from triage.cases.vocabulary import PlaceState
from workers.app import create_app


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("console",)}


def assessed_by(house: House, case: Case, person: Person) -> None:
    with house.context.database.writing() as session:
        session.add(
            Assessment(
                id=new_id(),
                case_id=case.id,
                person_id=person.id,
                began_at=house.now - timedelta(minutes=12),
                at=house.now,
                scheme="test",
                version="1",
                answers={"class": "baseline"},
            )
        )


def said(house: House, *outcomes: str) -> None:
    with house.context.database.writing() as session:
        act = Act(session, house.context, "partner", house.now)
        referral = session.get_one(Referral, house.referral.id)
        referrals.store_answer(act, referral, "take_up")
        store_outcomes(act, referral, outcomes)


def gone(house: House, case: Case) -> None:
    with house.context.database.writing() as session:
        (place,) = session.get_one(Case, case.id).places
        place.state = PlaceState.VERIFIED_REMOVED
        place.state_since = house.now


def became(house: House, person: Person | None = None) -> Became:
    with house.context.database.reading() as session:
        since = house.now - timedelta(days=30)
        return find_what_became(session, since, person)


def told_case(house: House) -> Case:
    house.partner()
    case = house.case()
    house.decide(case, "police")
    return case


def test_of_ones_own_cases_and_of_all(house: House) -> None:
    arta, besnik = house.person("arta"), house.person("besnik")
    case = told_case(house)
    assessed_by(house, case, arta)
    assert became(house, arta).is_empty and became(house).is_empty
    said(house, "child_found", "thanks", "passed_on")
    gone(house, case)
    for whose in (arta, None):
        found = became(house, whose)
        assert found.removed == 1
        assert {what for what, n in found.outcomes.items() if n} == {
            OfficeOutcome.CHILD_FOUND,
            OfficeOutcome.THANKS,
        }
        assert {one.what for one in found.latest} == {
            "removed",
            "child_found",
            "thanks",
        }
    assert became(house, besnik).is_empty
    house.later(days=31)
    assert became(house).is_empty


def test_of_a_case_that_became_a_part_of_another(house: House) -> None:
    arta = house.person("arta")
    whole = told_case(house)
    part, between = house.case("two"), house.case("three")
    assessed_by(house, part, arta)
    said(house, "child_safe")
    assert became(house, arta).is_empty
    with house.context.database.writing() as session:
        session.get_one(Case, part.id).merged_into_id = between.id
        session.get_one(Case, between.id).merged_into_id = whole.id
    assert became(house, arta).outcomes[OfficeOutcome.CHILD_SAFE] == 1


def test_what_came_back_is_not_gone(house: House) -> None:
    case = told_case(house)
    gone(house, case)
    assert became(house).removed == 1
    with house.context.database.writing() as session:
        (place,) = session.query(CaseItem).where(CaseItem.case_id == case.id)
        place.state = PlaceState.CAME_BACK
    assert became(house).removed == 0


def page_of(house: House, role: str, language: str = "en") -> str:
    app = create_app(house.context)
    client: FlaskClient = app.test_client()
    client.set_cookie("lang", language)
    person = house.person(f"{role}-reads-{language.lower()}", role)
    with house.context.database.writing() as session:
        found = session.get_one(Person, person.id)
        token = sessions.open_session(session, found, house.now)
    client.set_cookie(COOKIE, token, path="/console")
    answer = client.get("/console/what-became")
    assert answer.status_code == 200
    return answer.text


def test_only_the_supervisor_sees_the_load_and_nobody_a_name(
    house: House,
) -> None:
    house.now = utc_now()
    case = told_case(house)
    for name in ("arta", "besnik"):
        person = house.person(name)
        assessed_by(house, case, person)
    page = page_of(house, "supervisor")
    assert "The load of the team" in page
    load = page.partition("The load of the team")[2]
    assert "<dd>2</dd>" in load and "<dd>0.4</dd>" in load
    for language in ("sq", "sr-Latn", "mk"):
        assert "<dd>0,4</dd>" in page_of(house, "supervisor", language)
    for name in ("arta", "besnik"):
        assert name not in page.casefold()
    for role in ("analyst", "senior"):
        page = page_of(house, role)
        assert "The load of the team" not in page
        assert "Of cases that you assessed" in page
