"""Planning and closing many cases at once, and finding what was sent: rules of one case hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from partners.notices.models import Notice
from partners.plans.bulk import DEEDS
from partners.referrals.models import Plan, Referral
from tests.support.house import House
from triage.cases.bulk.running import run_bulk
from triage.cases.models import Case
from workers.app import create_app

Sign = Callable[..., FlaskClient]
TABLE = {deed.name: deed for deed in DEEDS}


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("console",)}


@pytest.fixture
def sign_in(house: House, monkeypatch: pytest.MonkeyPatch) -> Sign:
    for module in (
        "hotline.accounts.signing_in.auth",
        "hotline.accounts.signing_in.standing",
        "triage.console.queue.bulk_pages",
        "triage.console.search.pages",
    ):
        monkeypatch.setattr(f"{module}.utc_now", lambda: house.now)
    house.jobs["bulk.run"] = lambda task: run_bulk(task, deeds=TABLE)
    app = create_app(house.context)

    def signed(username: str, role: str = "analyst") -> FlaskClient:
        person = house.person(username, role)
        with house.context.database.writing() as session:
            token = sessions.open_session(session, person, house.now)
        client = app.test_client()
        client.set_cookie(COOKIE, token, path="/console")
        client.set_cookie("lang", "en")
        return client

    return signed


def post(client: FlaskClient, path: str, **form: Any) -> Any:
    found = re.search(
        r'name="csrf_token" value="([^"]+)"', client.get("/console/keys").text
    )
    assert found
    return client.post(path, data={"csrf_token": found[1], **form})


def do_in_bulk(
    house: House, client: FlaskClient, deed: str, **form: Any
) -> str:
    """The page of the act once it is done."""
    drafted = post(
        client, "/console/bulk/draft", deed=deed, reason="One host.", **form
    )
    assert drafted.status_code == 303, drafted.text
    post(client, f"{drafted.location}/ask")
    house.later(minutes=2)
    house.work()
    return str(client.get(drafted.location).text)


def test_a_plan_of_many_waits_for_another_person_each(
    house: House, sign_in: Sign
) -> None:
    house.partner()
    for name in ("one", "two"):
        house.case(name)
    house.case("three", state="waiting")
    client = sign_in("arta")
    choices = post(
        client, "/console/bulk/new", deed="plan", case=["AL-2026-one"]
    )
    assert 'name="route-police"' in choices.text
    page = do_in_bulk(
        house,
        client,
        "plan",
        case=["AL-2026-one", "AL-2026-two", "AL-2026-three"],
        **{"route-police": "1"},
    )
    assert "This case is not assessed yet" in page
    plans = house.all(Plan)
    assert {plan.state for plan in plans} == {"requested"}
    assert len(plans) == 2
    assert all(plan.two_person for plan in plans)
    assert not house.all(Referral)


def test_what_is_watched_or_under_way_is_not_closed(
    house: House, sign_in: Sign
) -> None:
    house.case("one", state="in_progress")
    house.case("two", state="waiting")
    page = do_in_bulk(
        house,
        sign_in("arta"),
        "close",
        case=["AL-2026-one", "AL-2026-two"],
    )
    with house.context.database.reading() as session:
        states = dict(
            session.execute(select(Case.reference, Case.state)).all()
        )
    assert states == {"AL-2026-one": "closed", "AL-2026-two": "waiting"}
    assert "not at a stage from which it can be closed" in page


def test_referrals_notices_and_partners_are_found(
    house: House, sign_in: Sign
) -> None:
    house.partner(name="Cyber police of Tirana")
    case = house.case()
    house.decide(case, "police", "provider_notice")
    (referral,) = house.all(Referral)
    with house.context.database.writing() as session:
        session.get_one(Referral, referral.id).their_reference = "K-77/2026"
    client = sign_in("arta")

    def found(text: str) -> str:
        answer = post(client, "/console/search", q=text)
        return str(answer.location or answer.text)

    here = "/console/cases/AL-2026-one"
    assert found(referral.reference).endswith(here)
    assert found("K-77/2026").endswith(here)
    for notice in house.all(Notice):
        assert found(notice.reference.lower()).endswith(here)
    page = found("cyber POLICE")
    assert "Cyber police of Tirana" in page
    assert "/console/partners?words=" in page
    assert "Nothing was found" in found("%")


def test_each_role_finds_what_it_may(house: House, sign_in: Sign) -> None:
    house.partner(name="Cyber police of Tirana")
    house.case()
    administrator = sign_in("besa", "administrator")
    page = post(administrator, "/console/search", q="cyber police").text
    assert "Cyber police of Tirana" in page
    assert (
        "Nothing was found"
        in post(administrator, "/console/search", q="AL-2026-one").text
    )
    assert (
        post(sign_in("lir", "liaison"), "/console/search", q="x").status_code
        == 403
    )
