"""Every word of the partners' pages has its Albanian."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

import workers.app
from hotline.core.languages import PARTNERS, SHIPPED
from partners import words

FOLDER = workers.app.ROOT / "partners"
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "lazy_gettext", "phrase")),
    "ngettext": (1, 2),
}


def test_nothing_is_left_in_english_and_nothing_is_stale() -> None:
    with (SHIPPED / "partners.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    inside = [
        (Path(pattern).as_posix().removeprefix("partners/"), how)
        for pattern, how in methods
    ]
    kept = {
        pattern.removeprefix("partners/"): value
        for pattern, value in options.items()
    }
    found = extract_from_dir(FOLDER, inside, kept, KEYWORDS, comment_tags=())
    with (SHIPPED / "sq" / PARTNERS).open("rb") as file:
        catalogue = [
            message for message in read_po(file, locale="sq") if message.id
        ]
    assert {message for _, _, message, _, _ in found} == {
        message.id for message in catalogue
    }
    assert all(message.string and all(message.string) for message in catalogue)
    assert not any(
        message.fuzzy or list(message.check()) for message in catalogue
    )


PAGES = (
    ("templates/provider/**.html", "jinja2"),
    ("notices/views.py", "python"),
    ("referrals/views.py", "python"),
    ("referrals/outcomes.py", "python"),
)
WORDS = (
    words.NOTICE_STATES,
    words.NOTICE_KINDS,
    words.REFERRAL_STATES,
    words.REFERRAL_VERBS,
    words.OFFICE_OUTCOMES,
    words.HOLD_STATES,
    words.FAULTS,
)


def said_to_partners() -> set[str]:
    """What stands on the pages of offices and hosts, apart from the console's."""
    entries = extract_from_dir(
        FOLDER, PAGES, {PAGES[0][0]: {"trimmed": "true"}}, KEYWORDS
    )
    sentences = {message for _, _, message, _, _ in entries}
    for vocabulary in WORDS:
        sentences |= {word._args[0] for word in vocabulary.values()}
    for label, hint in words.PROVIDER_VERBS.values():
        sentences |= {label._args[0], hint._args[0]}
    return sentences


@pytest.mark.parametrize("code", ["sr-Latn", "sr-Cyrl", "mk"])
def test_the_pages_of_partners_speak_every_language(code: str) -> None:
    with (SHIPPED / code / PARTNERS).open("rb") as file:
        catalogue = [message for message in read_po(file) if message.id]
    assert {message.id for message in catalogue} == said_to_partners()
    assert all(message.string for message in catalogue)
    assert not any(list(message.check()) for message in catalogue)
