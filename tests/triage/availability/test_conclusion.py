"""What a series of looks proves, and what it must never prove."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.errors import Misconfigured
from triage.availability.conclusion import (
    Conclusion,
    draw_conclusion,
    next_check,
)
from triage.availability.model import ABSENT, PRESENT, Verdict
from triage.availability.policy import load_policy
from triage.availability.schedule import (
    add_jitter,
    in_line,
    interval_at,
    plan_next_look,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
POLICY = load_policy()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def look(
    name: str, hours: float = 0, *, healthy: bool = True, vantage: str = "own"
) -> Verdict:
    return Verdict(
        name, (name,), (name,), NOW + HOUR * hours, vantage, healthy
    )  # type: ignore[arg-type]


def end(history: Sequence[Verdict], hours: float = 24 * 4000) -> Conclusion:
    return draw_conclusion(history, POLICY, NOW + HOUR * hours)


GONE = [look("online"), look("gone", 10), look("gone", 22), look("gone", 34)]


def test_three_healthy_looks_over_a_day_prove_a_removal() -> None:
    done = end(GONE)
    assert (done.state, done.verified) == ("removed", True)
    assert (
        done.since == NOW + HOUR * 10
    )  # the clock stops at the first of them
    assert done.next_check_at == NOW + HOUR * 34 + DAY


@pytest.mark.parametrize(
    "history",
    [
        GONE[:3],
        [
            look("gone"),
            look("gone", 0.3),
            look("gone", 0.6),
            look("gone", 30),
        ],  # too near
        [look("gone", n) for n in range(20)],  # many, and all within a day
        [*GONE[:3], look("gone", 34, healthy=False)],
        [look("gone", 10 * n, healthy=False) for n in range(9)],
        [*GONE[:3], look("online", 23), look("gone", 34)],
        [*GONE[:3], look("login_wall", 34)],
        [*GONE[:3], look("unknown", 34), look("host_down", 46)],
    ],
)
def test_less_than_that_does_not(history: list[Verdict]) -> None:
    done = end(history)
    assert not (done.state == "removed" and done.verified)
    assert done.next_check_at is not None
    assert done.because


def test_kinds_of_absence_count_together_and_failures_between_are_skipped() -> (
    None
):
    history = [
        look("soft_404"),
        look("unknown", 5),
        look("removed", 13),
        look("host_down", 20),
        look("gone", 25),
    ]
    assert end(history).verified
    assert end(history).state == "removed"


def test_a_wall_hides_what_earlier_looks_said() -> None:
    done = end([*GONE[:3], look("geo_blocked", 30)])
    assert (done.state, done.verified) == ("kept_out", False)


def test_looks_of_the_future_are_not_read() -> None:
    assert draw_conclusion(GONE, POLICY, NOW + HOUR * 23).verified is False
    assert draw_conclusion([], POLICY, NOW).next_check_at == NOW


def test_what_one_place_sees_another_cannot_remove() -> None:
    theirs = [look("online", 1, vantage="second")]
    assert not end(
        [*theirs, *(look("gone", h) for h in (10, 30, 60, 90))]
    ).verified
    later = [look("gone", 100, vantage="second")]
    assert end(
        [*theirs, *(look("gone", h) for h in (10, 30, 60, 90)), *later]
    ).verified


def test_a_second_place_can_be_made_a_condition() -> None:
    strict = replace(POLICY, second_vantage=True)
    assert not draw_conclusion(GONE, strict, NOW + 9 * DAY).verified
    both = [*GONE, look("gone", 40, vantage="second")]
    assert draw_conclusion(both, strict, NOW + 9 * DAY).verified


def test_a_dead_host_is_down_and_never_removed() -> None:
    history = [
        look("online"),
        *(look("host_down", 24 * n) for n in range(1, 12)),
    ]
    done = end(history)
    assert (done.state, done.verified) == ("down", True)
    assert not end(history[:7]).verified
    back = end([*history, look("online", 24 * 20)])
    assert (back.state, back.reappeared) == ("still_up", True)


def test_reappearance_reopens_and_is_watched_closely_again() -> None:
    back = end([*GONE, look("online", 24 * 200)])
    assert (back.state, back.verified, back.reappeared) == (
        "still_up",
        True,
        True,
    )
    assert back.next_check_at == NOW + HOUR * (24 * 200 + 2)
    again = [
        *GONE,
        look("moved", 24 * 200),
        *(look("gone", 24 * 200 + h) for h in (10, 22, 34)),
    ]
    assert end(again).verified
    assert end(again).reappeared is False


def test_watching_thins_out_and_ends_after_a_year() -> None:
    history, planned = list(GONE), []
    while (at := next_check(POLICY, history, history[-1].at)) is not None:
        assert at > history[-1].at
        planned.append(at - history[-1].at)
        history.append(replace(GONE[1], at=at))
    assert planned == sorted(planned)  # ever rarer
    assert 15 <= len(planned) <= 40
    assert (
        timedelta(days=365)
        <= history[-1].at - GONE[-1].at
        <= timedelta(days=395)
    )


def test_while_it_is_up_looks_thin_out_too() -> None:
    at, looks = NOW, [look("online")]
    for _ in range(100):
        following = next_check(POLICY, looks, at)
        assert following is not None
        assert following > at
        at = following
        looks.append(replace(looks[0], at=at))
    assert (
        300 * DAY < at - NOW < 600 * DAY
    )  # a hundred looks in some one and a half years


def test_proof_is_sought_quickly_once_it_seems_gone() -> None:
    old = [look("online"), look("gone", 24 * 100)]
    following = next_check(POLICY, old, old[-1].at)
    assert following == old[-1].at + HOUR * 12  # not in a week


def test_the_demo_is_quick_and_asks_for_as_many_looks() -> None:
    demo = load_policy(name="availability-demo.toml")
    looks = [
        replace(GONE[1], at=NOW + timedelta(seconds=4 * n)) for n in range(4)
    ]
    assert draw_conclusion(looks, demo, NOW + HOUR).verified
    assert demo.removal.checks == POLICY.removal.checks


NAMES = st.sampled_from(
    sorted(
        ABSENT
        | PRESENT
        | {"host_down", "unknown", "login_wall", "blocked_here", "geo_blocked"}
    )
)
PLACES = st.sampled_from(["own", "second"])
ANY = st.lists(
    st.builds(
        look, NAMES, st.floats(0, 2000), healthy=st.booleans(), vantage=PLACES
    ),
    max_size=30,
)
OUR_FAILURES = st.lists(
    st.one_of(
        st.builds(
            look,
            NAMES.filter(lambda n: n not in PRESENT),
            st.floats(0, 2000),
            healthy=st.just(False),
            vantage=PLACES,
        ),
        st.builds(
            look,
            st.sampled_from(
                ["unknown", "host_down", "login_wall", "blocked_here"]
            ),
            st.floats(0, 2000),
            vantage=PLACES,
        ),
    ),
    max_size=40,
)


@given(OUR_FAILURES)
def test_no_history_of_our_own_failures_gives_removed(
    history: list[Verdict],
) -> None:
    assert end(history).state != "removed"


@given(ANY, NAMES.filter(lambda n: n in PRESENT), PLACES)
def test_a_sighting_always_undoes_a_removal(
    history: list[Verdict], name: str, place: str
) -> None:
    done = end([*history, look(name, 2001, vantage=place)])
    assert (done.state, done.verified) == ("still_up", True)
    before = end(history)
    assert done.reappeared or not (
        before.verified and before.state in ("removed", "down")
    )
    # and two more absences are not yet enough:
    two = [
        look("gone", 2100, vantage=place),
        look("gone", 2300, vantage=place),
    ]
    assert not end([*history, look(name, 2001, vantage=place), *two]).verified


@given(ANY)
def test_a_verified_removal_always_has_its_proof(
    history: list[Verdict],
) -> None:
    done = end(history)
    if done.state == "removed" and done.verified:
        seen = max(
            (v.at for v in history if v.verdict in PRESENT), default=NOW - DAY
        )
        proof = [
            v
            for v in history
            if v.healthy and v.verdict in ABSENT and v.at >= seen
        ]
        assert len(proof) >= POLICY.removal.checks
        assert (
            max(v.at for v in proof) - min(v.at for v in proof)
            >= POLICY.removal.min_span
        )
    assert draw_conclusion(
        list(reversed(history)), POLICY, NOW + 4000 * DAY
    ).state == done.state or len({v.at for v in history}) < len(history)


@given(ANY, st.floats(2001, 4000), st.booleans())
def test_unknown_never_becomes_removed(
    history: list[Verdict], hours: float, healthy: bool
) -> None:
    before, after = (
        end(history),
        end([*history, look("unknown", hours, healthy=healthy)]),
    )
    if before.state == "removed":
        assert after.verified == before.verified
    else:
        assert after.state != "removed"


def test_a_look_that_says_nothing_is_unclear_and_several_are_for_a_person() -> (
    None
):
    one = end([look("online"), look("unknown", 2)])
    assert (one.state, one.verified, one.since, one.needs_person) == (
        "unclear",
        False,
        NOW,
        False,
    )
    ours = [look("unknown", 10 * n, healthy=False) for n in range(1, 9)]
    assert end([look("online"), *ours]).needs_person is False
    for name in ("unknown", "login_wall"):
        theirs = [look(name, 10 * n) for n in range(1, 9)]
        assert end([look("online"), *theirs]).needs_person is True
        assert end([*theirs, look("online", 100)]).needs_person is False
        assert end([*theirs, look("gone", 100)]).needs_person is False


def test_verdicts_survive_json() -> None:
    for verdict in GONE:
        assert Verdict.from_json(verdict.to_json()) == verdict


def test_a_line_keeps_a_host_at_ease() -> None:
    """Whatever comes in whatever order: one look a gap, and a place is kept until its look."""
    gap, busy, places = POLICY.host_gap, None, []
    for _ in range(200):
        busy = in_line(
            NOW, gap, planned=None, looked=NOW - HOUR, busy_until=busy
        )
        places.append(busy)
    assert places[0] == NOW
    assert min(b - a for a, b in pairwise(places)) == gap
    last, own = places[-1], places[50]
    assert (
        in_line(own, gap, planned=own, looked=NOW - HOUR, busy_until=last)
        == own
    )
    late = own + HOUR
    assert (
        in_line(late, gap, planned=own, looked=None, busy_until=last) == late
    )
    again = in_line(late, gap, planned=own, looked=own, busy_until=last)
    assert again == max(late, last + gap)
    assert (
        in_line(last + HOUR, gap, planned=own, looked=own, busy_until=last)
        == last + HOUR
    )


def test_what_began_together_drifts_apart() -> None:
    at = NOW + 10 * HOUR
    times = {add_jitter(at, NOW, key=str(n), share=0.2) for n in range(50)}
    assert len(times) == 50
    assert all(at <= each <= at + 2 * HOUR for each in times)
    assert add_jitter(at, NOW, key="7", share=0.2) == add_jitter(
        at, NOW, key="7", share=0.2
    )
    assert add_jitter(at, NOW, key="7", share=0.0) == at


def test_phases() -> None:
    assert interval_at(POLICY.watch, timedelta()) == 2 * HOUR
    assert interval_at(POLICY.reappearance, timedelta(days=365)) is None
    assert (
        plan_next_look(POLICY.reappearance, NOW, NOW + timedelta(days=400))
        is None
    )


def test_a_faulty_policy_names_all_its_faults(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "availability.toml").write_text(
        '[removal]\nchecks = 1\nmin_gap = "soon"\n[politeness]\nhost_gap="1m"\njitter=9\n'
        '[[watch]]\nuntil="2d"\nevery="0s"\n[[watch]]\nuntil="1d"\nevery="1d"\n'
    )
    with pytest.raises(Misconfigured) as error:
        load_policy(tmp_path)
    for part in (
        "removal.checks",
        "min_gap",
        "min_span",
        "[down]",
        "jitter",
        "reappearance",
        "watch[0].every",
        "must grow",
    ):
        assert part in str(error.value)
