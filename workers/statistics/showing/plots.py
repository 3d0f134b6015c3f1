"""Pure: bars, columns and lines. Each shows a period beside the one before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import wrap

from workers.statistics.showing.drawing import (
    Anchor,
    Box,
    Drawing,
    Path,
    Shape,
    Tone,
    Words,
)

WIDTH = 640.0
_BAR = 11.0
_GAP = 10.0
_LABEL_WIDTH = 230.0
"""Room for the longest label in Cyrillic letters, which are the widest."""
_NUMBER_WIDTH = 48.0
_HEIGHT = 170.0
_LEFT = 46.0
_BOTTOM = 22.0
_TOP = 10.0
_LONGEST_LABEL = 28
_LINE = 12.0
MOST_BARS = 12
_MOST_TICKS = 12
Writer = Callable[[float], str]
"""Writes a number as the reader's language does."""


@dataclass(frozen=True, slots=True)
class Point:
    """One row of a plot; ``before`` is None where nothing is compared. Of a value below 0 the
    number is shown, and no bar."""

    label: str
    now: float
    before: float | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """Where a line is thought to lead: to ``value``, so many ``slots`` after its last point."""

    value: float
    slots: int


def write_plainly(value: float) -> str:
    """A number as programs write it; a page says its own way."""
    return f"{value:.1f}".removesuffix(".0")


def draw_bars(
    name: str, points: Sequence[Point], write: Writer = write_plainly
) -> Drawing:
    """Horizontal bars, each with its number; at most ``MOST_BARS``, as they are ordered."""
    shown = points[:MOST_BARS]
    most = _largest(shown)
    room = WIDTH - _LABEL_WIDTH - _NUMBER_WIDTH
    shapes: list[Shape] = []
    y = 4.0
    for point in shown:
        top = y
        lines = _wrap(point.label)
        for number, line in enumerate(lines):
            below = top + _BAR - 1 + number * _LINE
            shapes.append(
                Words(_LABEL_WIDTH - 8, below, line, Tone.WORDS, Anchor.END)
            )
        pairs = ((Tone.NOW, point.now), (Tone.BEFORE, point.before))
        for tone, value in pairs:
            if value is None:
                continue
            width = room * max(0.0, value) / most
            # Its number stands beside it, and so it needs no hint.
            shapes.append(Box(_LABEL_WIDTH, y, width, _BAR, tone))
            shapes.append(
                Words(
                    _LABEL_WIDTH + width + 5,
                    y + _BAR - 1,
                    write(value),
                    Tone.NUMBER,
                )
            )
            y += _BAR + 1
        y = max(y, top + len(lines) * _LINE) + _GAP
    return Drawing(name, WIDTH, max(y, _BAR), tuple(shapes))


def draw_columns(
    name: str, points: Sequence[Point], write: Writer = write_plainly
) -> Drawing:
    """Columns from left to right, such as hours; those of before stand beside."""
    most = _largest(points)
    slot = (WIDTH - _LEFT) / max(1, len(points))
    compared = any(point.before is not None for point in points)
    # Two columns share the place of one where there is a period before.
    width = max(1.0, slot * (0.4 if compared else 0.8))
    shapes = _draw_frame(points, most, slot, write)
    for number, point in enumerate(points):
        x = _LEFT + number * slot + slot * 0.1
        pairs = ((Tone.NOW, point.now), (Tone.BEFORE, point.before))
        for tone, value in pairs:
            if value is not None:
                height = (_HEIGHT - _TOP) * value / most
                hint = f"{point.label}: {write(value)}"
                y = _HEIGHT - height
                shapes.append(Box(x, y, width, height, tone, hint))
            x += width
    return Drawing(name, WIDTH, _HEIGHT + _BOTTOM, tuple(shapes))


def draw_lines(
    name: str,
    points: Sequence[Point],
    before: Sequence[float] = (),
    ahead: Ahead | None = None,
    write: Writer = write_plainly,
) -> Drawing:
    """A line through the days; that of the period before runs along from the same left end.

    ``ahead``: a dotted line goes on from the last day.
    """
    values = [point.now for point in points]
    if not values:
        ahead = None
    most = max([_largest(points), *before, ahead.value if ahead else 0.0])
    slots = len(points) + (ahead.slots if ahead else 0)
    slot = (WIDTH - _LEFT) / max(1, slots)
    shapes = _draw_frame(points, most, slot, write)

    def place(number: int, value: float) -> tuple[float, float]:
        x = _LEFT + (number + 0.5) * slot
        return x, _HEIGHT - (_HEIGHT - _TOP) * value / most

    lines = (
        # The month before may be longer; what has no day here to stand beside
        # is left out.
        (Tone.BEFORE, [float(value) for value in before][: len(points)]),
        (Tone.NOW, values),
    )
    for tone, line in lines:
        if line:
            corners = tuple(place(*day) for day in enumerate(line))
            shapes.append(Path(corners, tone))
    if ahead is not None:
        end = place(slots - 1, ahead.value)
        start = place(len(values) - 1, values[-1])
        shapes.append(Path((start, end), Tone.AHEAD))
        number = Words(
            end[0],
            max(_TOP - 1, end[1] - 4),
            write(ahead.value),
            Tone.NUMBER,
            Anchor.END,
        )
        shapes.append(number)
    return Drawing(name, WIDTH, _HEIGHT + _BOTTOM, tuple(shapes))


def _draw_frame(
    points: Sequence[Point], most: float, slot: float, write: Writer
) -> list[Shape]:
    """The line below, the one at the top with its number, and words under some columns."""
    shapes: list[Shape] = [
        Path(((_LEFT, _HEIGHT), (WIDTH, _HEIGHT)), Tone.AXIS),
        Path(((_LEFT, _TOP), (WIDTH, _TOP)), Tone.AXIS),
        Words(_LEFT - 6, _TOP + 4, write(most), Tone.NUMBER, Anchor.END),
        Words(_LEFT - 6, _HEIGHT, "0", Tone.NUMBER, Anchor.END),
    ]
    # Rounded up: words that stand too close would be read as one.
    every = max(1, math.ceil((WIDTH - _LEFT) / slot / _MOST_TICKS))
    for number in range(0, len(points), every):
        x = _LEFT + (number + 0.5) * slot
        label = points[number].label
        y = _HEIGHT + _BOTTOM - 6
        shapes.append(Words(x, y, label, Tone.WORDS, Anchor.MIDDLE))
    return shapes


def _largest(points: Sequence[Point]) -> float:
    """Always above 0, so that nothing is divided by it."""
    values = [point.now for point in points]
    values += [point.before for point in points if point.before is not None]
    return max([0.0, *values]) or 1.0


def _wrap(label: str) -> list[str]:
    """In two lines at most: steps are told apart by their last words."""
    first, *rest = wrap(label, _LONGEST_LABEL) or [""]
    if not rest:
        return [first]
    second = " ".join(rest)
    if len(second) > _LONGEST_LABEL:
        second = f"{second[: _LONGEST_LABEL - 1]}…"
    return [first, second]
