"""What the words of a report point to: lists of words, one file a language, that only raise a rank.

A list is in ``keywords.toml`` of the language's folder; what it weighs is in
``priority_weights.toml``. A hit is a hint for the order of the queue and nothing else: it decides
nothing, and neither the words nor that they were found is told to any partner. ::

    find_themes("He wants to meet me on Saturday", load_keywords())    # {Slug.WORDS_MEETING}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file
from hotline.core.errors import Misconfigured
from hotline.core.language.folding import fold_letters
from hotline.core.language.languages import KEYWORDS, load_languages
from triage.priority import WORD_SLUGS, Slug

SHORTEST = 4
"""A shorter beginning of a word would be met in too many other words."""

Word = Annotated[str, Field(min_length=SHORTEST, max_length=60)]
Keywords = Mapping[Slug, re.Pattern[str]]


@dataclass(frozen=True, slots=True)
class _List:
    """One language's file. ``words``: beginnings of words, or of several words in a row."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    dated: date
    source: Annotated[str, Field(min_length=1)]
    words: Mapping[Slug, tuple[Word, ...]]


@cache
def load_keywords(override_dir: Path | None = None) -> Keywords:
    """One pattern for each theme, of all languages: a reporter writes in any of them."""
    by_theme: dict[Slug, list[str]] = {}
    for language in load_languages(override_dir).values():
        path = language.find(KEYWORDS)
        if path is None:
            continue
        name = f"languages/{language.code}/{KEYWORDS}"
        table = files.parse_toml(name, path.read_bytes())
        listed = parse_file(_List, name, table)
        strays = sorted(set(listed.words) - WORD_SLUGS)
        if strays:
            raise Misconfigured(
                f"Data file {name}: /words: {', '.join(strays)} is no theme of words."
            )
        for theme, words in listed.words.items():
            by_theme.setdefault(theme, []).extend(words)
    return {theme: _pattern_of(words) for theme, words in by_theme.items()}


def list_faults(override_dir: Path | None = None) -> list[str]:
    """What is wrong with the lists; empty when all is well."""
    try:
        load_keywords(override_dir)
    except Misconfigured as error:
        return [error.message]
    return []


def find_themes(text: str, keywords: Keywords) -> frozenset[Slug]:
    """The themes that some word of ``text`` points to, without regard to case and accents."""
    plain = fold_letters(text)
    return frozenset(
        theme for theme, pattern in keywords.items() if pattern.search(plain)
    )


def _pattern_of(words: list[str]) -> re.Pattern[str]:
    beginnings = sorted({fold_letters(word) for word in words}, reverse=True)
    # Between two words any space is one: a line may have been broken there.
    either = "|".join(
        r"\s+".join(map(re.escape, words.split())) for words in beginnings
    )
    return re.compile(rf"(?<!\w)(?:{either})")
