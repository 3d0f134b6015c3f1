"""Every word of the console is said in every language that the console is offered in."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

import workers.app
from hotline.core.language.languages import CONSOLE, PUBLIC, SHIPPED

ROOT = workers.app.ROOT


LANGUAGES = ("sq", "sr-Latn", "sr-Cyrl", "mk")


def written(code: str) -> Catalog:
    with (SHIPPED / code / CONSOLE).open("rb") as file:
        return read_po(file, abort_invalid=True)


@cache
def spoken() -> set[object]:
    with (SHIPPED / "console.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    plain = ("_", "gettext", "lazy_gettext", "phrase", "console_words")
    keywords = {**dict.fromkeys(plain), "ngettext": (1, 2)}
    found: set[object] = set()
    for folder in ("hotline", "triage", "workers"):
        prefixed = [
            (Path(pattern).as_posix(), method) for pattern, method in methods
        ]
        inside = [
            (p.removeprefix(folder + "/"), m)
            for p, m in prefixed
            if p.startswith(folder)
        ]
        kept = {p.removeprefix(folder + "/"): o for p, o in options.items()}
        for _, _, message, _, _ in extract_from_dir(
            ROOT / folder, inside, kept, keywords, comment_tags=()
        ):
            found.add(message)
    return found


@pytest.mark.parametrize("code", LANGUAGES)
def test_nothing_is_left_in_english_and_nothing_is_stale(code: str) -> None:
    catalogue = written(code)
    known = {message.id for message in catalogue if message.id}
    assert spoken() == known
    assert not [
        message.id
        for message in catalogue
        if message.id and not (message.string and all(message.string))
    ]
    assert not any(message.fuzzy for message in catalogue if message.id)
    assert not catalogue.obsolete


@pytest.mark.parametrize("code", LANGUAGES)
def test_placeholders_and_plurals_are_right(code: str) -> None:
    for message in written(code):
        assert not list(message.check()), message.id


def test_every_language_of_the_public_pages_has_a_console() -> None:
    public = {path.parent.name for path in SHIPPED.glob(f"*/{PUBLIC}")}
    assert public == set(LANGUAGES)
