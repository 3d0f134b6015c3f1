"""Eight people press the same button at once: on PostgreSQL one of them does it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.context import Context, utc_now
from hotline.core.jobs.task import AlreadyDone, Task
from hotline.core.storage import outbox
from hotline.core.storage.outbox import OutboxEntry
from partners.channels.base import Refused
from partners.directory.models import Partner
from partners.notices.models import Notice
from partners.plans.making.automatic import refer_automatically
from partners.referrals.models import Hold, Plan, Referral
from partners.sending.models import Delivery
from tests.partners.test_automatic import Station
from tests.support.at_once import results_at_once, run_at_once
from tests.support.house import House
from tests.support.routing import FREE_HOST, ROUTE_IDS, ROUTING
from triage.cases.models import Case
from triage.hashlists.uploads.models import HashUpload
from triage.jurisdiction import Route
from workers.app import create_app

AT_ONCE = 8
FREE_HOST_ID = Route.from_json(FREE_HOST).id


@pytest.fixture
def settings() -> dict[str, Any]:
    return {}


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    return make_context("postgresql", rdap_enabled=False)


class Crowd:
    """Eight signed-in supervisors who post the same form in the same moment."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.app = create_app(house.context)
        self.app.config["WTF_CSRF_ENABLED"] = False
        self.tokens = []
        for number in range(AT_ONCE):
            person = house.person(f"person{number}", "supervisor")
            with house.context.database.writing() as session:
                token = sessions.open_session(
                    session, session.merge(person), utc_now()
                )
                self.tokens.append(token)

    def post(self, path: str, data: dict[str, Any]) -> list[int]:
        def act(token: str) -> int:
            client = self.app.test_client()
            client.set_cookie(COOKIE, token, path="/console")
            return client.post(path, data=data).status_code

        return results_at_once(*(partial(act, token) for token in self.tokens))


@pytest.mark.services
def test_of_one_list_one_file_is_announced(house: House) -> None:
    crowd = Crowd(house)
    announced = {"name": "Ours", "why": "From its owner", "whole": "yes"}
    crowd.post("/console/hash-lists/uploads", announced)
    assert house.only(HashUpload).name == "Ours"


@pytest.mark.services
def test_one_plan_one_referral_one_notice_one_hold(house: House) -> None:
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


@pytest.mark.services
def test_one_contact_is_named_and_one_letter_leaves(house: House) -> None:
    case = house.case(
        abuse_contact=None, routing={**ROUTING, "routes": [FREE_HOST]}
    )
    house.decide(case, FREE_HOST_ID)
    notice = house.notice
    assert notice.state == "awaiting_contact"
    statuses = Crowd(house).post(
        f"/console/cases/{case.reference}/notices/{notice.id}/contact",
        {"address": "abuse@named.example"},
    )
    assert set(statuses) == {303}
    assert house.notice.state == "queued"
    assert len(house.all(Delivery)) == len(house.all(Partner)) == 1
    house.now = utc_now()
    house.work()
    assert len(house.mail.messages) == 1


@pytest.mark.services
def test_a_hold_is_extended_and_stays_one(house: House) -> None:
    house.partner()
    case = house.case()
    house.decide(case, "police")
    deadline = house.hold.deadline
    statuses = Crowd(house).post(
        f"/console/cases/{case.reference}/holds/{house.hold.id}/extend",
        {
            "deadline": (utc_now() + timedelta(days=20)).strftime(
                "%Y-%m-%dT%H:%M"
            ),
            "reason": "more to look at",
            "officer_reference": "17",
        },
    )
    assert set(statuses) == {303}
    assert (house.hold.state, house.hold.officer_reference) == ("active", "17")
    assert house.hold.deadline > deadline


@pytest.mark.services
def test_a_failed_delivery_goes_out_again_once(house: House) -> None:
    house.partner()
    case = house.case()
    house.mail.faults = [Refused("550")]
    house.decide(case, "police")
    delivery = house.only(Delivery)
    assert delivery.state == "failed"
    house.later(minutes=1)
    statuses = Crowd(house).post(
        f"/console/cases/{case.reference}/deliveries/{delivery.id}/retry",
        {"again": "yes"},
    )
    assert set(statuses) == {303}
    jobs = [one for one in house.all(OutboxEntry) if one.done_at is None]
    assert [job.job for job in jobs].count("delivery.attempt") == 1
    house.now = utc_now()
    house.work()
    assert len(house.mail.messages) == 2
    assert (house.referral.state, house.only(Delivery).state) == (
        "delivered",
        "sent",
    )


@pytest.mark.services
@pytest.mark.parametrize("is_same_work", [True, False])
def test_the_police_are_told_once_by_the_service_itself(
    house: House, is_same_work: bool
) -> None:
    station = Station(house)
    station.switch_on()
    del house.jobs["referral.automatic"]  # run below, eight at once
    case = station.seen()
    with house.context.database.writing() as session:
        for number in range(1 if is_same_work else AT_ONCE):
            outbox.post_work(
                session,
                "referral.automatic",
                key=f"again:{number}",
                payload={"case_id": str(case.id)},
                now=house.now,
            )
    house.jobs["referral.automatic"] = refer_automatically
    tasks = [
        task for job, task in house.due_tasks() if job == "referral.automatic"
    ]
    results = run_at_once(
        *(partial(refer_automatically, task) for task in most(tasks))
    )
    assert {type(result) for result in results} <= {type(None), AlreadyDone}
    assert len(house.all(Referral)) == len(house.all(Hold)) == 1
    assert len(house.all(Plan)) == len(house.all(Delivery)) == 1


def most(tasks: list[Task]) -> list[Task]:
    """Eight runs of what there is: of each task one, or the last one again and again."""
    return (tasks + tasks[-1:] * AT_ONCE)[:AT_ONCE]
