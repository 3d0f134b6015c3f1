"""Every word of the partners' pages has its Albanian."""

from __future__ import annotations

from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

import workers.app
from hotline.core.languages import PARTNERS, SHIPPED

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
