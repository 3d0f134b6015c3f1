"""Long lists of a case's page, one part at a time: the newest first, the rest behind a link.

A case that goes on for years has hundreds of notes and steps, and its page stays light. Which part
of which list is wanted stands in the address: ``?part=notes.2`` are the notes before those before
the newest. Several may be named, each for its own list; every other list shows its newest part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

Row = TypeVar("Row")
_WANTED = re.compile(r"([a-z][a-z0-9-]{0,29})\.(\d{1,6})", re.ASCII)
MOST_NAMED = 10
"""Lists of which one address names a part."""


@dataclass(frozen=True, slots=True)
class Part(Generic[Row]):
    """``rows`` of the list ``name``; its part 0 is shown where none is asked for.

    ``left``: how many there are in the parts behind this one.
    """

    name: str
    rows: Sequence[Row]
    number: int = 0
    left: int = 0

    def lead_to(self, number: int) -> list[str]:
        """What an address names for that part of this list, and for what is shown of others now."""
        others = _list_wanted()
        others.pop(self.name, None)
        # This one first: of too many the last are left out.
        wanted = {self.name: number, **others}
        return [f"{name}.{part}" for name, part in wanted.items() if part]


def take_newest(name: str, rows: Sequence[Row], size: int) -> Part[Row]:
    """Of ``rows`` that are told oldest first: the last of them are part 0."""

    def read(skipped: int, most: int) -> Sequence[Row]:
        end = len(rows) - skipped
        return rows[max(0, end - most) : end]

    return read_part(name, lambda: len(rows), size, read)


def take_first(name: str, rows: Sequence[Row], size: int) -> Part[Row]:
    """Of ``rows`` that are read from their beginning."""

    def read(skipped: int, most: int) -> Sequence[Row]:
        return rows[skipped : skipped + most]

    return read_part(name, lambda: len(rows), size, read)


def read_part(
    name: str,
    count: Callable[[], int],
    size: int,
    read: Callable[[int, int], Sequence[Row]],
) -> Part[Row]:
    """Of rows that are not at hand: ``read`` skips so many, and reads at most so many; they are
    counted only where there may be another part."""
    wanted = _wanted_of(name)
    if not wanted:
        newest = read(0, size)
        left = count() - size if len(newest) == size else 0
        return Part(name, newest, 0, max(0, left))
    counted = count()
    # Behind the last part there is nothing: whoever asks for more gets the last.
    number = min(wanted, max(0, counted - 1) // size)
    skipped = number * size
    left = max(0, counted - skipped - size)
    return Part(name, read(skipped, size), number, left)


def _wanted_of(name: str) -> int:
    return _list_wanted().get(name, 0)


def _list_wanted() -> dict[str, int]:
    """By list, which part of it the address names."""
    wanted = map(_WANTED.fullmatch, request.args.getlist("part")[:MOST_NAMED])
    return {each[1]: int(each[2]) for each in wanted if each}
