"""People decide in a child's case that the police are not told: then, and only then, may a host be
told without them, and only as long as the rules leave that to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.errors import Conflict, Forbidden, InvalidInput
from hotline.core.storage.audit import AuditEntry
from hotline.intake.values import LONGEST_REASON
from partners.directory.models import Partner
from partners.notices.models import Notice
from partners.referrals.models import Plan, Referral
from tests.support.house import House
from tests.support.routing import HOST, POLICE, ROUTING
from triage.cases.assessing.rounds import begin_new_round
from triage.cases.merging import split_case
from triage.cases.models import Case
from triage.jurisdiction import Route

WHY = (
    "The girl of 15 begs us not to, and her mother agrees; it is one picture."
)
PERSON_DECIDES: Mapping[str, Any] = {**POLICE, "after": "person"}
OF_A_CHILD = {**ROUTING, "routes": [PERSON_DECIDES, HOST]}
PRESERVATION = {**HOST, "to": "preservation_request"}


@pytest.fixture
def case(house: House) -> Case:
    """Police and host are there; the police's route waits for a person."""
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    return house.case(routing=OF_A_CHILD)


def change(house: House, case: Case, **columns: Any) -> None:
    with house.context.database.writing() as session:
        stored = session.get_one(Case, case.id)
        for name, value in columns.items():
            setattr(stored, name, value)


def routing_with(house: House, *routes: Mapping[str, Any]) -> dict[str, Any]:
    return house.by_rules_of_now({**ROUTING, "routes": list(routes)})


def decide_against(house: House, case: Case) -> Plan:
    plan = house.request(case, "provider_notice", without_police=WHY)
    house.approve(plan, by="besnik")
    return plan


def test_two_people_decide_against_the_police_and_the_host_is_told(
    house: House, case: Case
) -> None:
    plan = house.request(case, "provider_notice", without_police=f"  {WHY} ")
    assert [route.without_police for route in plan.planned_routes] == [WHY]
    house.work()
    assert house.held_back()
    with pytest.raises(Forbidden):
        house.approve(plan, by="arta")
    house.approve(plan, by="besnik")
    house.work()
    assert not house.held_back()
    assert house.all(Referral) == []
    assert not house.notice.needs_release


def test_the_log_says_that_it_was_decided_and_not_why(
    house: House, case: Case
) -> None:
    plan = decide_against(house, case)
    with house.context.database.reading() as session:
        entries = (
            session.scalars(
                select(AuditEntry).where(
                    AuditEntry.entity.contains(plan.id.hex)
                )
            ).all()
            or session.scalars(select(AuditEntry)).all()
        )
    details = [entry.details for entry in entries]
    assert any(
        entry.get("without_police") == ["provider_notice"] for entry in details
    )
    assert WHY not in str(details)


@pytest.mark.parametrize("why", ["", "   "])
def test_without_a_reason_nobody_has_decided(
    house: House, case: Case, why: str
) -> None:
    with pytest.raises(InvalidInput, match="only after the police") as refused:
        house.request(case, "provider_notice", without_police=why)
    assert "say why not" in str(refused.value.hint)


def test_a_long_reason_is_cut(house: House, case: Case) -> None:
    plan = house.request(case, "provider_notice", without_police="x" * 9_000)
    (route,) = plan.planned_routes
    assert len(route.without_police) == LONGEST_REASON


@pytest.mark.parametrize("gate", [None, "assessment"])
def test_where_the_rules_want_the_police_no_person_decides_against_them(
    house: House, case: Case, gate: str | None
) -> None:
    wanted = {**POLICE, "after": gate}
    change(house, case, routing=routing_with(house, wanted, HOST))
    with pytest.raises(Conflict, match="cannot be decided here"):
        house.request(case, "provider_notice", without_police=WHY)


def test_nor_where_a_child_is_in_danger(house: House, case: Case) -> None:
    change(house, case, danger_now=True)
    with pytest.raises(Conflict, match="cannot be decided here"):
        house.request(case, "provider_notice", without_police=WHY)


def test_data_is_kept_for_the_police_alone(house: House, case: Case) -> None:
    routing = routing_with(house, PERSON_DECIDES, HOST, PRESERVATION)
    change(house, case, routing=routing)
    with pytest.raises(InvalidInput, match="only after the police"):
        house.request(
            case,
            "provider_notice",
            Route.from_json(PRESERVATION).id,
            without_police=WHY,
        )


def test_who_chooses_the_police_as_well_has_decided_for_them(
    house: House, case: Case
) -> None:
    plan = house.request(case, "police", "provider_notice", without_police=WHY)
    assert not any(route.without_police for route in plan.planned_routes)
    house.approve(plan)
    house.work()
    assert house.held_back()


DANGER = {"danger_now": True}
REOPENED = "a new round"


@pytest.mark.parametrize(
    "what",
    [DANGER, {"gate": None}, {"gate": "assessment"}, {"gate": ""}, REOPENED],
    ids=str,
)
def test_new_facts_between_approval_and_leaving_open_the_question_again(
    house: House, case: Case, what: Any
) -> None:
    """The host's address waits to be confirmed; the case has changed by then."""
    host = unconfirm_host(house)
    decide_against(house, case)
    house.work()
    assert house.held_back()
    if what == REOPENED:
        with house.context.database.writing() as session:
            begin_new_round(session.get_one(Case, case.id))
    elif "gate" in what:
        # "" stands for rules that name no police at all any more.
        police = (
            [{**POLICE, "after": what["gate"]}] if what["gate"] != "" else []
        )
        change(house, case, routing=routing_with(house, *police, HOST))
    else:
        change(house, case, **what)
    house.confirm(host)
    house.work()
    assert house.held_back()


def test_unchanged_it_leaves_once_the_address_is_confirmed(
    house: House, case: Case
) -> None:
    host = unconfirm_host(house)
    decide_against(house, case)
    house.work()
    house.confirm(host)
    house.work()
    assert not house.held_back()


def unconfirm_host(house: House) -> Partner:
    with house.context.database.writing() as session:
        host = session.scalars(
            select(Partner).where(Partner.kind == "provider")
        ).one()
        host.approved_at = None
        return host


def test_danger_between_asking_and_approval_stops_the_approval(
    house: House, case: Case
) -> None:
    plan = house.request(case, "provider_notice", without_police=WHY)
    change(house, case, danger_now=True)
    with pytest.raises(Conflict, match="cannot be decided here"):
        house.approve(plan)
    assert house.all(Notice) == []


def test_whoever_tells_the_police_later_has_decided_otherwise(
    house: House, case: Case
) -> None:
    """What had not left by then waits for their release."""
    host = unconfirm_host(house)
    decide_against(house, case)
    house.decide(case, "police")
    house.confirm(host)
    house.work()
    assert house.held_back()
    assert house.hold.state == "active"


def test_a_case_that_was_decided_so_keeps_its_shape(
    house: House, case: Case
) -> None:
    decide_against(house, case)
    person = house.person("besnik")
    with (
        pytest.raises(Conflict),
        house.context.database.writing() as session,
    ):
        stored = session.get_one(Case, case.id)
        split_case(
            Act(session, house.context, person.actor, house.now),
            stored,
            [stored.item.id],
            person,
            "Two children",
        )


CDN = {**HOST, "to": "cdn_notice"}


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_later_plan_rests_on_the_decision_while_the_routes_are_the_same(
    house: House, case: Case, is_changed: bool
) -> None:
    """Who decided against the police saw the facts of then; on others it is said anew why."""
    change(house, case, routing=routing_with(house, PERSON_DECIDES, HOST, CDN))
    decide_against(house, case)
    if is_changed:
        other = {**PERSON_DECIDES, "urgency": "immediate"}
        change(house, case, routing=routing_with(house, other, HOST, CDN))
        with pytest.raises(InvalidInput, match="released it"):
            house.request(case, Route.from_json(CDN).id)
        plan = house.request(
            case, Route.from_json(CDN).id, without_police="Asked her again."
        )
    else:
        plan = house.request(case, Route.from_json(CDN).id)
    house.approve(plan)
    assert plan.id in {each.id for each in house.all(Plan)}
