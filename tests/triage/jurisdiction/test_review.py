"""What goes to a person: every doubt with its own reason, and nothing where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from triage.jurisdiction import Facts, load_rules
from triage.jurisdiction.deciding.drafts import Draft
from triage.jurisdiction.deciding.review import draft_review
from triage.jurisdiction.routes import draft_routes
from triage.jurisdiction.situation import Situation
from triage.jurisdiction.vocabulary import Destination

RULES = load_rules()
SURE = {"hosting_country": "DE", "assessment": "national"}
STOPPED = "IR"


def situation(**facts: Any) -> Situation:
    stated = {"home": "AL", **SURE, **facts}
    return Situation(Facts.from_json(stated), RULES)


def reasons(**facts: Any) -> list[str]:
    case = situation(**facts)
    return [
        reason.key
        for draft in draft_routes(case)
        if draft.to is Destination.MANUAL_REVIEW
        for reason in draft.reasons
    ]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"home": None}, ["review.home_unknown"]),
        ({"home": "FR"}, ["review.no_rules"]),
        ({"own_material": True}, ["review.child"]),
        ({"own_material": True, "assessment": "not_illegal"}, []),
        ({"assessment": None}, ["review.unassessed"]),
        ({"assessment": "cannot_determine"}, ["review.cannot_determine"]),
        ({"assessment": "not_illegal"}, []),
        (
            {"assessment": "not_illegal", "known_list": "baseline"},
            ["review.list_disagrees"],
        ),
        ({"known_list": "baseline"}, []),
        (
            {
                "assessment": "not_illegal",
                "victim": {"at_immediate_risk": True},
            },
            ["review.danger_disagrees"],
        ),
        ({"victim": {"at_immediate_risk": True}}, []),
        ({"hosting_kind": "cdn"}, ["review.find_origin"]),
        ({"hosting_kind": "cdn", "assessment": "not_illegal"}, []),
        ({"platform": "nobody's"}, ["review.platform_seat"]),
        ({"platform": "nobody's", "assessment": "not_illegal"}, []),
        ({"platform": "instagram", "hosting_country": None}, []),
        ({"hosting_country": None}, ["review.host_unknown"]),
        ({"hosting_country": None, "assessment": "not_illegal"}, []),
        ({"hosting_country": STOPPED}, ["review.stop_list"]),
    ],
)
def test_a_doubt_is_told_by_its_own_reason(
    facts: dict[str, Any], expected: list[str]
) -> None:
    assert reasons(**facts) == expected


def test_where_nothing_applies_a_person_is_told_so() -> None:
    (review,) = draft_review(situation(), [])
    assert [reason.key for reason in review.reasons] == [
        "review.nothing_applies"
    ]
    assert (review.to, review.country) == (Destination.MANUAL_REVIEW, "AL")
    assert (review.automatic, review.after) == (True, None)
    other = Draft(Destination.POLICE, "AL", "", ())
    assert list(draft_review(situation(), [other])) == []
    (doubt,) = draft_review(situation(assessment=None), [])
    assert [reason.key for reason in doubt.reasons] == ["review.unassessed"]


@pytest.mark.parametrize(
    ("facts", "urgency"),
    [
        ({"assessment": None}, "normal"),
        ({"hosting_country": STOPPED}, "high"),
        ({"hosting_country": STOPPED, "known_list": True}, "high"),
        (
            {
                "hosting_country": STOPPED,
                "victim": {"at_immediate_risk": True},
            },
            "immediate",
        ),
    ],
)
def test_a_stopped_country_is_never_of_no_hurry(
    facts: dict[str, Any], urgency: str
) -> None:
    (review,) = draft_review(situation(**facts), [])
    assert review.urgency == urgency


def test_a_stopped_country_is_named_with_why() -> None:
    (review,) = draft_review(situation(hosting_country=STOPPED), [])
    (reason,) = review.reasons
    assert reason.countries == (STOPPED,)
    assert reason.text


def keys_of(to: Destination, **facts: Any) -> list[str]:
    return [
        reason.key
        for draft in draft_routes(situation(**facts))
        if draft.to is to
        for reason in draft.reasons
    ]


@pytest.mark.parametrize(
    ("facts", "is_asked"),
    [
        ({"hosting_country": "AL"}, True),
        ({"hosting_country": "DE"}, False),
        ({"hosting_country": "AL", "address_used": False}, False),
        ({"hosting_country": "AL", "home": None}, False),
        ({"hosting_country": None, "home": None}, False),
    ],
)
def test_only_a_provider_at_home_is_asked_to_keep_what_it_has(
    facts: dict[str, Any], is_asked: bool
) -> None:
    case = {"address_used": True, "hosting_kind": "p2p", **facts}
    keys = keys_of(Destination.PRESERVATION_REQUEST, **case)
    assert ("preservation.subscriber" in keys) is is_asked


def test_the_police_are_told_that_somebody_used_the_address() -> None:
    used = {"address_used": True, "hosting_kind": "p2p"}
    assert "police.address_used" in keys_of(Destination.POLICE, **used)
    assert "police.hidden" not in keys_of(Destination.POLICE, **used)
    hidden = keys_of(Destination.POLICE, hosting_kind="onion")
    assert "police.hidden" in hidden and "police.address_used" not in hidden


def test_what_waits_because_of_a_stopped_country_names_it() -> None:
    drafts = draft_routes(situation(hosting_country=STOPPED))
    waiting = {
        draft.to: reason.countries
        for draft in drafts
        for reason in draft.reasons
        if reason.key == "stop.waits"
    }
    assert waiting == {Destination.PROVIDER_NOTICE: (STOPPED,)}
