"""What went wrong, offices and sources of facts, said in the language of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask_babel import gettext

from hotline.core.errors import HotlineError
from hotline.core.language.data_words import say_office, say_source
from hotline.core.web.translations import (
    find_spoken_folder,
    spoken_language,
)


def name_office(name: str) -> str:
    """As letters call the office of the directory."""
    return say_office(name, spoken_language(), find_spoken_folder())


def name_source(source: str) -> str:
    """Where a fact comes from."""
    return say_source(source, spoken_language(), find_spoken_folder())


_WORDED: Mapping[str, Callable[[str], str]] = {
    "kind": gettext,
    "name": name_office,
    "office": name_office,
}
"""Values of errors that are words of ours, and how each is said."""


def worded_error(error: HotlineError) -> str:
    """An error in the reader's language; in English where the catalogue does not have it."""
    if error.said:
        return str(gettext(error.said))
    hint = gettext(error.hint) if error.hint else ""
    values = {
        name: _WORDED.get(name, str)(value)
        for name, value in error.values.items()
    }
    return f"{gettext(error.template, **values)} {hint}".strip()


def is_worded(error: HotlineError) -> bool:
    """Whether the catalogue of the page's language has the error's sentence."""
    sentence = error.said or error.template
    return bool(gettext(sentence) != sentence)
