"""Eight people press the same button at once: on PostgreSQL one of them does it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from hotline.accounts import logins
from hotline.accounts.auth import COOKIE
from hotline.core.context import Context, utc_now
from partners.notices.models import Notice
from partners.referrals.models import Hold, Plan, Referral
from tests.partners.conftest import ROUTE_IDS
from triage.cases.models import Case
from workers.app import create_app

AT_ONCE = 8


@pytest.fixture
def settings() -> dict[str, Any]:
    return {}


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    return make_context("postgresql", rdap_enabled=False)


class Crowd:
    """Eight signed-in supervisors who post the same form in the same moment."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.app = create_app(house.context)
        self.app.config["WTF_CSRF_ENABLED"] = False
        self.tokens = []
        for number in range(AT_ONCE):
            person = house.person(f"person{number}", "supervisor")
            with house.context.database.writing() as session:
                token = logins.open_session(
                    session, session.merge(person), utc_now()
                )
                self.tokens.append(token)

    def post(self, path: str, data: dict[str, Any]) -> list[int]:
        start = threading.Barrier(AT_ONCE)
        statuses: list[int] = []

        def act(token: str) -> None:
            client = self.app.test_client()
            client.set_cookie(COOKIE, token, path="/console")
            start.wait()
            statuses.append(client.post(path, data=data).status_code)

        threads = [
            threading.Thread(target=act, args=(one,)) for one in self.tokens
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return statuses


@pytest.mark.services
def test_one_plan_one_referral_one_notice_one_hold(house: Any) -> None:
    house.partner()
    case = house.case()
    crowd = Crowd(house)
    here = f"/console/cases/{case.reference}"
    routes = [ROUTE_IDS["police"], ROUTE_IDS["provider_notice"]]
    statuses = crowd.post(f"{here}/plan", {"route": routes})
    assert set(statuses) == {303}
    plan = house.only(Plan)
    statuses = crowd.post(f"{here}/plans/{plan.id}/approve", {"sure": "yes"})
    assert set(statuses) == {303, 403}  # whoever asked cannot approve
    assert house.only(Plan).state == "approved"
    assert len(house.all(Referral)) == 1
    assert len(house.all(Notice)) == 1
    assert len(house.all(Hold)) == 1
    statuses = crowd.post(
        f"{here}/holds/{house.hold.id}/release", {"confirm": "yes"}
    )
    assert set(statuses) == {303}
    assert house.hold.state == "released"
    notice = house.notice
    statuses = crowd.post(
        f"{here}/notices/{notice.id}/withdraw", {"reason": "wrong"}
    )
    assert set(statuses) == {303}
    assert house.notice.state == "withdrawn"
    assert house.only(Case).state == "in_progress"
