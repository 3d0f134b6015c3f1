"""Priority: an exact, explained sum that only ever grows with the signals."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.errors import InvalidInput, Misconfigured
from triage import priority
from triage.priority import ListClass, Signals, load_weights, score_case

WEIGHTS = load_weights()
CLASSES = tuple(ListClass)
SHIPPED = Path(priority.__file__).parent / "data" / "priority_weights.toml"

signals = st.builds(
    Signals,
    danger_now=st.booleans(),
    time_presses=st.booleans(),
    child_reporting=st.booleans(),
    unknown_victim=st.booleans(),
    new_material=st.booleans(),
    list_class=st.sampled_from(CLASSES),
    home_jurisdiction=st.booleans(),
    sightings=st.integers(0, 10_000),
    age_hours=st.floats(0, 1e6),
    deadline_hours=st.none() | st.floats(-1e6, 1e6),
)


def test_nothing_known_scores_nothing() -> None:
    assert score_case(Signals(), WEIGHTS) == priority.Priority(0, ())


@pytest.mark.parametrize(
    ("case", "points"),
    [
        (Signals(danger_now=True), 520),
        (Signals(time_presses=True), 200),
        (Signals(child_reporting=True), 50),
        (Signals(child_contacted=True), 45),
        (Signals(unknown_victim=True), 40),
        (Signals(new_material=True), 30),
        (Signals(list_class=ListClass.BASELINE), 20),
        (Signals(list_class=ListClass.NATIONAL), 12),
        (Signals(home_jurisdiction=True), 15),
        (Signals(sightings=6), 6),
        (Signals(sightings=500), 12),
        (Signals(age_hours=36), 7),
        (Signals(deadline_hours=12), 6),
        (Signals(deadline_hours=-5), 12),
        (Signals(deadline_hours=48), 0),
    ],
)
def test_each_signal_weighs_what_the_file_says(
    case: Signals, points: int
) -> None:
    assert score_case(case, WEIGHTS).score == points


@pytest.mark.parametrize(
    "known", [ListClass.BASELINE, ListClass.NATIONAL, ListClass.LISTED]
)
def test_what_nobody_knows_stands_above_what_a_list_knows(
    known: priority.ListClass,
) -> None:
    """In new material there may be a child who has not been found."""
    new, listed = (
        score_case(Signals(new_material=True), WEIGHTS),
        score_case(Signals(list_class=known), WEIGHTS),
    )
    assert new.score > listed.score


@given(signals, st.sampled_from(["en", "sq"]))
def test_the_parts_are_the_whole_and_say_why(
    case: Signals, language: str
) -> None:
    found = score_case(case, WEIGHTS, language)
    assert 0 <= found.score <= 1000
    assert found.score == sum(part.points for part in found.parts)
    assert [part.points for part in found.parts] == sorted(
        (part.points for part in found.parts), reverse=True
    )
    assert all(part.why and part.points > 0 for part in found.parts)


@given(signals)
def test_more_never_means_less(case: Signals) -> None:
    base = score_case(case, WEIGHTS).score
    left = case.deadline_hours
    graver = [
        *(
            replace(case, **{name: True})
            for name in (
                "danger_now",
                "time_presses",
                "child_reporting",
                "unknown_victim",
                "new_material",
                "home_jurisdiction",
            )
        ),
        *(
            replace(case, list_class=one)
            for one in CLASSES[CLASSES.index(case.list_class) :]
        ),
        replace(case, sightings=case.sightings + 1),
        replace(case, age_hours=case.age_hours + 5),
        replace(case, deadline_hours=3.0 if left is None else left - 3),
    ]
    assert all(score_case(one, WEIGHTS).score >= base for one in graver)


@given(signals, signals)
def test_danger_now_stands_above_everything_else(
    one: Signals, other: Signals
) -> None:
    danger, calm = (
        replace(one, danger_now=True),
        replace(other, danger_now=False),
    )
    assert score_case(danger, WEIGHTS).score > score_case(calm, WEIGHTS).score


@given(signals, signals)
def test_a_meeting_soon_stands_above_any_known_picture(
    one: Signals, other: Signals
) -> None:
    """However often it was reported, and whoever reports it: nobody meets the child tomorrow."""
    pressing = replace(one, time_presses=True)
    picture = replace(
        other, danger_now=False, time_presses=False, child_contacted=False
    )
    assert (
        score_case(pressing, WEIGHTS).score
        > score_case(picture, WEIGHTS).score
    )


@pytest.mark.parametrize(
    "bad",
    [
        Signals(sightings=-1),
        Signals(age_hours=-1.0),
        Signals(age_hours=float("nan")),
    ],
)
def test_figures_that_cannot_be_are_refused(bad: Signals) -> None:
    with pytest.raises(InvalidInput):
        score_case(bad, WEIGHTS)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("points = 520", "points = 600", "more than 1000"),
        ("points = 520", "points = -1", "/danger_now/points"),
        ("[sightings]", "[sightingz]", "/sightingz"),
        (
            'why.en = "A child is in danger now."',
            'why.de = "x"',
            "English reason",
        ),
        ("points = 12\nwhy", "points = 61\nwhy", "must not weigh less"),
    ],
)
def test_faulty_weights_are_named(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    (tmp_path / "data").mkdir()
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "data" / SHIPPED.name).write_text(
        text.replace(old, new, 1), encoding="utf-8"
    )
    assert any(told in fault for fault in priority.list_faults(tmp_path))
    with pytest.raises(Misconfigured):
        load_weights(tmp_path)


def test_the_shipped_weights_are_sound() -> None:
    assert priority.list_faults() == []
