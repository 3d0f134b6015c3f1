"""What the console calls a case, it calls so everywhere: two words read as two things."""

from __future__ import annotations

import re

import pytest
from babel.messages.pofile import read_po

from hotline.core.language.languages import SHIPPED

CATALOGUES = ("console", "partners")
A_CASE = re.compile(r"\bcases?\b", re.IGNORECASE)
OTHER_WORDS = {
    "sq": re.compile(r"\bçështj", re.IGNORECASE),
    "sr-Latn": re.compile(r"\bslučaj(?!n)", re.IGNORECASE),
    "sr-Cyrl": re.compile(r"\bслучај(?!н)", re.IGNORECASE),
    "mk": re.compile(r"\bслуча(?!ен|јн)", re.IGNORECASE),
}
"""Than the one that nearly every sentence has; what happens by chance is another thing."""


@pytest.mark.parametrize("code", OTHER_WORDS)
def test_a_case_has_one_word(code: str) -> None:
    sentences = []
    for name in CATALOGUES:
        with (SHIPPED / code / f"{name}.po").open("rb") as file:
            catalogue = read_po(file)
        for message in catalogue:
            english, said = message.id, message.string
            is_of_chance = "chance" in english
            if A_CASE.search(str(english)) and not is_of_chance:
                sentences.append(str(said))
    # Far more sentences speak of cases than of anything else.
    assert len(sentences) > 100
    others = [text for text in sentences if OTHER_WORDS[code].search(text)]
    assert others == []
