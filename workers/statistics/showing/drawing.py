"""Pure: a drawing of rectangles, lines and words, as SVG in a page.

A plot is laid out once (``workers.statistics.showing.plots``) and painted twice: here for pages,
and in ``workers.statistics.showing.document`` on paper. What a shape looks like is said by its
``Tone``; pages have the colours in their style sheet, since the content security policy allows no
others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from markupsafe import Markup, escape


class Tone(StrEnum):
    """What a shape stands for; the names of CSS classes."""

    NOW = "now"
    BEFORE = "before"
    AHEAD = "ahead"
    AXIS = "axis"
    WORDS = "words"
    NUMBER = "number"


class Anchor(StrEnum):
    """Which end of a word stands at its place; the values are SVG's."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True, slots=True)
class Box:
    """``hint`` is shown where a pointer rests on it."""

    x: float
    y: float
    width: float
    height: float
    tone: Tone
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    tone: Tone


@dataclass(frozen=True, slots=True)
class Words:
    x: float
    y: float
    text: str
    tone: Tone
    anchor: Anchor = Anchor.START


Shape = Box | Path | Words


@dataclass(frozen=True, slots=True)
class Drawing:
    """``name`` is what it is called to whoever does not see it."""

    name: str
    width: float
    height: float
    shapes: tuple[Shape, ...]


def to_svg(drawing: Drawing) -> Markup:
    """One SVG element without styles and scripts; every word in it is escaped."""
    # One picture with a name: a reader that speaks would else read out every
    # number by itself.
    head = Markup(
        '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">'
    ).format(_number(drawing.width), _number(drawing.height), drawing.name)
    return head + Markup("").join(_paint(drawing)) + Markup("</svg>")


def _paint(drawing: Drawing) -> Iterator[Markup]:
    for shape in drawing.shapes:
        match shape:
            case Box():
                yield _paint_box(shape)
            case Path():
                points = " ".join(
                    f"{_number(x)},{_number(y)}" for x, y in shape.points
                )
                yield Markup('<polyline class="{}" points="{}"/>').format(
                    shape.tone.value, points
                )
            case Words():
                yield Markup(
                    '<text class="{}" x="{}" y="{}"{}>{}</text>'
                ).format(
                    shape.tone.value,
                    _number(shape.x),
                    _number(shape.y),
                    _anchor(shape.anchor),
                    shape.text,
                )


def _anchor(anchor: Anchor) -> Markup:
    """Nothing where words stand as SVG has them of itself."""
    if anchor is Anchor.START:
        return Markup()
    return Markup(' text-anchor="{}"').format(anchor.value)


def _paint_box(box: Box) -> Markup:
    title = Markup("<title>{}</title>").format(box.hint) if box.hint else ""
    return Markup(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}">{}</rect>'
    ).format(
        box.tone.value,
        _number(box.x),
        _number(box.y),
        _number(box.width),
        _number(box.height),
        # It is markup already and stays it; an empty one is plain text.
        escape(title),
    )


def _number(value: float) -> str:
    # A tenth of a unit is less than anybody sees.
    return f"{value:.1f}".removesuffix(".0")
