"""Letters without case and accents, for search, hints and the names of places alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.language.folding import fold_letters
from partners.directory.territory import plain_name
from triage.console.search.folding import fold


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Durrës", "durres"),
        ("OPŠTINA", "opstina"),
        ("ČAČAK", "cacak"),
        ("Ѓорче Петров", "горче петров"),
        ("Đurđa", "đurđa"),
        ("straße", "strasse"),
    ],
)
def test_case_and_accents_go_and_letters_stay(
    written: str, folded: str
) -> None:
    assert fold_letters(written) == folded


# What the languages of the Balkans are written with, in either script.
LETTERS = (
    "abcdefghijklmnopqrstuvwxyzçëčćđšžśźабвгдђѓежзѕијјклљмнњопрстћќуфхцчџш"
)
WORDS = st.text(st.sampled_from(LETTERS + LETTERS.upper()))


@given(WORDS)
def test_folding_twice_changes_nothing(word: str) -> None:
    assert fold_letters(fold_letters(word)) == fold_letters(word)


@given(WORDS)
def test_a_word_is_folded_alike_wherever_it_is_compared(word: str) -> None:
    assert fold(word) == fold_letters(word) == plain_name(word)
