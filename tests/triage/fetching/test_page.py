"""A page is recognised later, and cannot be read from what is kept."""

from __future__ import annotations

import dataclasses
import random

import pytest

from triage.fetching.pages import html
from triage.fetching.pages.page import (
    facts_of_page,
    facts_of_text,
    make_simhash,
)
from triage.fetching.report import PageFacts
from triage.fingerprints.distance import count_bits_apart

WORDS = [f"word{n}" for n in range(400)]


def facts(markup: str) -> PageFacts:
    return facts_of_page(html.parse_page(markup))


def test_small_changes_move_few_bits_and_other_texts_many() -> None:
    rng = random.Random(7)
    text = [rng.choice(WORDS) for _ in range(300)]
    edited = text.copy()
    edited[150] = "changed"
    other = [rng.choice(WORDS) + "x" for _ in range(300)]
    assert (
        count_bits_apart(
            make_simhash(" ".join(text)), make_simhash(" ".join(edited))
        )
        <= 8
    )
    assert (
        count_bits_apart(
            make_simhash(" ".join(text)), make_simhash(" ".join(other))
        )
        >= 18
    )


def test_case_spacing_and_markup_do_not_count() -> None:
    one = facts("<title> Not  Found </title><p>This page is <b>not</b> here")
    two = facts(
        "<title>not found</title><div>This   page\nIS <i>not</i> here</div>"
    )
    assert (one.title_hash, one.text_simhash) == (
        two.title_hash,
        two.text_simhash,
    )


def test_only_what_is_shown_counts() -> None:
    plain = facts("<p>hello there friend")
    noisy = facts(
        "<style>p{}</style><script>var hidden</script><p>hello there friend"
    )
    assert dataclasses.replace(noisy, scripts=0) == plain
    assert noisy.scripts == 1
    assert plain.title_hash is None
    assert plain.text_length == len("hello there friend")


def test_no_text_is_kept() -> None:
    kept = repr(
        dataclasses.asdict(facts("<title>marker-title</title><p>marker-text"))
    )
    assert "marker" not in kept


def test_an_empty_page_has_a_hash_of_zeros() -> None:
    assert facts("").text_simhash == "0" * 16
    assert facts_of_text("").text_length == 0


@pytest.mark.parametrize(
    ("markup", "login"),
    [
        ("<input type=PASSWORD>", True),
        ("<form action=/sign-in><input name=mail></form>", True),
        ("<form id=loginform><input></form>", True),
        ("<form action=/search><input name=q></form>", False),
        ("<form action=/authors><input name=q></form>", False),
        ("<a href=/login>log in</a>", False),
    ],
)
def test_login_forms(markup: str, login: bool) -> None:
    assert facts(markup).login_form is login


def test_links_are_counted() -> None:
    assert facts("<a href=1><a href=2><a name=3>").links == 2
