"""The pictures of a ``srcset``, read step by step as the HTML standard has browsers read it.

A step never goes back: a pattern that did made a page of commas cost the square of its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

COMMON_WIDTH = 1280.0
"""Pixels of a window whose screen has one pixel for each of CSS."""
_SPACES = " \t\n\f\r"
_SKIPPED = re.compile(r"[ \t\n\f\r,]*+")
_ADDRESS = re.compile(r"[^ \t\n\f\r]++")
_IN_PIXELS = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)px\s*+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Picture:
    """One of a ``srcset``; ``width`` in pixels where it is given, else ``density``."""

    address: str
    density: float = 1.0
    width: float | None = None

    def density_at(self, shown_width: float) -> float:
        if self.width is None:
            return self.density
        return self.width / shown_width


def pick_candidates(srcset: str, sizes: str = "") -> list[str]:
    """The largest picture, and the one that a browser with a common screen shows, if another."""
    pictures = list(read_srcset(srcset))
    if not pictures:
        return []
    # The last of the sizes is the one that stands without a condition.
    in_pixels = _IN_PIXELS.search(sizes[-200:])
    shown = float(in_pixels[1]) if in_pixels else COMMON_WIDTH
    ranked = sorted(
        pictures, key=lambda each: each.density_at(shown or COMMON_WIDTH)
    )
    enough = [each for each in ranked if each.density_at(shown) >= 1.0]
    # Where a host puts something else under the size that visitors get, only
    # looking at that one finds it.
    usual = enough[0] if enough else ranked[-1]
    picked = [ranked[-1].address, usual.address]
    return list(dict.fromkeys(picked))


def read_srcset(text: str) -> Iterator[Picture]:
    """Every picture that it names, with what stands behind its address."""
    at = 0
    while True:
        at = _end_of(_SKIPPED, text, at)
        match = _ADDRESS.match(text, at)
        if match is None:
            return
        at = match.end()
        address = match[0]
        descriptors = ""
        if address.endswith(","):
            address = address.rstrip(",")
        else:
            descriptors, at = _read_descriptors(text, at)
        if address:
            yield _describe_picture(address, descriptors)


def _end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _read_descriptors(text: str, at: int) -> tuple[str, int]:
    """Up to the comma that stands in no brackets, and where the next picture begins."""
    start = at
    depth = 0
    while at < len(text):
        letter = text[at]
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth = max(depth - 1, 0)
        elif letter == "," and depth == 0:
            return text[start:at], at + 1
        at += 1
    return text[start:], at


def _describe_picture(address: str, descriptors: str) -> Picture:
    width = None
    density = 1.0
    for word in descriptors[:200].split():
        number = _read_number(word[:-1])
        if number is None:
            continue
        if word[-1] == "w":
            width = number
        elif word[-1] == "x":
            density = number
    return Picture(address, density, width)


def _read_number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    is_usual = 0 <= number < 1_000_000
    return number if is_usual else None
