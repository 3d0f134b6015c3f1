"""What facts amount to, each conclusion by itself: unknown is never abroad, and never home."""

from __future__ import annotations

from typing import Any

import pytest

from triage.jurisdiction import Facts, load_rules
from triage.jurisdiction.situation import Situation

RULES = load_rules()
WITH_HOTLINE, WITHOUT_HOTLINE, STOPPED = "DE", "XK", "IR"


def situation(**facts: Any) -> Situation:
    return Situation(Facts.from_json({"home": "AL", **facts}), RULES)


@pytest.mark.parametrize(
    ("country", "is_home_s"),
    [(None, True), ("AL", True), ("DE", False)],
)
def test_a_municipality_is_of_home_unless_the_child_is_elsewhere(
    country: str | None, is_home_s: bool
) -> None:
    victim = {"municipality": "Durrës", "country": country}
    nexus = situation(victim=victim).nexus
    assert ("victim.municipality" in nexus) is is_home_s
    assert ("victim.country" in nexus) is (country == "AL")
    assert situation(home=None, victim=victim).nexus == ()
    assert situation(victim={"country": country}).nexus == (
        ("victim.country",) if country == "AL" else ()
    )


@pytest.mark.parametrize(
    ("facts", "is_whereabouts"),
    [
        ({"victim": {"country": "AL"}}, True),
        ({"victim": {"nationality": "AL"}}, False),
        ({"victim": {"residence": "AL"}}, True),
        ({"suspect": {"country": "AL"}}, True),
        ({"suspect": {"nationality": "AL"}}, False),
        ({"suspect": {"residence": "AL"}}, True),
        ({"suspect": {"ip_country": "AL"}}, True),
        ({"generated_in": "AL"}, False),
    ],
)
def test_what_leads_home_from_home_may_lead_abroad_from_elsewhere(
    facts: dict[str, Any], is_whereabouts: bool
) -> None:
    """Only where somebody is concerns the police of another country."""
    here, there = situation(**facts), situation(**facts, home="RS")
    assert (len(here.nexus), here.abroad) == (1, ())
    assert (there.nexus, len(there.abroad)) == ((), is_whereabouts)
    assert situation(**facts, home=None).abroad == ()


@pytest.mark.parametrize(
    ("facts", "urgency"),
    [
        ({"assessment": "national", "kind": "csam_video"}, "normal"),
        # Reported as a stream that goes on, and found to be a video of it.
        (
            {
                "assessment": "national",
                "kind": "csam_video",
                "time_presses": True,
            },
            "high",
        ),
        ({"time_presses": True}, "high"),
        ({"assessment": "not_illegal", "time_presses": True}, "normal"),
    ],
)
def test_what_presses_is_urgent_whatever_it_was_found_to_be(
    facts: dict[str, Any], urgency: str
) -> None:
    assert situation(**facts).urgency == urgency


@pytest.mark.parametrize("field", ["reporter_is_child", "own_material"])
def test_a_child_is_behind_the_report_only_where_it_was_said(
    field: str,
) -> None:
    for said, is_child in ((True, True), (False, False), (None, False)):
        facts = {field: said, "assessment": "national"}
        assert situation(**facts).child is is_child
        assert situation(**facts).may_leave_by_itself is not is_child
        assert situation(**facts).child_is_taken_to_be_here is is_child
    child = {field: True}
    abroad = situation(**child, victim={"country": "DE"})
    assert abroad.child_is_taken_to_be_here is False
    assert situation(**child, home=None).child_is_taken_to_be_here is False


@pytest.mark.parametrize(
    ("assessment", "illegal", "lawful"),
    [
        ("baseline", True, False),
        ("national", True, False),
        ("not_illegal", False, True),
        ("cannot_determine", False, False),
        (None, False, False),
    ],
)
def test_what_nobody_assessed_is_neither_illegal_nor_lawful(
    assessment: str | None, illegal: bool, lawful: bool
) -> None:
    case = situation(assessment=assessment)
    assert (case.illegal, case.lawful) == (illegal, lawful)
    assert case.may_leave_by_itself is illegal


@pytest.mark.parametrize(
    ("facts", "urgency"),
    [
        ({}, "normal"),
        ({"assessment": "national"}, "normal"),
        ({"victim": {"at_immediate_risk": False}}, "normal"),
        ({"known_list": False}, "normal"),
        ({"assessment": "baseline"}, "high"),
        ({"own_material": True}, "high"),
        ({"known_list": True}, "high"),
        ({"known_list": "national"}, "high"),
        ({"kind": "grooming"}, "high"),
        ({"victim": {"at_immediate_risk": True}}, "immediate"),
    ],
)
def test_how_soon(facts: dict[str, Any], urgency: str) -> None:
    assert situation(**facts).urgency == urgency


@pytest.mark.parametrize(
    ("facts", "hidden", "own_host", "on_platform", "host_unknown"),
    [
        ({"hosting_kind": "host"}, False, True, False, True),
        ({}, False, True, False, True),
        ({"hosting_country": "DE"}, False, True, False, False),
        ({"hosting_kind": "onion"}, True, False, False, False),
        ({"hosting_kind": "p2p"}, True, False, False, False),
        ({"hosting_kind": "cdn"}, False, False, False, True),
        ({"hosting_kind": "none"}, False, False, False, False),
        ({"hosting_kind": "platform"}, False, False, True, True),
        ({"platform": "nobody's"}, False, False, True, True),
        ({"platform": "instagram"}, False, False, True, False),
        (
            {"platform": "instagram", "hosting_kind": "onion"},
            True,
            False,
            False,
            False,
        ),
        (
            {"address_used": True, "hosting_kind": "host"},
            True,
            True,
            False,
            False,
        ),
    ],
)
def test_where_it_lies(
    facts: dict[str, Any],
    hidden: bool,
    own_host: bool,
    on_platform: bool,
    host_unknown: bool,
) -> None:
    case = situation(**facts)
    assert case.hidden is hidden
    assert case.own_host is own_host
    assert case.on_platform is on_platform
    assert case.host_unknown is host_unknown
    assert case.in_words is (facts.get("hosting_kind") == "none")


def test_a_platform_has_its_seat_where_the_catalogue_says() -> None:
    case = situation(platform="INSTAGRAM", hosting_country=WITH_HOTLINE)
    assert case.seat == "US"
    assert case.foreign_hosts == (WITH_HOTLINE, "US")
    assert case.unreached_hosts == ()
    hidden = situation(platform="instagram", hosting_kind="onion")
    assert hidden.platform is not None and hidden.seat is None
    assert situation(hosting_kind="platform").seat is None


@pytest.mark.parametrize(
    ("facts", "foreign", "is_home"),
    [
        ({"hosting_country": "AL"}, (), True),
        ({"hosting_country": "DE"}, ("DE",), False),
        ({"hosting_country": "US", "platform": "x"}, ("US",), False),
        ({}, (), False),
        ({"hosting_country": "DE", "home": None}, (), False),
        ({"home": "US", "platform": "instagram"}, (), True),
        ({"home": None}, (), False),
    ],
)
def test_whose_host_it_is(
    facts: dict[str, Any], foreign: tuple[str, ...], is_home: bool
) -> None:
    assert situation(**facts).foreign_hosts == foreign
    assert situation(**facts).hosted_home is is_home


def test_who_takes_reports_of_what_a_country_hosts() -> None:
    case = situation(hosting_country=WITHOUT_HOTLINE)
    assert case.unreached_hosts == (WITHOUT_HOTLINE,)
    assert case.reachable(WITHOUT_HOTLINE) is False
    assert case.reachable(WITH_HOTLINE) is True  # a hotline
    assert case.reachable("US") is True  # a clearing house
    assert case.hotlines(WITHOUT_HOTLINE) == ()
    assert situation(hosting_country=WITH_HOTLINE).unreached_hosts == ()


@pytest.mark.parametrize(
    "facts",
    [
        {"hosting_country": STOPPED},
        {"victim": {"country": STOPPED}},
        {"suspect": {"nationality": STOPPED}},
        {"hosting_country": STOPPED, "address_used": True},
    ],
)
def test_whatever_names_a_stopped_country_stops(facts: dict[str, Any]) -> None:
    case = situation(**facts)
    assert [stop.country for stop in case.stopped] == [STOPPED]
    assert case.stops(STOPPED) is True
    assert case.stops("DE") is case.stops(None) is False
    assert situation(**facts, home=None).stopped == ()


def test_without_a_stopped_country_nothing_stops() -> None:
    assert situation(hosting_country="DE").stopped == ()


@pytest.mark.parametrize(
    ("facts", "is_person_s"),
    [
        ({"address_used": True}, True),
        ({"address_used": False, "kind": "p2p"}, False),
        ({"kind": "p2p", "hosting_kind": "host"}, True),
        ({"kind": "p2p", "hosting_kind": "cdn"}, False),
        ({"kind": "csam_image", "hosting_kind": "host"}, False),
    ],
)
def test_whose_address_it_is(facts: dict[str, Any], is_person_s: bool) -> None:
    case = situation(hosting_country="AL", **facts)
    assert case.facts.is_person_s_address is is_person_s
    stored = (
        None if is_person_s or facts.get("hosting_kind") == "cdn" else "AL"
    )
    assert case.facts.stored_in == stored
    # The address of a person is where that person was.
    assert ("suspect.ip_country" in case.nexus) is is_person_s


def test_what_was_said_of_the_address_goes_before_its_registry() -> None:
    said = {"address_used": True, "hosting_country": "DE"}
    assert situation(**said, suspect={"ip_country": "AL"}).nexus
    assert situation(**said).abroad == ("suspect.ip_country",)
    region = {"address_used": True, "hosting_country": "EU"}
    assert situation(**region).abroad == ()
