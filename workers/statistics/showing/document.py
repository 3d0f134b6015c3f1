"""The transparency report on paper: the public's page with its tables and drawn bars, as PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotline.intake.form.published import Page, PageTable
from hotline.intake.form.receipt.confirmation import FONT, printable
from workers.statistics.showing.drawing import (
    Anchor,
    Box,
    Drawing,
    Path,
    Tone,
    Words,
)
from workers.statistics.showing.plots import WIDTH, Point, draw_bars

if TYPE_CHECKING:
    from fpdf import FPDF

_NAME = "DejaVu"
_MARGIN = 18
_INK = (22, 32, 43)
_SOFT = (71, 86, 106)
_ACCENT = (11, 79, 138)
_PAPER = (255, 255, 255)
_LINE = (212, 220, 229)
_COLOURS = {
    Tone.NOW: _ACCENT,
    Tone.BEFORE: (118, 135, 155),
    Tone.AHEAD: _ACCENT,
}
_DASHES = {Tone.BEFORE: (1.5, 1.2), Tone.AHEAD: (0.3, 1.0)}
"""Millimetres of ink and of gap, where a line is not drawn through; as on pages."""
_TEXT_WIDTH = 174.0


@dataclass(frozen=True, slots=True)
class Chapter:
    """One table; ``rows`` are what stands on the left and on the right."""

    title: str
    rows: Sequence[tuple[str, str]]
    drawing: Drawing | None = None
    note: str = ""


def write_report(page: Page, house: str) -> bytes:
    """The public's page of a quarter."""
    chapters = [
        Chapter(
            table.title,
            [(row.label, row.text) for row in table.rows],
            _draw(table),
        )
        for table in page.tables
    ]
    title = f"{page.title}: {page.name}"
    return write_document(house, title, page.sentences, chapters)


def write_document(
    house: str,
    title: str,
    sentences: Sequence[str],
    chapters: Sequence[Chapter],
) -> bytes:
    document = _open_document(f"{house}: {title}")
    _write(document, house, size=11, colour=_SOFT)
    _write(document, title, size=20)
    document.ln(2)
    for sentence in sentences:
        _write(document, sentence, size=10.5)
    for chapter in chapters:
        _write_chapter(document, chapter)
    return bytes(document.output())


def _open_document(title: str) -> FPDF:
    from fpdf import FPDF

    document = FPDF(format="A4")
    document.set_title(title)
    document.set_margin(_MARGIN)
    document.set_auto_page_break(auto=True, margin=_MARGIN)
    document.add_font(_NAME, fname=FONT)
    document.set_font(_NAME)
    document.add_page()
    return document


def _write(
    document: FPDF,
    text: str,
    *,
    size: float,
    colour: tuple[int, int, int] = _INK,
) -> None:
    document.set_font(_NAME, size=size)
    document.set_text_color(*colour)
    document.multi_cell(
        w=0,
        h=size * 0.5,
        text=printable(document, text),
        align="L",
        new_x="LMARGIN",
        new_y="NEXT",
    )
    document.ln(1.5)


def _write_chapter(document: FPDF, chapter: Chapter) -> None:
    drawing = chapter.drawing
    needed = 30.0 if drawing is None else _scaled(drawing.height) + 30
    # A title at the foot of a page, with its table on the next one, belongs to
    # nothing.
    if document.will_page_break(needed):
        document.add_page()
    document.ln(4)
    _write(document, chapter.title, size=13)
    if chapter.note:
        _write(document, chapter.note, size=9, colour=_SOFT)
    if drawing is not None:
        _paint(document, drawing)
    document.set_font(_NAME, size=9.5)
    document.set_text_color(*_INK)
    with document.table(
        width=int(_TEXT_WIDTH),
        col_widths=(2, 3),
        borders_layout="NONE",
        first_row_as_headings=False,
        line_height=5,
        text_align=("LEFT", "LEFT"),
    ) as drawn:
        for left, right in chapter.rows:
            cells = drawn.row()
            cells.cell(printable(document, left))
            cells.cell(printable(document, right))


def _draw(table: PageTable) -> Drawing | None:
    points = [
        Point(row.label, row.value)
        for row in table.rows
        if row.value is not None
    ]
    return draw_bars(table.title, points) if points else None


def _scaled(length: float) -> float:
    """Millimetres of what a page draws in its own units."""
    return length * _TEXT_WIDTH / WIDTH


def _paint(document: FPDF, drawing: Drawing) -> None:
    top = document.get_y()
    for shape in drawing.shapes:
        match shape:
            case Box():
                document.set_fill_color(*_COLOURS.get(shape.tone, _ACCENT))
                document.rect(
                    _MARGIN + _scaled(shape.x),
                    top + _scaled(shape.y),
                    _scaled(shape.width),
                    _scaled(shape.height),
                    style="F",
                )
            case Words():
                _paint_words(document, shape, top)
            case Path():
                document.set_draw_color(*_COLOURS.get(shape.tone, _LINE))
                dash, gap = _DASHES.get(shape.tone, (0.0, 0.0))
                document.set_dash_pattern(dash=dash, gap=gap)
                document.polyline(
                    [
                        (_MARGIN + _scaled(x), top + _scaled(y))
                        for x, y in shape.points
                    ]
                )
    document.set_dash_pattern()
    document.set_xy(_MARGIN, top + _scaled(drawing.height) + 2)
    # A table would take the colour of the last bar for its ground.
    document.set_fill_color(*_PAPER)


def _paint_words(document: FPDF, words: Words, top: float) -> None:
    document.set_font(_NAME, size=8)
    document.set_text_color(*_INK)
    text = printable(document, words.text)
    x = _MARGIN + _scaled(words.x)
    width = document.get_string_width(text)
    if words.anchor is Anchor.END:
        x -= width
    elif words.anchor is Anchor.MIDDLE:
        x -= width / 2
    document.text(x, top + _scaled(words.y), text)
