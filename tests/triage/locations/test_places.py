"""The corpus of catalogued platforms: one place has one key, and no two places share one."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.corpus import Group, read_groups
from triage.locations import Location, identify_locations, identify_one
from triage.locations.catalogue import load_platforms
from triage.locations.catalogue_values import Rule

PLACES = read_groups(Path(__file__).parent / "data" / "places.txt")
PLATFORMS = list(dict.fromkeys(group.heading for group in PLACES))
FORMS = [form for group in PLACES for form in group.lines]


def _key(form: str) -> str:
    return "|".join(location.key for location in identify_locations(form))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_form_of_a_place_has_the_key_of_its_first(platform: str) -> None:
    apart = [
        (form, group.lines[0])
        for group in PLACES
        if group.heading == platform
        for form in group.lines[1:]
        if _key(form) != _key(group.lines[0])
    ]
    assert apart == []


def test_no_two_places_are_made_one() -> None:
    places: dict[str, set[Group]] = defaultdict(set)
    for group in PLACES:
        for form in group.lines:
            places[_key(form)].add(group)
    merged = {key: groups for key, groups in places.items() if len(groups) > 1}
    assert merged == {}


def test_the_corpus_is_large_enough_to_say_something() -> None:
    assert len(FORMS) > 800
    assert len(PLATFORMS) > 50


def _is_settled(location: Location) -> bool:
    again = identify_locations(location.canonical)
    return [(one.kind, one.key, one.canonical) for one in again] == [
        (location.kind, location.key, location.canonical)
    ]


def test_every_canonical_form_of_the_corpus_is_its_own() -> None:
    unsettled = [
        (form, location.canonical)
        for form in FORMS
        for location in identify_locations(form)
        if not _is_settled(location)
    ]
    assert unsettled == []


RULES = [
    pytest.param(platform.hosts[0], rule, id=f"{platform.id} {number}")
    for platform in dict.fromkeys(load_platforms().by_host.values())
    for number, rule in enumerate(platform.rules, 1)
]


def _draw_address(data: st.DataObject, host: str, rule: Rule) -> str:
    """An address that the rule reads, with what it needs, and what it may have, of each part."""

    def draw(pattern: re.Pattern[str]) -> str:
        drawn: str = data.draw(st.from_regex(pattern, fullmatch=True))
        return drawn

    if rule.hosts:
        host = sorted(rule.hosts)[0]
    elif rule.host is not None:
        host = draw(rule.host)
    query = [f"{name}={draw(pattern)}" for name, pattern in rule.query]
    for name, pattern in rule.inside:
        if data.draw(st.booleans()):
            query.append(f"{name}={draw(pattern)}")
    query += [f"{name}=aB1" for name in rule.opens]
    query += [draw(rule.bare)] if rule.bare else []
    scheme = sorted(rule.schemes)[0]
    path = draw(rule.path)
    start = f"{scheme}://{host}" if scheme == "http" else f"{scheme}:/"
    return (
        start
        + path
        + ("?" + "&".join(query) if query else "")
        + (f"#{draw(rule.fragment)}" if rule.fragment else "")
    )


@pytest.mark.parametrize(("host", "rule"), RULES)
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_what_a_rule_reads_has_a_canonical_form_that_reads_as_itself(
    data: st.DataObject, host: str, rule: Rule
) -> None:
    location = identify_one(_draw_address(data, host, rule))
    if location.kind != "unknown":
        assert _is_settled(location), location


@pytest.mark.parametrize(
    "address",
    [
        "instagram://user?username=p",
        "https://ig.me/m/P/",
        "twitter://user?screen_name=I",
        "https://x.com/intent/user?screen_name=home",
        "tg://join?invite=1000000000",
        "https://t.me/joinchat/1000000000",
        "at://./app.bsky.feed.post/0",
        "http://-.bsky.social/",
    ],
)
def test_what_the_platform_keeps_for_itself_is_nobody_s_name(
    address: str,
) -> None:
    """``https://x.com/i`` is a page of X: an account of that name would read back as another."""
    assert _is_settled(identify_one(address))
