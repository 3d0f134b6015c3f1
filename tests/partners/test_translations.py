"""Every word of the partners' pages is said in every language."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

import workers.app
from hotline.core.errors import Conflict
from hotline.core.language.languages import PARTNERS, SHIPPED
from hotline.core.web.wording import worded_error
from partners.directory.kinds import KIND_NAMES, PartnerKind
from tests.support.house import House

FOLDER = workers.app.ROOT / "partners"
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "lazy_gettext", "phrase")),
    "ngettext": (1, 2),
}


@cache
def spoken() -> set[object]:
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
    return {message for _, _, message, _, _ in found}


@pytest.mark.parametrize("code", ["sq", "sr-Latn", "sr-Cyrl", "mk"])
def test_nothing_is_left_in_english_and_nothing_is_stale(code: str) -> None:
    with (SHIPPED / code / PARTNERS).open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    messages = [message for message in catalogue if message.id]
    assert spoken() == {message.id for message in messages}
    assert all(message.string and all(message.string) for message in messages)
    assert not any(
        message.fuzzy or list(message.check()) for message in messages
    )
    assert not catalogue.obsolete


def test_kinds_and_offices_in_a_refusal_are_words_of_the_page(
    house: House,
) -> None:
    """As the directory calls them, and not as the database does."""
    assert set(KIND_NAMES) == set(PartnerKind)
    cyber = "Directorate for the Investigation of Cyber Crimes"
    refusals = [
        Conflict("%(kind)s", values={"kind": KIND_NAMES[PartnerKind.POLICE]}),
        Conflict(
            "%(office)s", values={"office": f"Albanian State Police, {cyber}"}
        ),
        Conflict("%(name)s", values={"name": "Abuse desk of a host"}),
    ]
    app = workers.app.create_app(house.context)
    with app.test_request_context("/console/?lang=sq"):
        assert [worded_error(refusal) for refusal in refusals] == [
            "Policia",
            "Policia e Shtetit, Drejtoria për Hetimin e Krimeve Kibernetike",
            "Abuse desk of a host",
        ]
