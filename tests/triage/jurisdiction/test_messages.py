"""The sentences of the rules, in the languages that are written."""

from __future__ import annotations

import re

from triage.jurisdiction.messages import load_messages


def test_an_albanian_sentence_needs_no_case_of_a_country_s_name() -> None:
    """The word before the name takes the case: "me Shqipëri" would be wrong."""
    for key, sentence in load_messages()["sq"].items():
        names = sentence.count("{country}")
        after_the_word = len(
            re.findall(r"\b[Vv]end(i|it|in) \{country\}", sentence)
        )
        assert names == after_the_word, key
