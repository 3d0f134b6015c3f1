"""What an outdated plan may still do: never more, never earlier, and in danger without delay."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from partners.plans.making.basis import (
    CHANGED,
    DECISIVE,
    HELD,
    NOT_NAMED,
    REOPENED,
    LeftOut,
    remainder_of,
    routing_digest,
    why_outdated,
)
from partners.referrals.models import Plan
from tests.support.clock import NOW
from tests.support.items import make_item
from tests.support.routing import ABROAD, FREE_HOST, HOST, POLICE, UNIT
from triage.cases.models import Case
from triage.jurisdiction import Urgency

HELPLINE = {**UNIT, "to": "helpline"}
PARTNER = uuid.UUID(int=7)


def case_with(*routes: Mapping[str, Any], round_: int = 1) -> Case:
    routing = {"routes": [dict(route) for route in routes]}
    case = Case(reference="AL-1", routing=routing, round=round_)
    case.add_item(make_item(), NOW)
    return case


def plan_of(
    case: Case, routes: Sequence[Mapping[str, Any]] | None = None
) -> Plan:
    chosen = case.routing["routes"] if routes is None else routes
    return Plan(
        round=case.round,
        routing_digest=routing_digest(case),
        routes=[{**route, "partner_id": str(PARTNER)} for route in chosen],
    )


@pytest.mark.parametrize("name", DECISIVE)
def test_what_decides_about_an_act_outdates_a_plan(name: str) -> None:
    plan = plan_of(case_with(POLICE, HOST))
    assert why_outdated(plan, case_with(POLICE, HOST)) == ""
    changed = case_with(POLICE, {**HOST, name: "other"})
    assert why_outdated(plan, changed) == CHANGED


def test_other_words_for_a_route_outdate_nothing() -> None:
    plan = plan_of(case_with(POLICE))
    said = {**POLICE, "why": "other", "basis": "other", "automatic": False}
    assert why_outdated(plan, case_with(said)) == ""


def test_what_may_be_outdated_is_the_place_of_a_route_too() -> None:
    assert set(DECISIVE) == {"to", "country", "name", "after", "urgency"}
    plan = plan_of(case_with(POLICE, HOST))
    assert why_outdated(plan, case_with(HOST, POLICE)) == CHANGED
    assert why_outdated(plan, case_with(POLICE)) == CHANGED


def test_a_case_without_routes_has_a_digest_too() -> None:
    empty = Case(reference="AL-1", routing={}, round=1)
    assert routing_digest(empty) == routing_digest(case_with())
    assert remainder_of(plan_of(empty, [POLICE]), empty).left_out == [
        LeftOut("police", "AL", NOT_NAMED)
    ]


def test_a_case_that_was_opened_again_is_another_one() -> None:
    plan = plan_of(case_with(POLICE))
    assert why_outdated(plan, case_with(POLICE, round_=2)) == REOPENED


def test_what_the_rules_still_name_is_left_as_they_name_it_now() -> None:
    plan = plan_of(case_with(POLICE, ABROAD))
    now = case_with({**ABROAD, "urgency": "immediate"}, HOST)
    left = remainder_of(plan, now)
    (kept,) = left.routes
    assert (kept.to, kept.partner_id) == ("hotline", PARTNER)
    assert kept.route.urgency is Urgency.IMMEDIATE
    assert left.left_out == [LeftOut("police", "AL", NOT_NAMED)]
    assert left.left_out[0].to_json() == {
        "to": "police",
        "country": "AL",
        "reason": NOT_NAMED,
    }


def test_only_help_for_a_child_survives_a_new_round() -> None:
    routes = (POLICE, HELPLINE, UNIT, ABROAD, FREE_HOST)
    left = remainder_of(
        plan_of(case_with(*routes)), case_with(*routes, round_=2)
    )
    assert [route.to for route in left.routes] == [
        "police",
        "helpline",
        "child_protection_unit",
    ]
    assert {gone.reason for gone in left.left_out} == {REOPENED}
    assert [gone.to for gone in left.left_out] == [
        "hotline",
        "provider_notice",
    ]


@pytest.mark.parametrize(
    ("before", "now", "is_held"),
    [
        (None, "police_release", True),
        ("assessment", "police_release", True),
        ("police_release", "police_release", False),
        ("police_release", None, False),
        (None, "assessment", False),
    ],
)
def test_a_new_wait_for_the_police_holds_what_did_not_wait(
    before: str | None, now: str | None, is_held: bool
) -> None:
    plan = plan_of(case_with({**HOST, "after": before}))
    left = remainder_of(plan, case_with({**HOST, "after": now}))
    assert [gone.reason for gone in left.left_out] == [HELD] * is_held
    assert len(left.routes) == (not is_held)


def test_the_digest_of_a_stored_plan_is_the_same_in_every_version() -> None:
    """Another way to write the same routes would outdate every plan that waits."""
    case = case_with({**HOST, "name": "Shërbimi"})
    assert routing_digest(case) == (
        "6d8263e15c25cb7c766854c93ce0296e7b95616f1e390e921833176628657b31"
    )
