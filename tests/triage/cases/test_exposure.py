"""How long somebody worked on cases, when a break is due, and when a day is full."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from triage.cases.handling.exposure import (
    Stint,
    TimeSpent,
    load_exposure,
    measure_time,
)

EXPOSURE = load_exposure()
NINE = datetime(2026, 11, 2, 9, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return NINE + timedelta(minutes=minutes)


def stint(began: int | None, ended: int, *, violent: bool = False) -> Stint:
    return Stint(None if began is None else at(began), at(ended), violent)


def measured(*stints: Stint, now: int) -> TimeSpent:
    return measure_time(stints, EXPOSURE, at(now))


def minutes(time: timedelta) -> float:
    return time / timedelta(minutes=1)


def test_time_is_from_taking_a_case_until_it_is_assessed() -> None:
    spent = measured(stint(0, 12), stint(15, 20, violent=True), now=21)
    assert (spent.cases, spent.violent_cases) == (2, 1)
    assert (minutes(spent.time), minutes(spent.violent_time)) == (17, 5)


def test_two_cases_in_hand_at_once_count_once() -> None:
    spent = measured(stint(0, 10), stint(1, 20), now=20)
    assert minutes(spent.time) == 20


def test_a_case_left_lying_counts_as_long_as_a_case_may() -> None:
    spent = measured(stint(0, 200, violent=True), now=200)
    assert minutes(spent.time) == EXPOSURE.longest_minutes


def test_what_was_not_taken_first_is_a_case_without_length() -> None:
    spent = measured(stint(None, 5, violent=True), now=6)
    assert (spent.violent_cases, minutes(spent.time)) == (1, 0)


def test_a_break_is_due_after_enough_violence_and_over_after_a_rest() -> None:
    work = [stint(n * 15, n * 15 + 15, violent=True) for n in range(3)]
    assert not measured(*work[:2], now=31).is_break_due(EXPOSURE)
    assert measured(*work, now=46).is_break_due(EXPOSURE)
    rested = 45 + EXPOSURE.break_minutes
    assert not measured(*work, now=rested).is_break_due(EXPOSURE)
    again = stint(rested, rested + 5, violent=True)
    spent = measured(*work, again, now=rested + 5)
    assert minutes(spent.since_break) == 5
    assert minutes(spent.violent_time) == 50


def test_calm_work_asks_for_no_break_and_is_none() -> None:
    calm = [stint(n * 15, n * 15 + 15) for n in range(4)]
    assert not measured(*calm, now=61).is_break_due(EXPOSURE)
    violent = [stint(n * 15, n * 15 + 15, violent=True) for n in range(3)]
    between = stint(45, 60)
    assert measured(*violent, between, now=60).is_break_due(EXPOSURE)


@pytest.mark.parametrize(("cases", "is_full"), [(15, False), (16, True)])
def test_a_day_is_full_after_four_hours(cases: int, is_full: bool) -> None:
    day = [stint(n * 15, n * 15 + 15) for n in range(cases)]
    assert measured(*day, now=cases * 15).is_full(EXPOSURE) is is_full
