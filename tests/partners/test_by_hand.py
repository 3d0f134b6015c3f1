"""What is done by hand is written down; in danger the police are called, and nothing hides it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput
from partners.directory.office_details import set_details
from partners.manual.models import ManualAct
from partners.manual.service import Told, record_act
from tests.support.house import House
from tests.support.routing import ABROAD, HOST, ROUTING
from triage.cases.examination.register import raise_alarm
from triage.cases.listing.tabs import TABS
from triage.cases.merging import merge_cases
from triage.cases.models import Case
from workers.app import create_app

CASE = "/console/cases/AL-2026-one"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("console",)}


def alarm(house: House) -> Case:
    """The only case, where a report has just said that a child is in danger."""
    with house.context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        raise_alarm(session, house.context, case, house.now)
    house.work()
    return house.only(Case)


def record(house: House, **told: Any) -> None:
    given = {
        "route": "police",
        "way": "telephone",
        "outcome": "told",
        "happened_at": house.now,
        "reached": "Officer on duty",
        **told,
    }
    with house.context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        act = Act(session, house.context, "person:arta", house.now)
        record_act(act, case, Told(**given))


def browse(house: House, role: str = "analyst") -> Any:
    person = house.person("arta", role)
    with house.context.database.writing() as session:
        token = sessions.open_session(session, person, utc_now())
    client = create_app(house.context).test_client()
    client.set_cookie(COOKIE, token, path="/console")
    client.set_cookie("lang", "en")
    return client


def post(client: Any, path: str, page: str = CASE, **form: Any) -> Any:
    token = re.search(
        r'name="csrf_token" value="([^"]+)"', client.get(page).text
    )
    assert token
    return client.post(path, data={"csrf_token": token[1], **form})


def test_a_call_that_reached_somebody_settles_it(house: House) -> None:
    house.case(danger_now=True)
    assert alarm(house).awaits_call_since == house.now
    record(house, number="K-12/26")
    assert house.only(Case).awaits_call_since is None
    done = house.only(ManualAct)
    assert (done.reached, done.number) == ("Officer on duty", "K-12/26")
    assert done.recorded_by == "person:arta"


@pytest.mark.parametrize(
    "told",
    [
        {"outcome": "not_reached", "reached": ""},
        {"way": "letter"},
        {"way": "portal"},
        {"route": "other"},
    ],
)
def test_what_is_no_call_to_the_police_settles_nothing(
    house: House, told: dict[str, Any]
) -> None:
    house.case(danger_now=True)
    alarm(house)
    record(house, **told)
    assert house.only(Case).awaits_call_since is not None
    assert len(house.all(ManualAct)) == 1


@pytest.mark.parametrize(
    "told",
    [
        {"reached": " "},
        {"outcome": "not_needed", "note": ""},
        {"outcome": "perhaps"},
        {"way": "pigeon"},
        {"route": "bank"},
        {"happened_at": "later"},
        {"happened_at": "long ago"},
    ],
)
def test_what_says_too_little_is_refused(
    house: House, told: dict[str, Any]
) -> None:
    times = {"later": timedelta(minutes=1), "long ago": timedelta(days=-31)}
    if "happened_at" in told:
        told = {"happened_at": house.now + times[told["happened_at"]]}
    house.case(danger_now=True)
    alarm(house)
    with pytest.raises(InvalidInput):
        record(house, **told)
    assert house.only(Case).awaits_call_since is not None


def test_a_further_report_asks_for_a_call_again_only_after_a_while(
    house: House,
) -> None:
    house.case(danger_now=True)
    alarm(house)
    record(house)
    house.later(hours=11)
    assert alarm(house).awaits_call_since is None
    house.later(hours=2)
    assert alarm(house).awaits_call_since == house.now


def test_a_second_waking_says_that_they_were_telephoned_before(
    house: House,
) -> None:
    house.case(danger_now=True)
    alarm(house)
    browser = browse(house)
    first = "Nobody has done so yet."
    again = "They were telephoned before something new was said"
    page = browser.get(CASE).text
    assert first in page and again not in page
    record(house)
    house.later(hours=13)
    alarm(house)
    page = browser.get(CASE).text
    assert again in page and first not in page


def test_it_stands_above_every_tab_and_first_of_what_is_to_decide(
    house: House,
) -> None:
    house.case(danger_now=True, state="assessed")
    alarm(house)
    browser = browse(house)
    for tab in TABS:
        page = browser.get(f"/console/queue?tab={tab}").text
        assert page.index("AL-2026-one") < page.index('class="tabs"')
    points = browser.get("/console/to-decide").text
    assert "the police are to be telephoned" in points
    record(house)
    page = browser.get("/console/queue?tab=closed").text
    assert "AL-2026-one" not in page
    points = browser.get("/console/to-decide").text
    assert "the police are to be telephoned" not in points


def test_the_case_page_gives_the_number_and_takes_the_record(
    house: House,
) -> None:
    police = house.partner()
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:drita", house.now)
        session.add(police)
        set_details(act, police, telephone="+355 4 222 2222", head_address="")
    house.case(danger_now=True)
    alarm(house)
    browser = browse(house)
    page = browser.get(CASE).text
    assert 'href="tel:+35542222222"' in page
    emergency = house.context.country.police_emergency
    assert f'href="tel:{emergency}"' in page
    refused = post(
        browser, f"{CASE}/by-hand", told_route="police", happened_at="soon"
    )
    assert refused.status_code == 303
    assert house.all(ManualAct) == []
    post(
        browser,
        f"{CASE}/by-hand",
        told_route="police",
        way="telephone",
        outcome="told",
        reached="Officer Hoxha",
        number="K-1",
    )
    assert house.only(ManualAct).reached == "Officer Hoxha"
    assert "tel:" not in browser.get(CASE).text


def test_a_changed_head_of_an_office_is_confirmed_anew(house: House) -> None:
    police = house.partner()
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:drita", house.now)
        session.add(police)
        set_details(act, police, telephone="129", head_address="")
        assert police.approved_at is not None
        set_details(
            act, police, telephone="129", head_address="head@police.example"
        )
        assert police.approved_at is None
        with pytest.raises(InvalidInput):
            set_details(
                act,
                police,
                telephone="129",
                head_address="a@b\nBcc: c@d.example",
            )


def test_the_pages_of_what_is_told_by_hand(house: House) -> None:
    """Through the console: a platform without a channel, an office without an address."""
    office = house.partner(
        "hotline-rs", "hotline", country="RS", approved=False
    )
    platform = {
        **HOST,
        "to": "platform",
        "country": "US",
        "name": "YouTube",
        "after": None,
    }
    case = house.case(routing={**ROUTING, "routes": [ABROAD, platform]})
    house.decide(case, "platform-US")
    house.decide(house.only(Case), "hotline", partner=office)
    browser = browse(house)
    page = browser.get(CASE).text
    assert 'href="https://support.google.com/youtube' in page
    forms = re.findall(r'action="(/console[^"]+/by-hand)"', page)
    assert len(forms) == 3, "one for each of the two, one for anything"
    for path in forms:
        post(
            browser,
            path,
            told_route="other",
            way="telephone",
            outcome="told",
            reached="Somebody",
        )
    assert len(house.all(ManualAct)) == 3
    assert house.referral.state == "delivered"
    assert "Somebody" in browser.get(CASE).text
    house.case("two")
    for path in forms:
        if "/notices/" in path or "/referrals/" in path:
            elsewhere = path.replace("AL-2026-one", "AL-2026-two")
            strange = post(browser, elsewhere, way="letter", outcome="told")
            assert strange.status_code == 404
    assert len(house.all(ManualAct)) == 3


def test_a_call_that_is_due_goes_with_the_case_into_another(
    house: House,
) -> None:
    """What became a part of another case must not be forgotten with it."""
    house.case("two", danger_now=True, state="waiting")
    alarm(house)
    house.case("one", state="waiting")
    person = house.person("arta")
    with house.context.database.writing() as session:
        part, target = session.scalars(
            select(Case).order_by(Case.reference.desc())
        )
        act = Act(session, house.context, "person:arta", house.now)
        merge_cases(act, target, part, person, "the same")
    calls = {
        case.reference: case.awaits_call_since for case in house.all(Case)
    }
    assert calls == {"AL-2026-two": None, "AL-2026-one": house.now}
