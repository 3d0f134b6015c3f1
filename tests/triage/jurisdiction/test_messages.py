"""The sentences of the rules, in the languages that are written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from triage.jurisdiction.messages import load_messages


def test_an_albanian_sentence_needs_no_case_of_a_country_s_name() -> None:
    """The word before the name takes the case: "me Shqipëri" would be wrong."""
    for key, sentence in load_messages()["sq"].items():
        names = sentence.count("{country}")
        after_the_word = len(
            re.findall(r"\b[Vv]end(i|it|in) \{country\}", sentence)
        )
        assert names == after_the_word, key


@pytest.mark.parametrize(
    ("code", "said_instead"),
    [("sq", "sq"), ("en", "en"), ("cy", "en")],
)
def test_a_sentence_that_an_own_file_lacks_is_said_as_it_is_shipped(
    tmp_path: Path, code: str, said_instead: str
) -> None:
    """A newer version has more sentences than a file that was written for an older one."""
    folder = tmp_path / "languages" / code
    folder.mkdir(parents=True)
    (folder / "routing.toml").write_text(
        '[police]\ndanger = "A child needs help now."\n', "utf-8"
    )
    catalog = load_messages(tmp_path)[code]
    shipped = load_messages()[said_instead]
    assert catalog["police.danger"] == "A child needs help now."
    rest = {
        key: words for key, words in shipped.items() if key != "police.danger"
    }
    assert rest.items() <= catalog.items()
