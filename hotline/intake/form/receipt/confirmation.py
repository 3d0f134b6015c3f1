"""The confirmation that a professional takes to the files: a PDF, made once, kept nowhere.

What it says waits sealed for an hour, like a half-filled form, under a key that stands in the
receipt's page alone; fetching it forgets it. It holds no place that was reported and no code:
whoever finds the paper learns that a report was made, when, and what its writer said of it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.intake.form.asking import drafts
from hotline.intake.form.asking.form_fields import key_of_form

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
_NAME = "DejaVu"
_MISSING = "\N{WHITE SQUARE}"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """``reference``: what the report is called inside; it opens nothing. ``at``: ISO 8601."""

    reference: str
    at: str
    kind: str
    places: str
    narrative: str


def secret_of(context: Context, form_id: str) -> str:
    """The same for the same form, so that sending it twice leads to one confirmation."""
    # Of the key that signed the form's number, even where another is in use
    # now.
    key = key_of_form(context, form_id)
    text = f"confirmation:{form_id}".encode()
    return hmac.digest(key, text, hashlib.sha256).hex()


def keep_confirmation(
    session: Session,
    context: Context,
    secret: str,
    confirmation: Confirmation,
    now: datetime,
) -> None:
    drafts.save_draft(session, context, secret, asdict(confirmation), now)


def take_confirmation(
    session: Session, context: Context, secret: str, now: datetime
) -> Confirmation | None:
    """What waits there, and it waits no longer; None where it was taken, or its hour is over."""
    values = drafts.load_draft(session, context, secret, now)
    # A half-filled form lies in the same table, and is none.
    if values is None or set(values) != set(Confirmation.__slots__):
        return None
    # Before it is drawn: what was handed out once does not wait for another.
    drafts.drop_draft(session, context, secret)
    return Confirmation(**values)


def draw_pdf(
    title: str,
    lines: Sequence[str],
    heading: str,
    narrative: str,
    incomplete: str = "",
) -> bytes:
    """One document of plain text: a title, a line for each fact, and the reporter's own words.

    ``incomplete`` stands below where some of their letters could not be drawn.
    """
    document, font = _new_page()
    letters = font.cmap
    is_whole = _printable(narrative, letters) == narrative.replace("\t", " ")
    document.set_title(title)
    for size, text in (
        (18, title),
        *((11, line) for line in lines),
        (13, heading),
        (11, narrative),
        (11, "" if is_whole else incomplete),
    ):
        document.set_font(_NAME, size=size)
        document.multi_cell(
            w=0,
            h=size * 0.5,
            text=_printable(text, letters),
            align="L",
            new_x="LMARGIN",
            new_y="NEXT",
        )
        document.ln(3)
    return bytes(document.output())


class _Page(NamedTuple):
    """``font`` holds its file open until the document is written."""

    document: FPDF
    font: TTFFont


def _new_page() -> _Page:
    # Loaded where one is drawn: hardly any visit needs it.
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

    document = FPDF(format="A4")
    document.set_margin(20)
    document.set_auto_page_break(auto=True, margin=20)
    document.add_font(_NAME, fname=FONT)
    document.add_page()
    document.set_font(_NAME)
    font = document.current_font
    assert isinstance(font, TTFFont)
    return _Page(document, font)


def find_undrawable(text: str) -> set[str]:
    """The letters of ``text`` that the font has no picture of."""
    font = _new_page().font
    missing = {
        letter
        for letter in text
        if ord(letter) not in font.cmap and not letter.isspace()
    }
    font.close()
    return missing


def printable(document: FPDF, text: str) -> str:
    """What the font of the document has no picture of is marked."""
    from fpdf.fonts import TTFFont

    font = document.current_font
    assert isinstance(font, TTFFont)
    return _printable(text, font.cmap)


def _printable(text: str, letters: Collection[int]) -> str:
    """What the font has no picture of is marked: the library would write it into the log."""
    return "".join(
        letter if letter == "\n" or ord(letter) in letters else _MISSING
        for letter in text.replace("\t", " ")
    )
