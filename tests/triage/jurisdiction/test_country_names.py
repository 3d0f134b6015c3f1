"""Each country that a reason can name is declined where the language declines names."""

from __future__ import annotations

import re

import pytest

from triage.jurisdiction.messages import (
    CASE_TABLE,
    Reason,
    country_name,
    load_messages,
    render_reasons,
)
from triage.jurisdiction.rules import load_rules
from triage.locations.catalogue import load_platforms

MESSAGES = load_messages()
DECLINING = sorted(
    language
    for language, catalog in MESSAGES.items()
    if any(key.startswith(CASE_TABLE) for key in catalog)
)
OF_A_COUNTRY = sorted(
    key
    for key, sentence in MESSAGES["en"].items()
    if "{country}" in sentence and not key.startswith("to_office.")
)
NEIGHBOURS = {"BA", "BG", "GR", "HR", "HU", "ME", "RO", "SI", "XK"}


def named_by_data() -> set[str]:
    """Whose laws, hotlines and companies the data know, and their neighbours."""
    rules = load_rules()
    seats = {
        platform.seat
        for platform in load_platforms().platforms.values()
        if platform.seat
    }
    return {*rules.countries, *rules.hotlines, *seats, *NEIGHBOURS}


def test_the_languages_that_decline_are_known() -> None:
    assert DECLINING == ["sq", "sr-Cyrl", "sr-Latn"]


@pytest.mark.parametrize("language", DECLINING)
def test_every_country_that_data_name_is_declined(language: str) -> None:
    catalog = MESSAGES[language]
    tables = {
        key.partition(".")[0] for key in catalog if key.startswith(CASE_TABLE)
    }
    assert tables
    missing = {
        f"{table}.{code}" for table in tables for code in named_by_data()
    } - catalog.keys()
    assert not missing


@pytest.mark.parametrize("language", DECLINING)
@pytest.mark.parametrize("key", OF_A_COUNTRY)
def test_no_sentence_puts_a_word_before_the_bare_name(
    language: str, key: str
) -> None:
    """Said of Serbia, a sentence has its name in the case that it takes, and not as in a list;
    only a subject stands as it is, behind the word for a country."""
    said = render_reasons(
        [Reason(key, countries=("RS",))], MESSAGES[language], language
    )
    bare = country_name("RS", language)
    if key.startswith(("stop.", "review.")):
        assert bare in said
        return
    words = bare.partition(" (")[0]
    assert not re.search(rf"(vend\w*|drža\w*|држа\w*) {words}", said), said
    assert "(RS)" in said
