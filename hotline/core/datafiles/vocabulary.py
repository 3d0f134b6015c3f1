"""Words from closed vocabularies in data files: a misspelt one is refused, never just ignored.

A rule that names a word that does not exist holds for nothing, and nobody sees it. So every word
that code compares with something is checked when its file is read, and the fault says which word
it is and which right one stands nearest::

    >>> describe_unknown("groming", ReportKind)
    '"groming" is not a known word; did you mean "grooming"?'

Only for our own files: what strangers send us is not repeated in an answer or a log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import cache
from typing import Annotated

from babel import Locale
from pydantic import AfterValidator

MOST_LISTED = 12
LONGEST_SHOWN = 60

NOT_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "ZZ", "XX"})
"""Codes that stand for a region, or for "unknown": an unknown country is left out, not coded."""

NAMED_FOR_TESTS = frozenset({"XA", "XB"})
"""User-assigned codes to which CLDR gives names for tests of software ("Pseudo-Accents")."""


class UnknownWordError(ValueError):
    """A text that is not one of ``words``; pydantic takes it for what is wrong with a value."""

    def __init__(self, message: str, words: frozenset[str]) -> None:
        super().__init__(message)
        self.words = words


def nearest_word(word: str, words: Iterable[str]) -> str | None:
    """The right word that ``word`` was probably meant to be; None where nothing is like it."""
    right_words = sorted(map(str, words))
    matches = get_close_matches(word, right_words, n=1, cutoff=0.5)
    return matches[0] if matches else None


def describe_unknown(word: str, words: Iterable[str]) -> str:
    """What to tell whoever wrote ``word`` where only ``words`` may stand."""
    right_words = sorted(map(str, words))
    shown = f'"{word[:LONGEST_SHOWN]}" is not a known word'
    nearest = nearest_word(word, right_words)
    if nearest is not None:
        return f'{shown}; did you mean "{nearest}"?'
    if len(right_words) <= MOST_LISTED:
        return f"{shown}; choose one of {', '.join(right_words)}"
    return shown


def find_unknown(
    words: Iterable[str], right_words: Iterable[str]
) -> list[str]:
    """What to tell of each of ``words`` that is not one of ``right_words``; sorted."""
    allowed = frozenset(map(str, right_words))
    return [
        describe_unknown(word, allowed)
        for word in sorted(set(words) - allowed)
    ]


def one_of(
    words: Callable[[], Iterable[str]], message: str = "is not a known word"
) -> Callable[[str], str]:
    """A pydantic validator for texts that must be one of ``words()``.

    ``words`` is a function so that a vocabulary that is slow to make is made when it is needed::

        Language = Annotated[str, AfterValidator(one_of(language_codes))]
    """

    def check(value: str) -> str:
        right_words = frozenset(words())
        if value not in right_words:
            raise UnknownWordError(message, right_words)
        return value

    return check


@cache
def country_codes() -> frozenset[str]:
    """Two-letter codes in use (CLDR), and the user-assigned ones AA and XA..XZ of ISO 3166-1."""
    territories = map(str, Locale("en").territories)
    # CLDR has numbers too, for parts of the world: 419 is Latin America.
    in_use = {code for code in territories if re.fullmatch("[A-Z]{2}", code)}
    user_assigned = {"AA"}
    user_assigned |= {
        "X" + chr(letter) for letter in range(ord("A"), ord("Z") + 1)
    }
    return frozenset((in_use | user_assigned) - NOT_COUNTRIES)


NO_COUNTRY = (
    "is not a country code (two capital letters; leave it out when unknown)"
)
CountryCode = Annotated[str, AfterValidator(one_of(country_codes, NO_COUNTRY))]


@cache
def language_codes() -> frozenset[str]:
    """Languages as CLDR codes them ("sq"), and in a certain script ("sr-Latn")."""
    languages = {
        str(code).replace("_", "-") for code in Locale("en").languages
    }
    return frozenset(languages | {"sr-Latn", "sr-Cyrl"})


Language = Annotated[
    str, AfterValidator(one_of(language_codes, "is not a language"))
]
