"""A long list of a case is shown part by part: nothing twice, nothing never."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from triage.cases.pages.parts import (
    MOST_NAMED,
    Part,
    take_first,
    take_newest,
)

Take = Callable[[str, Sequence[int], int], Part[int]]
app = Flask(__name__)


def walk(take: Take, rows: Sequence[int], size: int) -> list[Part[int]]:
    """Every part, as links lead from one to the next."""
    parts: list[Part[int]] = []
    while not parts or parts[-1].left:
        with app.test_request_context(f"/?part=list.{len(parts)}"):
            parts.append(take("list", rows, size))
    return parts


@given(st.integers(0, 60), st.integers(1, 9))
def test_links_lead_to_every_row_once(count: int, size: int) -> None:
    rows = list(range(count))
    first = walk(take_first, rows, size)
    assert [row for part in first for row in part.rows] == rows
    newest = walk(take_newest, rows, size)
    assert [row for part in reversed(newest) for row in part.rows] == rows
    for part in (*first, *newest):
        assert len(part.rows) == size or not part.left
    assert list(newest[0].rows) == rows[-size:]


@pytest.mark.parametrize("take", [take_first, take_newest])
@pytest.mark.parametrize(
    "asked", ["", "other.1", "list", "list.-1", "list.x", "list.1.1", "9" * 40]
)
def test_who_asks_for_nothing_else_gets_the_first_part(
    take: Any, asked: str
) -> None:
    with app.test_request_context("/", query_string={"part": asked}):
        part = take("list", list(range(9)), 4)
    assert (part.number, part.left) == (0, 5)


def test_behind_the_last_part_is_the_last() -> None:
    with app.test_request_context("/?part=list.999999"):
        part = take_newest("list", list(range(9)), 4)
    assert (list(part.rows), part.number, part.left) == ([0], 2, 0)


def test_a_link_of_one_list_leaves_the_others_where_they_are() -> None:
    rows = list(range(9))
    with app.test_request_context("/?part=notes.2&part=said-07f3.1"):
        notes = take_newest("notes", rows, 2)
        said = take_newest("said-07f3", rows, 2)
        assert (notes.number, said.number) == (2, 1)
        assert notes.lead_to(3) == ["notes.3", "said-07f3.1"]
        # Its newest part needs no name.
        assert said.lead_to(0) == ["notes.2"]


def test_of_too_many_lists_the_one_that_was_asked_for_last_is_shown() -> None:
    named = [f"list-{number}.1" for number in range(MOST_NAMED)]
    with app.test_request_context("/", query_string={"part": named}):
        wanted = take_newest("other", list(range(9)), 2).lead_to(1)
    with app.test_request_context("/", query_string={"part": wanted}):
        assert take_newest("other", list(range(9)), 2).number == 1
