"""Pure: Cohen's kappa, the agreement of two people beyond chance.

It is (p - e) / (1 - e), where p is the share of equal answers and e the one that chance alone would
give (J. Cohen, A Coefficient of Agreement for Nominal Scales, 1960). It is 1 where all agree, and
says nothing where everybody always gives one and the same answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

Pairs = Mapping[tuple[str, str], int]
"""(first answer, second answer) -> how often."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """``share`` of equal answers; None where nothing was compared. ``kappa``: None as well where
    chance alone explains every agreement."""

    count: int
    share: float | None
    kappa: float | None


def measure_pairs(pairs: Pairs) -> Agreement:
    count = sum(pairs.values())
    if not count:
        return Agreement(0, None, None)
    equal = sum(
        number for (first, second), number in pairs.items() if first == second
    )
    return Agreement(count, equal / count, compute_kappa(pairs))


def compute_kappa(pairs: Pairs) -> float | None:
    """None where nothing was compared, or where chance alone explains every agreement."""
    count = sum(pairs.values())
    if not count:
        return None
    firsts: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    equal = 0
    for (first, second), number in pairs.items():
        firsts[first] += number
        seconds[second] += number
        if first == second:
            equal += number
    by_chance = sum(
        number * seconds[answer] for answer, number in firsts.items()
    )
    # In whole numbers, so that a table of one answer is exactly that.
    beyond = count * count - by_chance
    if beyond == 0:
        return None
    return (equal * count - by_chance) / beyond
