"""What went wrong, said in the language of the page."""

from __future__ import annotations

from flask_babel import gettext

from hotline.core.errors import HotlineError


def worded_error(error: HotlineError) -> str:
    """An error in the reader's language; in English where the catalogue does not have it."""
    if error.said:
        return str(gettext(error.said))
    hint = gettext(error.hint) if error.hint else ""
    return f"{gettext(error.template, **error.values)} {hint}".strip()


def is_worded(error: HotlineError) -> bool:
    """Whether the catalogue of the page's language has the error's sentence."""
    sentence = error.said or error.template
    return bool(gettext(sentence) != sentence)
