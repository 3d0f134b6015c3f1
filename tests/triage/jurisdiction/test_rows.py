"""The routing table, row by row: condition in, addressees out."""

from typing import Any

import pytest

from triage.jurisdiction import Facts, Route, Routing, load_rules, route_facts

ABROAD_WITH, ABROAD_WITHOUT, STOPPED = "DE", "XK", "IR"


def ask(**facts: Any) -> Routing:
    return route_facts(Facts.from_json({"home": "AL", **facts}), load_rules())


def by_to(routing: Routing) -> dict[str, Route]:
    assert len({(one.to, one.country) for one in routing.routes}) == len(
        routing.routes
    )
    return {one.to: one for one in routing.routes}


def test_row_1_a_child_in_danger_rings_the_emergency_number_and_the_police() -> (
    None
):
    found = by_to(ask(victim={"at_immediate_risk": True}))
    assert next(iter(found)) == "emergency"
    emergency, police = found["emergency"], found["police"]
    assert (emergency.name, emergency.automatic, emergency.after) == (
        "112",
        True,
        None,
    )
    assert (police.urgency, police.automatic, police.after) == (
        "immediate",
        True,
        None,
    )


@pytest.mark.parametrize(
    "facts",
    [
        {"victim": {"country": "AL"}},
        {"victim": {"nationality": "AL"}},
        {"victim": {"residence": "AL"}},
        {"suspect": {"country": "AL"}},
        {"suspect": {"nationality": "AL"}},
        {"suspect": {"residence": "AL"}},
        {"suspect": {"ip_country": "AL"}},
        {"generated_in": "AL"},
        {"victim": {"municipality": "Durrës"}},
    ],
)
@pytest.mark.parametrize(
    "hosting", ["AL", ABROAD_WITH, ABROAD_WITHOUT, "US", None]
)
def test_row_2_a_domestic_person_brings_the_police_whatever_the_hosting(
    facts: dict[str, Any], hosting: str | None
) -> None:
    police = by_to(
        ask(**facts, hosting_country=hosting, assessment="national")
    )["police"]
    assert (police.country, police.after, police.automatic) == (
        "AL",
        None,
        True,
    )
    assert "Albania" in police.why


def test_row_3_hosted_at_home_goes_police_release_notice() -> None:
    found = by_to(
        ask(hosting_country="AL", hosting_kind="host", assessment="baseline")
    )
    assert found["police"].automatic and found["police"].after is None
    assert found["provider_notice"].after == "police_release"
    assert found["preservation_request"].after == "police_release"
    assert not found["preservation_request"].automatic
    assert found["iccam"].country == "AL"
    assert found["regulator"].name == "AKEP"
    assert "18/2017" in found["provider_notice"].basis
    order = list(found)
    assert order.index("police") < order.index("preservation_request")
    assert order.index("preservation_request") < order.index("provider_notice")


def test_row_4_a_country_with_a_hotline_gets_it_and_the_police_only_with_a_nexus() -> (
    None
):
    plain = by_to(
        ask(
            hosting_country=ABROAD_WITH,
            hosting_kind="host",
            assessment="baseline",
        )
    )
    assert set(plain) == {"hotline", "iccam"}
    assert plain["hotline"].country == ABROAD_WITH
    assert plain["hotline"].name == "eco / FSM / jugendschutz.net"
    linked = by_to(
        ask(
            hosting_country=ABROAD_WITH,
            assessment="baseline",
            victim={"nationality": "AL"},
        )
    )
    assert {"hotline", "iccam", "police"} == set(linked)


def test_row_4_home_without_a_hotline_has_no_exchange_but_still_tells_the_partner() -> (
    None
):
    found = by_to(ask(home="MK", hosting_country="RS", assessment="national"))
    assert found["hotline"].name == "Net Patrola"
    assert "iccam" not in found


def test_row_5_no_hotline_there_goes_police_bureau_and_notice_after_release() -> (
    None
):
    found = by_to(
        ask(hosting_country="MK", hosting_kind="host", assessment="national")
    )
    assert set(found) == {"police", "interpol_ncb", "provider_notice"}
    assert found["interpol_ncb"].after == "police"
    assert found["provider_notice"].after == "police_release"
    assert found["provider_notice"].country == "MK"


def test_row_6_a_us_platform_gets_its_channel_and_the_clearing_house() -> None:
    found = by_to(
        ask(
            hosting_kind="platform",
            platform="Instagram",
            assessment="national",
        )
    )
    assert set(found) == {"iccam", "ncmec", "platform"}
    assert found["ncmec"].name == "NCMEC CyberTipline"
    assert found["platform"].name == "Instagram"
    linked = by_to(
        ask(
            hosting_kind="platform",
            platform="instagram",
            assessment="national",
            suspect={"ip_country": "AL"},
        )
    )
    assert "police" in linked
    assert linked["platform"].after == "police_release"


def test_row_6_a_platform_of_unknown_seat_asks_a_person() -> None:
    found = by_to(
        ask(
            hosting_kind="platform",
            platform="never heard of",
            assessment="national",
        )
    )
    assert found["platform"].name == "never heard of"
    assert "seat" in found["manual_review"].why
    assert found["police"].after == "person"


def test_row_7_a_cdn_is_told_and_its_country_is_not_taken_for_the_host() -> (
    None
):
    found = by_to(
        ask(hosting_kind="cdn", hosting_country="US", assessment="baseline")
    )
    assert {"cdn_notice", "manual_review", "police"} == set(found)
    assert "without telling its customer" in found["cdn_notice"].why
    assert found["cdn_notice"].after == "police_release"
    assert "origin" in found["manual_review"].why


@pytest.mark.parametrize("kind", ["onion", "p2p"])
def test_row_8_hidden_hosting_is_for_the_police_only(kind: str) -> None:
    found = by_to(
        ask(hosting_kind=kind, hosting_country="DE", assessment="baseline")
    )
    assert set(found) == {"police"}
    assert found["police"].automatic


@pytest.mark.parametrize(
    "facts",
    [
        {"victim": {"country": "DE"}},
        {"suspect": {"country": "DE"}},
        {"suspect": {"ip_country": "DE"}},
    ],
)
def test_row_9_a_person_abroad_goes_by_the_home_police_to_the_bureau(
    facts: dict[str, Any],
) -> None:
    found = by_to(ask(hosting_kind="p2p", assessment="national", **facts))
    assert set(found) == {"police", "interpol_ncb"}
    assert found["interpol_ncb"].country == "AL"
    assert found["interpol_ncb"].after == "police"


def test_row_10_a_moved_host_is_routed_again_from_its_new_facts() -> None:
    before = by_to(ask(hosting_country=ABROAD_WITH, assessment="national"))
    after = by_to(ask(hosting_country="AL", assessment="national"))
    assert "provider_notice" not in before and "hotline" in before
    assert (
        after["provider_notice"].after == "police_release"
        and "hotline" not in after
    )


def test_row_11_a_stop_list_country_waits_for_a_person() -> None:
    found = by_to(ask(hosting_country=STOPPED, assessment="baseline"))
    assert "stop list" in found["manual_review"].why
    assert (
        found["provider_notice"].after == "person"
        and not found["provider_notice"].automatic
    )
    assert (
        found["interpol_ncb"].after == "person"
        and not found["interpol_ncb"].automatic
    )
    assert found["police"].automatic


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"hosting_kind": "unknown"},
        {"hosting_kind": "host"},
        {"home": None},
    ],
)
def test_row_12_the_unknown_waits_for_a_person_and_goes_nowhere_abroad(
    facts: dict[str, Any],
) -> None:
    found = by_to(ask(assessment="national", **facts))
    assert "manual_review" in found
    assert not set(found) & {
        "hotline",
        "iccam",
        "ncmec",
        "interpol_ncb",
        "provider_notice",
    }


def test_row_13_the_lawful_is_closed_with_its_reason_and_signposted() -> None:
    found = by_to(
        ask(
            hosting_country="AL",
            assessment="not_illegal",
            victim={"country": "AL"},
        )
    )
    assert set(found) == {"close", "signpost"}
    assert found["close"].automatic


def test_the_lawful_that_is_in_a_known_list_is_looked_at_again() -> None:
    assert "manual_review" in by_to(
        ask(assessment="not_illegal", known_list=True)
    )


def test_unassessed_routes_wait_for_the_assessment() -> None:
    found = by_to(ask(hosting_country="AL", hosting_kind="host"))
    assert (
        found["police"].after == "assessment" and not found["police"].automatic
    )
    assert found["provider_notice"].after == "police_release"
    assert not found["provider_notice"].automatic
    assert "Not assessed" in found["manual_review"].why


def test_what_could_not_be_determined_sends_no_notice() -> None:
    found = by_to(ask(hosting_country="AL", assessment="cannot_determine"))
    assert "manual_review" in found and "police" in found
    assert (
        "provider_notice" not in found and "preservation_request" not in found
    )


@pytest.mark.parametrize(
    "child", [{"reporter_is_child": True}, {"own_material": True}]
)
def test_a_childs_path_puts_support_first_and_leaves_the_police_to_a_person(
    child: dict[str, bool],
) -> None:
    found = by_to(ask(hosting_country="AL", assessment="baseline", **child))
    assert list(found)[:2] == ["helpline", "manual_review"]
    assert (
        found["helpline"].name == "ALO 116 111" and found["helpline"].automatic
    )
    assert found["police"].after == "person" and not found["police"].automatic
    assert not found["provider_notice"].automatic


@pytest.mark.parametrize("hosting", ["AL", "US", None])
def test_a_child_who_acted_is_helped_first_and_the_police_are_a_persons_word(
    hosting: str | None,
) -> None:
    """Of two children, one harmed the other: neither is told of by machine."""
    routes = by_to(
        ask(
            hosting_country=hosting,
            assessment="baseline",
            suspect={"is_child": True, "country": "AL"},
        )
    )
    assert next(iter(routes)) == "helpline"
    assert "help for that child" in routes["helpline"].why
    assert routes["child_protection_unit"].after == "person"
    assert routes["police"].after == "person"
    assert not routes["police"].automatic
    assert not any(
        route.automatic
        for to, route in routes.items()
        if to in ("police", "hotline", "ncmec", "iccam", "interpol_ncb")
    )
    assert "child who displayed harmful behaviour" in routes["police"].why


def test_a_reported_adult_changes_nothing() -> None:
    adult, unknown = (
        ask(hosting_country="AL", assessment="baseline", suspect=suspect)
        for suspect in ({"is_child": False}, {})
    )
    assert adult == unknown


def test_a_child_in_danger_from_a_child_has_the_police_told_at_once() -> None:
    police = by_to(
        ask(
            victim={"at_immediate_risk": True},
            suspect={"is_child": True},
        )
    )["police"]
    assert (police.after, police.urgency) == (None, "immediate")


def test_a_child_in_danger_has_the_police_told_at_once() -> None:
    found = by_to(ask(own_material=True, victim={"at_immediate_risk": True}))
    assert found["police"].automatic and found["police"].after is None
    assert "never treated as the person reported" in found["police"].why


@pytest.mark.parametrize(
    "victim",
    [
        {"municipality": "Durrës"},
        {"known_identity": True, "residence": "AL"},
        {"known_identity": True, "country": "AL"},
    ],
)
def test_a_known_child_nearby_gets_the_unit_of_its_municipality(
    victim: dict[str, Any],
) -> None:
    unit = by_to(ask(victim=victim))["child_protection_unit"]
    assert unit.after == "person" and not unit.automatic
    assert unit.name.endswith(victim.get("municipality", "municipality"))


def test_a_known_child_abroad_is_not_for_the_unit_here() -> None:
    found = by_to(ask(victim={"known_identity": True, "country": "DE"}))
    assert "child_protection_unit" not in found


def test_another_kind_is_signposted() -> None:
    assert "signpost" in by_to(ask(kind="other_harmful"))


def test_albanian_words() -> None:
    facts = Facts.from_json(
        {"home": "AL", "hosting_country": "AL", "assessment": "baseline"}
    )
    routing = route_facts(facts, load_rules(), "sq")
    assert "Shqipëri" in next(
        one.why for one in routing.routes if one.to == "police"
    )
    assert "juridiksion" in routing.priority.parts[0].why


@pytest.mark.parametrize("home", ["AL", "RS", "MK"])
def test_a_child_that_is_offered_is_told_to_the_anti_trafficking_unit(
    home: str,
) -> None:
    found = by_to(ask(home=home, kind="trafficking"))
    unit = found["anti_trafficking_unit"]
    assert (unit.country, unit.after, unit.automatic) == (
        home,
        "person",
        False,
    )
    assert unit.urgency == "high" and "offered or sold" in unit.why
    lawful = by_to(ask(kind="trafficking", assessment="not_illegal"))
    assert "anti_trafficking_unit" not in lawful
    assert "anti_trafficking_unit" not in by_to(ask(kind="grooming"))


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "other_harmful", "reporter_is_child": True},
        {"kind": "other_harmful", "victim": {"municipality": "Durrës"}},
        {"assessment": "not_illegal", "suspect": {"is_child": True}},
    ],
)
def test_harmful_and_not_illegal_goes_to_who_helps_a_known_child(
    facts: dict[str, Any],
) -> None:
    school = by_to(ask(**facts))["school_psychologist"]
    assert (school.after, school.automatic) == ("person", False)


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "other_harmful"},
        {"assessment": "not_illegal"},
        {"kind": "grooming", "reporter_is_child": True},
    ],
)
def test_no_school_is_told_without_a_child_or_of_an_offence(
    facts: dict[str, Any],
) -> None:
    assert "school_psychologist" not in by_to(ask(**facts))


def test_a_prosecutor_is_offered_where_a_known_child_is_to_be_heard() -> None:
    known = {"municipality": "Durrës"}
    found = by_to(ask(assessment="national", victim=known))
    assert found["prosecutor"].after == "person"
    assert list(found).index("police") < list(found).index("prosecutor")
    assert "prosecutor" not in by_to(ask(victim=known))
    assert "prosecutor" not in by_to(ask(assessment="national"))
