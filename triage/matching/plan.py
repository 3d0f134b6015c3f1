"""Which buckets must be looked into so that nothing within the threshold can be missed.

A hash is cut into 16-bit words, and neighbouring words form pairs. If two hashes differ in at most
``threshold`` bits, the pigeonhole principle in its general form (Norouzi, Punjani and Fleet, "Fast
Exact Search in Hamming Space with Multi-Index Hashing", 2014) gives each pair a budget such that
at least one pair differs within its own: it is enough that the budgets plus one each add up to more
than the threshold. Within that pair the same argument gives each word a radius. So every true match
is found by looking up each word and its few neighbours, and a look-up can be filtered by the other
word of the pair before the whole hash is read.

256 bits at 31: eight pairs, budget 3, radius 1: 16 x 17 = 272 look-ups, and a random entry of a
bucket passes the filter with probability 0.2%.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

WORD = 16
BUCKETS = 1 << WORD
MAX_RADIUS = 2
"""137 look-ups a word; beyond that a scan of everything is quicker on lists of any real size."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """One element per look-up, ordered by word so that a table stays in the cache."""

    word: NDArray[np.intp]
    """In which word's table."""
    flip: NDArray[np.uint16]
    """What to exclusive-or the query's word with."""
    limit: NDArray[np.uint8]
    """In how many bits the other word of the pair may then differ."""
    tables: NDArray[np.intp]
    """(t, 4): first and last + 1 of the look-ups of each word, its radius, its pair's budget."""


@cache
def plan_lookups(bits: int, threshold: int) -> Plan | None:
    """The look-ups for ``threshold``; None where a scan of everything does better."""
    pairs = bits // (2 * WORD)
    share, extra = divmod(threshold + 1, pairs)
    rows: list[tuple[int, int, int]] = []
    tables: list[tuple[int, int, int, int]] = []
    for word in range(2 * pairs):
        budget = share - 1 + (word // 2 < extra)
        # the two radii plus one each must add up to budget + 1
        radius = (budget + 1 + (word % 2 == 0)) // 2 - 1
        if radius > MAX_RADIUS:
            return None
        flips = _list_flips(radius)
        tables.append((len(rows), len(rows) + len(flips), radius, budget))
        rows += [(word, flip, budget - flip.bit_count()) for flip in flips]
    columns = np.array(rows, dtype=np.int64).T
    return Plan(
        word=columns[0].astype(np.intp),
        flip=columns[1].astype(np.uint16),
        limit=columns[2].astype(np.uint8),
        tables=np.array(tables, dtype=np.intp),
    )


def _list_flips(radius: int) -> list[int]:
    """All 16-bit patterns with at most ``radius`` bits set; none for a radius of -1."""
    return [
        sum(1 << bit for bit in chosen)
        for count in range(radius + 1)
        for chosen in combinations(range(WORD), count)
    ]
