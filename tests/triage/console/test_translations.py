"""Every word of the console has its Albanian."""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

import workers.app
from hotline.core.languages import CONSOLE, SHIPPED

ROOT = workers.app.ROOT


def written() -> Catalog:
    with (SHIPPED / "sq" / CONSOLE).open("rb") as file:
        return read_po(file, locale="sq")


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


def test_nothing_is_left_in_english_and_nothing_is_stale() -> None:
    catalogue = written()
    known = {message.id for message in catalogue if message.id}
    assert spoken() == known
    assert all(
        message.string and all(message.string)
        for message in catalogue
        if message.id
    )
    assert not any(message.fuzzy for message in catalogue if message.id)


def test_placeholders_are_the_same() -> None:
    for message in written():
        assert not list(message.check()), message.id
