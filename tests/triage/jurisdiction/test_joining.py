"""The answers for several items as one: it adds, and is as careful as the most careful of them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from triage.jurisdiction import (
    HELPERS,
    Facts,
    Gate,
    Routing,
    join_routings,
    load_rules,
    route_facts,
)

RULES = load_rules()
FACTS = st.fixed_dictionaries(
    {
        "home": st.just("AL"),
        "hosting_kind": st.sampled_from(["host", "cdn", "unknown", "none"]),
        "hosting_country": st.sampled_from([None, "AL", "NL", "US"]),
        "assessment": st.sampled_from(
            ["unassessed", "baseline", "national", "not_illegal"]
        ),
        "kind": st.sampled_from(["csam_image", "grooming"]),
        "own_material": st.sampled_from([None, True]),
    }
)


def ask(facts: dict[str, object]) -> Routing:
    return route_facts(Facts.from_json(facts), RULES)


@given(FACTS)
def test_one_item_is_its_own_answer(facts: dict[str, object]) -> None:
    assert join_routings([ask(facts)]) == ask(facts)


@given(st.lists(FACTS, min_size=2, max_size=4))
def test_whoever_is_to_be_told_of_one_item_is_told(
    several: list[dict[str, object]],
) -> None:
    routings = [ask(facts) for facts in several]
    joined = join_routings(routings)
    ids = [route.id for route in joined.routes]
    assert len(ids) == len(set(ids))
    wanted = {route.id for each in routings for route in each.routes}
    assert wanted - set(ids) <= {"close-AL"}
    is_lawful = all(each.route("close-AL") for each in routings)
    assert ("close-AL" in ids) == is_lawful


@given(st.lists(FACTS, min_size=2, max_size=4))
def test_a_notice_waits_for_what_any_of_its_items_waits_for(
    several: list[dict[str, object]],
) -> None:
    routings = [ask(facts) for facts in several]
    for joined in join_routings(routings).routes:
        same = [
            route
            for each in routings
            if (route := each.route(joined.id)) is not None
        ]
        gates = {route.after for route in same}
        assert joined.after in gates
        assert joined.automatic == all(route.automatic for route in same)
        if joined.to not in HELPERS and Gate.POLICE_RELEASE in gates:
            assert joined.after is Gate.POLICE_RELEASE
        if joined.to in HELPERS and None in gates:
            assert joined.after is None


@given(st.lists(FACTS, min_size=2, max_size=4))
def test_the_order_of_the_items_decides_nothing_that_counts(
    several: list[dict[str, object]],
) -> None:
    routings = [ask(facts) for facts in several]

    def counts(routing: Routing) -> list[object]:
        return sorted(
            (route.id, str(route.after), route.urgency, route.automatic)
            for route in routing.routes
        )

    joined, turned = join_routings(routings), join_routings(routings[::-1])
    assert counts(joined) == counts(turned)
    assert joined.priority.score == turned.priority.score


def test_each_reason_is_said_once() -> None:
    answer = ask(
        {"home": "AL", "hosting_kind": "host", "hosting_country": "AL"}
    )
    police = answer.route("police-AL")
    assert police is not None
    other = replace(
        answer,
        routes=tuple(
            replace(route, why=f"Another reason. {police.why}")
            if route.id == "police-AL"
            else route
            for route in answer.routes
        ),
    )
    joined = join_routings([answer, answer, other]).route("police-AL")
    assert joined is not None
    assert joined.why == f"{police.why} Another reason."
