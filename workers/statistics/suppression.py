"""Pure: which counts of a table may be published beside their sum, so that no small one is known.

A count from 1 to ``least`` - 1 is small: it may point at a person. It is kept back. Where the sum
and what is shown would still give it away, the next larger counts are kept back as well, all
that are equal together, or in the end the whole table with its sum.

Why that is enough, also against somebody who knows this very rule: the rule looks at numbers only
and never at their order, so that a table in which the kept-back numbers have changed places is
published in the same way. Where they are not all equal, each of them may so be one of at least
two numbers. Where all are equal and at least two, and neither 1 nor the largest small number,
one may be larger and another smaller by one. What is left is widened until one of the two holds.
A test turns the rule around for every small table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEAST = 5
"""Counts from here on are published as they are."""


@dataclass(frozen=True, slots=True)
class Published:
    """``counts``: None is kept back. ``total`` is None where the whole table is.

    They stand in an order of what is published alone, the largest first and what is kept back
    last, by name: figures come sorted by their counts, and their places would tell these.
    """

    counts: Mapping[str, int | None]
    total: int | None


def suppress_table(
    counts: Mapping[str, int], *, least: int = LEAST
) -> Published:
    """What may be shown of counts that are published with their sum."""
    kept_back = _choose_kept_back(counts, least)
    if kept_back is None:
        return _withhold(counts)
    shown = [name for name in counts if name not in kept_back]
    in_order = sorted(shown, key=lambda name: (-counts[name], name))
    return Published(
        {name: counts[name] for name in in_order}
        | dict.fromkeys(sorted(kept_back)),
        sum(counts.values()),
    )


def suppress_together(
    tables: Sequence[Mapping[str, int]], *, least: int = LEAST
) -> list[Published]:
    """Tables of one and the same sum: if it has to be kept back in one, it is in all of them."""
    published = [suppress_table(counts, least=least) for counts in tables]
    # The sum that one table keeps back could be read from the other.
    if any(table.total is None for table in published):
        return [_withhold(counts) for counts in tables]
    return published


def suppress_number(count: int, *, least: int = LEAST) -> int | None:
    """A number that stands alone, with no sum that it is a part of."""
    return None if 0 < count < least else count


def _withhold(counts: Mapping[str, int]) -> Published:
    return Published(dict.fromkeys(sorted(counts)), None)


def _choose_kept_back(
    counts: Mapping[str, int], least: int
) -> frozenset[str] | None:
    """The names to keep back; None where even all of them would not be enough."""
    total = sum(counts.values())
    # Everything in the table is small then, and so is their sum.
    if 0 < total < least:
        return None
    chosen = {name for name, count in counts.items() if 0 < count < least}
    if not chosen:
        return frozenset()
    larger = sorted({count for count in counts.values() if count >= least})
    # What is nothing is shown, unless it is the last thing that can hide something.
    for size in (*larger, 0):
        if _is_hidden([counts[name] for name in chosen], least):
            return frozenset(chosen)
        chosen |= {name for name, count in counts.items() if count == size}
    if _is_hidden([counts[name] for name in chosen], least):
        return frozenset(chosen)
    return None


def _is_hidden(numbers: Sequence[int], least: int) -> bool:
    """Whether a sum of these leaves each of them open."""
    if len(numbers) < 2:
        return False
    different = set(numbers)
    if len(different) > 1:
        return True
    (common,) = different
    return 1 < common < least - 1
