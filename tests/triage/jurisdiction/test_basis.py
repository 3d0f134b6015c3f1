"""A reason names what it rests on: a company's seat is no place where material is hosted."""

from __future__ import annotations

import re
from typing import Any

import pytest

from triage.jurisdiction import Facts, load_rules, route_facts

RULES = load_rules()
SEATED = [name for name, each in RULES.platforms.items() if each.seat]
HOSTED = re.compile(r"\bhosted in\b|\bis hosted\b", re.IGNORECASE)


def reasons(**facts: Any) -> list[str]:
    stated = Facts.from_json(
        {"assessment": "national", "hosting_kind": "platform", **facts}
    )
    return [route.why for route in route_facts(stated, RULES).routes]


@pytest.mark.parametrize("home", ["AL", "RS", "MK", "US", "DE"])
@pytest.mark.parametrize("platform", SEATED)
def test_a_seat_is_never_told_as_the_place_of_hosting(
    platform: str, home: str
) -> None:
    for why in reasons(platform=platform, home=home):
        assert not HOSTED.search(why), why


def test_where_the_host_is_known_that_is_what_is_said() -> None:
    told = " ".join(
        reasons(home="AL", hosting_country="AL", hosting_kind="host")
    )
    assert "The material is hosted in Albania (AL)." in told
    abroad = " ".join(
        reasons(home="AL", hosting_country="XK", hosting_kind="host")
    )
    assert "It is hosted in" in abroad
