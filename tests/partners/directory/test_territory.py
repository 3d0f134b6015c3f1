"""An office is proposed by place and never by the order of a list."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.directory.seed import load_seed
from partners.directory.territory import (
    Coverage,
    Office,
    coverage_of,
    plain_name,
    propose_office,
)
from partners.words import COVERAGE


def unit(code: str, *territory: str, confirmed: bool = True) -> Office:
    return Office(code, "child_protection_unit", territory, confirmed)


def police(code: str, *territory: str, confirmed: bool = True) -> Office:
    return Office(code, "police", territory, confirmed)


@pytest.mark.parametrize(
    "said",
    ["Durrës", "DURRËS", "durres", " Durres ", "Bashkia Durrës"],
)
def test_a_place_is_known_however_it_is_written(said: str) -> None:
    assert coverage_of(("Durrës",), said) is Coverage.HERE
    assert coverage_of(("Shijak",), said) is Coverage.ELSEWHERE


def test_nobody_knows_where_the_child_is() -> None:
    for nothing in (None, "", "  "):
        assert coverage_of(("Durrës",), nothing) is Coverage.UNKNOWN
        assert coverage_of((), nothing) is Coverage.COUNTRY
        assert propose_office([unit("a", "Durrës")], nothing) is None


def test_a_local_kind_is_proposed_by_municipality_alone() -> None:
    durres, shijak = unit("durres", "Durrës"), unit("shijak", "Shijak")
    for offices in ([durres, shijak], [shijak, durres]):
        assert propose_office(offices, "Shijak") is shijak
        assert propose_office(offices, "Krujë") is None
    assert propose_office([shijak], "Durrës") is None


def test_police_of_the_whole_country_go_before_local_ones() -> None:
    national, local = police("national"), police("tirana", "Tiranë")
    assert propose_office([local, national], "Tiranë") is national
    assert propose_office([local], "Tiranë") is None


def test_two_that_fit_are_a_person_s_choice_unless_only_one_is_confirmed() -> (
    None
):
    first, second = police("first"), police("second")
    assert propose_office([first, second], None) is None
    waiting = police("second", confirmed=False)
    assert propose_office([first, waiting], None) is first


PLACES = sorted({place for seed in load_seed() for place in seed.territory})


@given(
    territories=st.lists(
        st.lists(st.sampled_from(PLACES), max_size=4), min_size=1, max_size=6
    ),
    said=st.none() | st.sampled_from(PLACES) | st.text(max_size=12),
    seed=st.integers(0, 1000),
)
def test_the_order_of_the_list_never_matters(
    territories: list[list[str]], said: str | None, seed: int
) -> None:
    offices = [unit(str(n), *places) for n, places in enumerate(territories)]
    shuffled = offices.copy()
    random.Random(seed).shuffle(shuffled)
    best = propose_office(offices, said)
    assert best == propose_office(shuffled, said)
    if best is not None:
        assert coverage_of(best.territory, said) is Coverage.HERE


def test_every_albanian_municipality_has_one_unit() -> None:
    offices = [
        Office(seed.code, seed.kind, seed.territory, is_confirmed=False)
        for seed in load_seed()
        if seed.kind == "child_protection_unit" and seed.country == "AL"
    ]
    for office in offices:
        (place,) = office.territory
        assert propose_office(offices, place) == office


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Han-i Elezit", "han i  elezit"),
        ("Opština Čukarica", "cukarica"),
        ("Општина  Центар", "центар"),
        ("grad Skopje", "SKOPJE"),
    ],
)
def test_names_differ_in_more_than_signs_or_not_at_all(
    one: str, other: str
) -> None:
    assert plain_name(one) == plain_name(other)
    assert "-" not in plain_name(one)
    assert plain_name(one) != plain_name(f"{other}a")


def test_only_an_office_of_another_place_or_of_an_unknown_one_needs_a_reason() -> (
    None
):
    assert {one for one in Coverage if one.needs_reason} == {
        Coverage.ELSEWHERE,
        Coverage.UNKNOWN,
    }
    assert all(one.needs_reason in (True, False) for one in Coverage)


def test_words_within_a_name_stay_apart() -> None:
    assert plain_name("Malësi-e  Madhe") == "malesi e madhe"
    assert plain_name("Grad") == "grad"


def test_the_form_of_a_plan_knows_each_coverage_by_name() -> None:
    assert {str(one) for one in Coverage} == set(COVERAGE)
    assert set(COVERAGE) == {"here", "country", "elsewhere", "unknown"}
