"""What words point to: in every language, without shouting at what only looks like a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.core.errors import Misconfigured
from hotline.core.language.languages import KEYWORDS, SHIPPED, load_languages
from triage.priority import WORD_SLUGS, Signals, Slug, load_weights, score_case
from triage.priority.keywords import find_themes, load_keywords

WORDS = load_keywords()
WEIGHTS = load_weights()


@pytest.mark.parametrize(
    ("text", "themes"),
    [
        ("He wants to MEET her at the hotel", {Slug.WORDS_MEETING}),
        ("He wants\n   to meet her", {Slug.WORDS_MEETING}),
        ("a threat, shown on a webcam", {Slug.WORDS_THREAT, Slug.WORDS_LIVE}),
        ("Ai e kercenon vajzen", {Slug.WORDS_THREAT}),
        ("Ai e kërcënon vajzën", {Slug.WORDS_THREAT}),
        ("Njerku i saj", {Slug.WORDS_AT_HOME}),
        ("Sutra hoće da se nađemo", {Slug.WORDS_MEETING}),
        ("Сутра хоће да се нађемо", {Slug.WORDS_MEETING}),
        ("Се заканува дека ќе ги објави", {Slug.WORDS_THREAT}),
        ("I came across a page with pictures", set()),
        ("", set()),
        # the beginning of a word counts, not its middle
        ("an unthreatened hothotel", set()),
    ],
)
def test_words_point_to_themes(text: str, themes: set[Slug]) -> None:
    assert find_themes(text, WORDS) == themes


def test_every_language_has_words_for_every_theme() -> None:
    assert set(WORDS) == WORD_SLUGS
    for language in load_languages().values():
        text = (SHIPPED / language.code / KEYWORDS).read_text("utf-8")
        for theme in WORD_SLUGS:
            assert f"{theme} = [" in text, (language.code, theme)


def test_words_raise_a_report_and_outweigh_neither_danger_nor_a_child() -> (
    None
):
    words = score_case(Signals(words=WORD_SLUGS), WEIGHTS)
    assert {part.slug for part in words.parts} == WORD_SLUGS
    assert all("speaks of" in part.why for part in words.parts)
    alone = score_case(Signals(), WEIGHTS).score
    child = score_case(Signals(child_reporting=True), WEIGHTS).score
    danger = score_case(Signals(danger_now=True), WEIGHTS).score
    assert alone < words.score < child < danger


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ('danger_now = ["threat"]', "is no theme of words"),
        ('words_threat = ["hi"]', "at least 4"),
        ('words_thread = ["threat"]', "words_thread"),
    ],
)
def test_a_fault_of_a_list_is_named(
    tmp_path: Path, words: str, fault: str
) -> None:
    folder = tmp_path / "languages" / "en"
    folder.mkdir(parents=True)
    (folder / KEYWORDS).write_text(
        f'dated = 2026-11-28\nsource = "x"\n[words]\n{words}\n'
    )
    with pytest.raises(Misconfigured, match=fault):
        load_keywords(tmp_path)
