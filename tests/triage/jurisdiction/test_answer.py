"""What an answer is outside of the engine: its JSON, the ids of its routes, its signals."""

import json
from typing import Any

import pytest

from triage.jurisdiction import (
    Destination,
    Facts,
    Gate,
    Route,
    Routing,
    Urgency,
    load_rules,
    priority_signals,
    read_list_class,
    route_facts,
)
from triage.jurisdiction.facts import Victim
from triage.jurisdiction.vocabulary import AssessmentClass
from triage.priority import ListClass, Slug

RULES = load_rules()
HOSTED_ABROAD = {
    "home": "AL",
    "hosting_country": "DE",
    "hosting_kind": "host",
    "assessment": "national",
    "victim": {"nationality": "AL"},
}


def ask(**facts: Any) -> Routing:
    return route_facts(Facts.from_json({"home": "AL", **facts}), RULES)


def points_of(answer: Routing) -> dict[Slug, int]:
    return {part.slug: part.points for part in answer.priority.parts}


@pytest.mark.parametrize(
    ("known_list", "list_class"),
    [
        (None, ListClass.NONE),
        (False, ListClass.NONE),
        ("", ListClass.NONE),
        (True, ListClass.LISTED),
        ("terrorism", ListClass.LISTED),
        ("national", ListClass.NATIONAL),
        ("Police list, NATIONAL class", ListClass.NATIONAL),
        ("baseline", ListClass.BASELINE),
        ("INTERPOL Baseline", ListClass.BASELINE),
        # A list that has both words is taken at its gravest.
        ("national and baseline", ListClass.BASELINE),
    ],
)
def test_a_list_is_read_by_the_word_in_its_class(
    known_list: bool | str | None, list_class: ListClass
) -> None:
    assert read_list_class(known_list) is list_class


@pytest.mark.parametrize(
    ("known_list", "slug", "points"),
    [
        (True, Slug.LISTED, 8),
        ("something else", Slug.LISTED, 8),
        ("national", Slug.NATIONAL, 12),
        ("interpol_baseline", Slug.BASELINE, 20),
    ],
)
def test_only_the_class_of_the_list_weighs(
    known_list: bool | str, slug: Slug, points: int
) -> None:
    parts = points_of(ask(known_list=known_list))
    classes = {Slug.LISTED, Slug.NATIONAL, Slug.BASELINE, Slug.NEW_MATERIAL}
    assert {part: parts[part] for part in classes & parts.keys()} == {
        slug: points
    }


@pytest.mark.parametrize("known_list", [None, False])
def test_what_is_on_no_list_has_no_class(known_list: bool | None) -> None:
    parts = points_of(ask(known_list=known_list))
    assert not parts.keys() & {Slug.LISTED, Slug.NATIONAL, Slug.BASELINE}
    # Unknown is not new: only what was compared and is on no list is.
    assert (Slug.NEW_MATERIAL in parts) == (known_list is False)


def test_a_known_list_is_no_longer_new_material() -> None:
    for known_list in (True, "baseline", None):
        signals = priority_signals(Facts(known_list=known_list), ())
        assert not signals.new_material
    assert priority_signals(Facts(known_list=False), ()).new_material


@pytest.mark.parametrize(
    ("facts", "is_a_child"),
    [
        (Facts(reporter_is_child=True), True),
        (Facts(own_material=True), True),
        (Facts(own_material=True, reporter_is_child=False), False),
        (Facts(own_material=True, victim=Victim(is_adult=True)), False),
        (Facts(reporter_is_child=True, victim=Victim(is_adult=True)), True),
        (Facts(reporter_is_child=True, own_material=False), True),
        (Facts(reporter_is_child=False, own_material=False), False),
        (Facts(), False),
    ],
)
def test_a_child_reports_who_says_so_or_whose_own_pictures_they_are(
    facts: Facts, is_a_child: bool
) -> None:
    assert priority_signals(facts, ()).child_reporting is is_a_child


def test_what_is_lawful_keeps_only_the_signals_of_danger() -> None:
    facts = Facts(assessment=AssessmentClass.NOT_ILLEGAL, known_list=False)
    signals = priority_signals(facts, (), urgent_kind=True)
    assert not (signals.new_material or signals.child_contacted)
    assert priority_signals(Facts(), (), urgent_kind=True).child_contacted


@pytest.mark.parametrize(
    "kind", ["grooming", "sexual_extortion", "live_stream", "trafficking"]
)
def test_somebody_in_contact_with_a_child_makes_it_urgent(kind: str) -> None:
    answer = ask(kind=kind, victim={"nationality": "AL"})
    assert points_of(answer)[Slug.CHILD_CONTACTED] == 45
    assert answer.routes[-1].urgency is Urgency.HIGH


def test_routes_are_named_by_whom_they_lead_to() -> None:
    answer = ask(**HOSTED_ABROAD)
    assert [each.id for each in answer.routes] == [
        "police-AL",
        "hotline-DE",
        "iccam-DE",
    ]
    hotline = answer.route("hotline-DE")
    assert hotline is not None and hotline.to is Destination.HOTLINE
    assert answer.route("hotline-FR") is None
    # A route of no country has its destination's name alone.
    assert ask(hosting_kind="cdn").route("cdn_notice") is not None


def test_an_answer_comes_back_from_its_json_as_it_was() -> None:
    answer = ask(
        **HOSTED_ABROAD, reporter_is_child=True, known_list="baseline"
    )
    stored = json.loads(json.dumps(answer.to_json()))
    assert Routing.from_json(stored) == answer
    for each in stored["routes"]:
        assert "id" not in each  # it is made of what is stored
        assert Route.from_json(each).to_json() == each


def test_the_json_holds_plain_texts() -> None:
    def types_in(value: Any) -> set[type]:
        if isinstance(value, dict):
            return {kind for each in value.values() for kind in types_in(each)}
        if isinstance(value, list):
            return {kind for each in value for kind in types_in(each)}
        return {type(value)}

    answer = ask(**HOSTED_ABROAD, known_list="baseline")
    assert types_in(answer.to_json()) <= {str, int, bool, type(None)}


def test_a_case_that_nobody_has_looked_at_has_an_empty_answer() -> None:
    answer = Routing.from_json({})
    assert (answer.jurisdiction, answer.routes, answer.priority.score) == (
        (),
        (),
        0,
    )


def test_what_a_plan_stores_with_a_route_is_left_out() -> None:
    stored = {
        "to": "provider_notice",
        "country": "AL",
        "name": "Host",
        "after": "police_release",
        "urgency": "high",
        "automatic": True,
        "why": "The host can remove it.",
        "basis": "Law",
        "partner_id": "018f",
    }
    read = Route.from_json(stored)
    assert (read.id, read.after) == ("provider_notice-AL", Gate.POLICE_RELEASE)
    assert read.to_json() == {
        k: v for k, v in stored.items() if k != "partner_id"
    }
