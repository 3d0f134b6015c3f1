"""Jurisdiction on each ground: three values, conditions, and a basis that can be looked up."""

from typing import Any

import pytest

from triage.jurisdiction import Facts, Ground, load_rules, route_facts


def grounds(**facts: Any) -> dict[tuple[str, str], Ground]:
    routing = route_facts(
        Facts.from_json({"home": "AL", **facts}), load_rules()
    )
    return {(one.country, one.ground): one for one in routing.jurisdiction}


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"hosting_country": "AL"}, "yes"),
        ({"generated_in": "AL"}, "yes"),
        ({"victim": {"country": "AL"}}, "yes"),
        ({"suspect": {"country": "AL"}}, "yes"),
        ({"suspect": {"ip_country": "AL"}}, "yes"),
        ({"victim": {"country": "AL"}, "hosting_country": "DE"}, "yes"),
        ({}, "unknown"),
        ({"hosting_country": "DE"}, "unknown"),
        ({"hosting_country": "AL", "hosting_kind": "cdn"}, "unknown"),
        (
            {
                "hosting_country": "DE",
                "generated_in": "DE",
                "victim": {"country": "DE"},
                "suspect": {"country": "DE", "ip_country": "DE"},
            },
            "no",
        ),
    ],
)
def test_territoriality_in_albania(facts: dict[str, Any], status: str) -> None:
    found = grounds(**facts)["AL", "territoriality"]
    assert found.status == status
    assert "Art. 25(1)(a)" in found.basis


@pytest.mark.parametrize(
    ("nationality", "punishable", "status"),
    [
        ("AL", True, "yes"),
        ("AL", False, "no"),
        ("AL", None, "unknown"),
        ("DE", True, "no"),
        (None, True, "unknown"),
    ],
)
def test_active_personality_needs_dual_criminality(
    nationality: str | None, punishable: bool | None, status: str
) -> None:
    suspect = {
        "nationality": nationality,
        "conduct_punishable_there": punishable,
    }
    assert (
        grounds(suspect=suspect)["AL", "active_personality"].status == status
    )


def test_albania_has_no_habitual_residence_and_its_silence_stays_unknown() -> (
    None
):
    found = grounds(
        suspect={"residence": "AL"},
        victim={"nationality": "AL", "residence": "AL"},
    )
    assert found["AL", "habitual_residence"].status == "no"
    for ground in (
        "passive_personality",
        "passive_residence",
        "prosecution_without_complaint",
    ):
        assert found["AL", ground].status == "unknown"


@pytest.mark.parametrize(
    ("where", "status"), [("MK", "yes"), ("DE", "unknown"), (None, "unknown")]
)
def test_north_macedonia_protects_its_citizens_if_the_person_is_there(
    where: str | None, status: str
) -> None:
    found = grounds(
        home="MK", victim={"nationality": "MK"}, suspect={"country": where}
    )
    assert found["MK", "passive_personality"].status == status
    assert "119" in found["MK", "passive_personality"].basis


def test_another_country_shows_only_what_points_to_it() -> None:
    found = grounds(hosting_country="RS")
    assert found["RS", "territoriality"].status == "yes"
    assert [key for key in found if key[0] == "RS"] == [
        ("RS", "territoriality")
    ]
    assert not [key for key in found if key[0] == "MK"]


def test_a_country_without_rules_is_unknown_not_absent() -> None:
    found = grounds(hosting_country="DE", suspect={"nationality": "DE"})
    only = found["DE", "not_assessed"]
    assert only.status == "unknown"
    assert "place of hosting" in only.why and "nationality" in only.why


def test_an_unverified_law_says_so() -> None:
    found = grounds(home="RS", hosting_country="RS")
    assert "not been verified" in found["RS", "territoriality"].why


def test_home_is_concerned_also_where_it_has_no_rules() -> None:
    (ground,) = grounds(home="FR").values()
    assert (ground.country, ground.ground) == ("FR", "not_assessed")
    assert (ground.status, ground.basis) == ("unknown", "")
    assert grounds(home=None) == {}
    named = grounds(home=None, hosting_country="FR")
    assert list(named) == [("FR", "not_assessed")]
    both = grounds(home="FR", hosting_country="ES", generated_in="ES")
    assert [country for country, _ in both] == ["ES", "FR"]
