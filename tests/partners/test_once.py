"""One letter for one case and office, one notice for one place and host, whatever people ask."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.errors import Conflict, HotlineError, InvalidInput
from partners.channels.base import Refused
from partners.directory.kinds import KIND_OF_ROUTE
from partners.directory.models import Partner
from partners.notices.models import Notice
from partners.plans.making import planning
from partners.referrals import service as referrals
from partners.referrals.following_up import withdrawal
from partners.referrals.models import DONE_WITH, Plan, Referral
from partners.referrals.telling.offices import REFERRAL_ROUTES
from tests.support.at_once import run_at_once
from tests.support.house import House
from tests.support.routing import HOST, POLICE, ROUTING
from triage.cases.models import Case
from triage.jurisdiction import Route
from workers.app import create_app

OFFICES = sorted(REFERRAL_ROUTES)
ROUTES = [{**POLICE, "to": office, "after": None} for office in OFFICES]
IDS = {route["to"]: Route.from_json(route).id for route in ROUTES}
HOST_ID = Route.from_json({**HOST, "after": None}).id
WHY = "A meeting was named since"


@pytest.fixture(params=["sqlite", "postgresql"])
def context(
    request: pytest.FixtureRequest, make_context: Callable[..., Context]
) -> Context:
    return make_context(request.param, rdap_enabled=False, package_at="")


def open_case_of_all(house: House) -> Case:
    """A case of which every kind of office may be told, and every kind of office."""
    for office in OFFICES:
        house.partner(office, KIND_OF_ROUTE[office], name=office)
    routes = [*ROUTES, {**HOST, "after": None}]
    return house.case(
        facts={"victim": {"country": "AL", "municipality": "Vlorë"}},
        routing={**ROUTING, "routes": routes},
    )


def ask(
    house: House,
    case: Case,
    offices: list[str],
    again: str = "",
    codes: dict[str, str] | None = None,
) -> Plan:
    partners = {partner.code: partner.id for partner in house.all(Partner)}
    codes = codes or {}
    chosen = {
        IDS[office]: partners[codes.get(office, office)] for office in offices
    }
    with house.context.database.writing() as session:
        return planning.request_plan(
            Act(session, house.context, house.person().actor, house.now),
            session.get_one(Case, case.id),
            chosen,
            note="",
            again=dict.fromkeys(chosen, again),
        )


def tell_all(house: House) -> Case:
    case = open_case_of_all(house)
    house.approve(ask(house, case, OFFICES))
    house.work()
    assert len(house.mail.messages) == len(OFFICES)
    return case


def state_all(house: House, state: str) -> None:
    with house.context.database.writing() as session:
        session.execute(update(Referral).values(state=state))


@pytest.mark.services
def test_the_same_plan_again_tells_no_office_a_second_time(
    house: House,
) -> None:
    case = tell_all(house)
    for state in {row.state for row in house.all(Referral)} | {
        "approved",
        "queued",
        "delivered",
        "acknowledged",
        "taken_up",
        "more_wanted",
        "failed",
    }:
        state_all(house, state)
        for office in OFFICES:
            with pytest.raises(Conflict, match=r"AL-R-2026-0000\d\d"):
                ask(house, case, [office])
        with pytest.raises(Conflict, match="already"):
            ask(house, case, OFFICES)
    assert len(house.all(Referral)) == len(OFFICES)


@pytest.mark.services
@pytest.mark.parametrize("state", DONE_WITH)
def test_an_office_that_is_done_with_it_gets_a_letter_that_names_the_first(
    house: House, state: str
) -> None:
    case = tell_all(house)
    state_all(house, state)
    before = {row.partner_id: row.reference for row in house.all(Referral)}
    house.approve(ask(house, case, OFFICES))
    house.work()
    later = house.mail.messages[len(OFFICES) :]
    assert len(later) == len(OFFICES)
    for message, referral in zip(later, house.all(Referral)[9:], strict=True):
        # What was taken back is no letter that another could follow.
        earlier = [] if state == "withdrawn" else [before[referral.partner_id]]
        assert message.body["further_to"] == earlier
        assert ("Further to our referral" in message.text) == bool(earlier)
        assert "Why we write again" not in message.text


@pytest.mark.services
def test_a_person_who_says_why_may_tell_an_office_once_more(
    house: House,
) -> None:
    case = tell_all(house)
    house.approve(ask(house, case, OFFICES, again=WHY))
    house.work()
    for message in house.mail.messages[len(OFFICES) :]:
        (earlier,) = message.body["further_to"]
        assert f"Further to our referral: {earlier}" in message.text
        assert f"Why we write again: {WHY}" in message.text
        assert message.body["further_reason"] == WHY
        # The first letter to the same office is nobody else's.
        assert message.text.count(earlier) == 1
    assert len(house.mail.messages) == 2 * len(OFFICES)
    for message in house.mail.messages[: len(OFFICES)]:
        assert message.body["further_to"] == []
        assert "Further to" not in message.text


def test_one_plan_does_not_go_to_one_office_twice(house: House) -> None:
    case = open_case_of_all(house)
    with pytest.raises(InvalidInput, match="same office"):
        ask(house, case, ["hotline", "ncmec"], codes={"ncmec": "hotline"})


@pytest.mark.services
def test_what_was_told_after_the_question_is_left_out_at_the_answer(
    house: House,
) -> None:
    case = open_case_of_all(house)
    plan = ask(house, case, ["police", "helpline"])
    tell_by_service(house, case)
    house.approve(plan)
    house.work()
    kinds = Counter(row.kind for row in house.all(Referral))
    assert kinds == {"police": 1, "helpline": 1}
    (decided,) = [row for row in house.all(Plan) if row.id == plan.id]
    assert [route["to"] for route in decided.routes] == ["helpline"]


@pytest.mark.services
def test_a_plan_of_which_all_was_told_meanwhile_is_done_with(
    house: House,
) -> None:
    case = open_case_of_all(house)
    plan = ask(house, case, ["police"])
    tell_by_service(house, case)
    house.approve(plan)
    (decided,) = [row for row in house.all(Plan) if row.id == plan.id]
    assert decided.state == "superseded"
    assert house.referral.kind == "police"


def tell_by_service(house: House, case: Case) -> None:
    """As a known match has the police told, beside the plan of people."""
    with house.context.database.writing() as session:
        act = Act(session, house.context, "system", house.now)
        stored = session.get_one(Case, case.id)
        police = session.scalars(
            select(Partner).where(Partner.code == "police")
        ).one()
        plan = Plan(
            id=uuid.uuid4(),
            case_id=case.id,
            case=stored,
            routes=[{**ROUTES[OFFICES.index("police")]}],
            requested_at=house.now,
            requested_by="system",
            two_person=False,
        )
        plan.routes[0]["partner_id"] = str(police.id)
        act.begin(plan)
        act.advance(plan, "approved")
        referrals.create_referral(act, plan, plan.planned_routes[0])


# notices


def test_a_host_that_was_told_is_told_again_only_for_a_reason(
    house: House,
) -> None:
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    case = house.case(routing={**ROUTING, "routes": [{**HOST, "after": None}]})
    house.decide(case, HOST_ID)
    for state in ("failed", "disputed", "escalated"):
        with house.context.database.writing() as session:
            session.execute(update(Notice).values(state=state))
        with pytest.raises(Conflict, match="under way"):
            house.request(case, HOST_ID)
    house.decide(case, HOST_ID, again="They say it is gone, and it is not")
    assert len(house.all(Notice)) == 2
    # The second is under way, and no reason makes a third.
    with pytest.raises(Conflict, match="under way"):
        house.request(case, HOST_ID, again="once more")


def test_who_hosts_it_now_was_told_nothing_by_the_notice_before(
    house: House,
) -> None:
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    case = house.case(routing={**ROUTING, "routes": [{**HOST, "after": None}]})
    house.decide(case, HOST_ID)
    with house.context.database.writing() as session:
        session.execute(update(Notice).values(state="escalated"))
        item = session.get_one(Case, case.id).item
        item.abuse_contact = "abuse@other.example"
    house.decide(case, HOST_ID)
    assert [row.desk for row in house.all(Notice)] == [
        "abuse@isp.example",
        "abuse@other.example",
    ]


# any order of acts, and at once

ACTS = ("ask", "why", "approve", "answer", "close", "withdraw", "fail", "work")


@hypothesis_settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    acts=st.lists(
        st.tuples(st.sampled_from(ACTS), st.sampled_from(OFFICES)),
        min_size=4,
        max_size=14,
    )
)
def _interleave(
    house: House, told: Counter[str], acts: list[tuple[str, str]]
) -> None:
    case = house.only(Case)
    with house.context.database.writing() as session:
        session.execute(update(Plan).values(state="withdrawn"))
        session.execute(update(Referral).values(state="closed"))
    for name, office in [*acts, ("approve", "")]:
        try:
            do(house, case, name, office)
        except HotlineError:
            told[f"{name} refused"] += 1
        check_letters(house, told)


def test_no_order_of_acts_gives_an_office_two_letters(house: House) -> None:
    told: Counter[str] = Counter()
    open_case_of_all(house)
    _interleave(house, told)
    # Of a house that tells nobody it would hold as well.
    assert told["open"] > 20 and told["again"] > 3, told
    assert told["ask refused"] > 3, told


def do(house: House, case: Case, name: str, office: str) -> None:
    if name == "approve":
        for plan in house.all(Plan):
            if plan.state == "requested":
                house.approve(plan)
        return
    if name in ("ask", "why"):
        ask(house, case, [office], again=WHY if name == "why" else "")
        return
    if name == "fail":
        house.mail.faults = [Refused("550")]
        return
    if name == "work":
        house.later(days=1)
        house.work()
        return
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:drita", house.now)
        for referral in referrals.list_referrals(session, case.id):
            if referral.kind != office or referral.state in DONE_WITH:
                continue
            if name == "withdraw":
                withdrawal.withdraw_referral(act, referral, "Wrong")
            else:
                verb = {"answer": "take_up", "close": "close"}[name]
                referrals.store_answer(act, referral, verb)


def check_letters(house: House, told: Counter[str]) -> None:
    """Of the letters that an office is not done with, all but the first say why."""
    by_office: Counter[uuid.UUID] = Counter()
    plans = {plan.id: plan for plan in house.all(Plan)}
    for referral in house.all(Referral):
        (route,) = [
            route
            for route in plans[referral.plan_id].routes
            if route["partner_id"] == str(referral.partner_id)
        ]
        if referral.state not in DONE_WITH and not route.get("again_reason"):
            by_office[referral.partner_id] += 1
        told["again"] += bool(route.get("again_reason"))
    told["open"] += sum(by_office.values())
    assert not by_office or max(by_office.values()) == 1


@pytest.mark.services
@pytest.mark.parametrize("context", ["postgresql"], indirect=True)
def test_of_many_who_ask_and_approve_at_once_one_tells(house: House) -> None:
    case = open_case_of_all(house)
    offices = ["police", "helpline"]
    plan = ask(house, case, offices)
    people = [house.person(name, "supervisor") for name in ("a", "b", "c")]
    acts: list[Callable[[], object]] = [
        partial(house.approve, plan, by=person.username) for person in people
    ]
    acts += [partial(ask, house, case, offices)] * 3
    results = run_at_once(*acts)
    refused = [r for r in results if isinstance(r, HotlineError)]
    assert len(refused) == len(acts) - 1
    assert not [
        r for r in results if isinstance(r, Exception) and r not in refused
    ]
    assert Counter(row.kind for row in house.all(Referral)) == {
        "police": 1,
        "helpline": 1,
    }


# the page


def test_the_page_asks_why_and_shows_it_to_who_approves(house: House) -> None:
    case = tell_all(house)
    first = next(row for row in house.all(Referral) if row.kind == "police")
    app = create_app(house.context)
    app.config["WTF_CSRF_ENABLED"] = False
    page = read(house, app, case)
    assert f'name="again_{IDS["police"]}"' in page
    assert first.reference in page
    ask(house, case, ["police"], again=WHY)
    page = read(house, app, case)
    assert WHY in page and "edhe një herë" in page


def read(house: House, app: Any, case: Case) -> str:
    person = house.person("reader", "supervisor")
    with house.context.database.writing() as session:
        token = sessions.open_session(
            session, session.merge(person), utc_now()
        )
    client = app.test_client()
    client.set_cookie(COOKIE, token, path="/console")
    page = client.get(f"/console/cases/{case.reference}")
    assert page.status_code == 200
    return str(page.text)
