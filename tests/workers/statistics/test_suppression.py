"""No number that is kept back can be computed, also by somebody who knows the rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.statistics.suppression import (
    LEAST,
    Published,
    suppress_number,
    suppress_table,
    suppress_together,
)

Numbers = tuple[int, ...]


Seen = tuple[tuple[tuple[str, int | None], ...], int | None]


def publish(numbers: Sequence[int], least: int) -> Seen:
    """What a reader sees of a table whose rows are known, from top to bottom; figures come with
    the largest first."""
    counts = {str(place): number for place, number in enumerate(numbers)}
    largest_first = sorted(counts, key=lambda name: (-counts[name], name))
    shown = suppress_table(
        {name: counts[name] for name in largest_first}, least=least
    )
    return tuple(shown.counts.items()), shown.total


@pytest.mark.parametrize(
    ("least", "rows", "most"),
    [(3, 2, 16), (3, 3, 12), (3, 4, 7), (4, 3, 13), (5, 2, 24), (5, 3, 14)],
)
def test_the_rule_turned_around_leaves_every_number_open(
    least: int, rows: int, most: int
) -> None:
    """Every table is published; whoever sees it knows the rule, and tries all it may have been."""
    behind: dict[Seen, list[Numbers]] = defaultdict(list)
    for numbers in product(range(most + 1), repeat=rows):
        behind[publish(numbers, least)].append(numbers)
    looked_at = 0
    for seen, possible in behind.items():
        for name, count in seen[0]:
            numbers_there = {table[int(name)] for table in possible}
            if count is None:
                assert len(numbers_there) > 1, seen
                looked_at += 1
            else:
                assert numbers_there == {count}
    assert looked_at > 20


@given(
    st.dictionaries(st.text(max_size=5), st.integers(0, 60), max_size=12),
    st.randoms(),
)
def test_no_small_number_is_shown_and_order_does_not_matter(
    counts: dict[str, int], dice: object
) -> None:
    shown = suppress_table(counts)
    for name, count in counts.items():
        if 0 < count < LEAST:
            assert shown.counts[name] is None
        assert shown.counts[name] in (None, count)
    assert shown.total in (None, sum(counts.values()))
    names = list(counts)
    dice.shuffle(names)  # type: ignore[attr-defined]
    again = suppress_table({name: counts[name] for name in names})
    assert list(again.counts.items()) == list(shown.counts.items())


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_what_is_kept_back_is_neither_alone_nor_given_by_its_sum(
    numbers: list[int],
) -> None:
    counts = {str(place): number for place, number in enumerate(numbers)}
    shown = suppress_table(counts)
    hidden = [
        counts[name] for name, one in shown.counts.items() if one is None
    ]
    if hidden and shown.total is not None:
        assert len(hidden) > 1
        assert len(set(hidden)) > 1 or 1 < hidden[0] < LEAST - 1


def test_nothing_is_kept_back_without_need() -> None:
    assert suppress_table({"a": 5, "b": 0, "c": 90}) == Published(
        {"a": 5, "b": 0, "c": 90}, 95
    )
    assert suppress_table({}) == Published({}, 0)
    assert suppress_table({"a": 2, "b": 3, "c": 50}) == Published(
        {"a": None, "b": None, "c": 50}, 55
    )


def test_one_small_number_takes_the_next_larger_one_along() -> None:
    assert suppress_table({"a": 3, "b": 9, "c": 50}) == Published(
        {"a": None, "b": None, "c": 50}, 62
    )
    equal = suppress_table({"a": 3, "b": 9, "c": 9, "d": 50})
    assert equal.counts == {"a": None, "b": None, "c": None, "d": 50}


def test_a_sum_that_would_tell_is_kept_back_in_every_table_of_it() -> None:
    by_kind, by_language = {"a": 4, "b": 4}, {"en": 8}
    assert suppress_together([by_kind, by_language]) == [
        Published({"a": None, "b": None}, None),
        Published({"en": None}, None),
    ]
    assert suppress_table({"a": 1, "b": 2}).total is None


def test_a_number_alone_is_shown_where_it_is_not_small() -> None:
    assert [suppress_number(count) for count in (0, 1, 4, 5)] == [
        0,
        None,
        None,
        5,
    ]
