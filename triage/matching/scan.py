"""The search itself in NumPy alone: what a default installation runs.

A search gives three arrays of one length: which query, which position among the table's hashes, and
in how many bits the two differ. ``triage.matching.compiled`` gives the same from machine code.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from triage.matching.plan import BUCKETS, Plan, plan_lookups
from triage.matching.table import PAD, Table

QUERIES_AT_ONCE = 512
ENTRIES_AT_ONCE = 1 << 22
"""Bounds the memory of a search: some 40 bytes for each entry of a bucket wider than a window."""
ELEMENTS_AT_ONCE = 1 << 17
"""256 KB of partner words: what stays in a core's own cache."""
SCAN_SHARE = 4
"""Where the buckets of one query hold more than 1/4 of all hashes (a list of near-identical ones),
their entries mostly pass the filter and come back from several tables: reading every hash once, in
order, is then quicker and never slower than a flat index would be."""


class Buckets(NamedTuple):
    """What to read, one element per look-up and query, all queries of a look-up together."""

    begin: NDArray[np.intp]
    size: NDArray[np.intp]
    partner: NDArray[np.uint16]
    limit: NDArray[np.uint8]


class Hits(NamedTuple):
    query: NDArray[np.intp]
    position: NDArray[Any]
    distance: NDArray[np.uint16]


def scan_table(
    table: Table, queries: NDArray[np.uint64], threshold: int
) -> Hits:
    """Every (query, hash) pair of ``queries`` (m, bits / 64) that differs in <= threshold bits."""
    lookups = (
        plan_lookups(table.bits, threshold) if table.starts.size else None
    )
    if lookups is None:
        return join_hits(
            [
                compare_all(table, queries, i, threshold)
                for i in range(len(queries))
            ]
        )
    parts = []
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        chunk = queries[start : start + QUERIES_AT_ONCE]
        hits = _search_tables(table, chunk, threshold, lookups)
        parts.append(Hits(hits.query + start, hits.position, hits.distance))
    return join_hits(parts)


def join_hits(parts: list[Hits]) -> Hits:
    if len(parts) == 1:
        return parts[0]
    if not parts:
        none = np.empty(0, dtype=np.intp)
        return Hits(none, none, none.astype(np.uint16))
    query, position, distance = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return Hits(query, position, distance)


def count_differing_bits(differing: NDArray[np.uint64]) -> NDArray[Any]:
    """Bits set in each row (k, 1) or (k, 4)."""
    counts: NDArray[np.uint8] = np.bitwise_count(differing)
    if counts.shape[1] == 1:
        return counts[:, 0]
    # As lanes of one 32-bit integer the counts of four words are added five
    # times as quickly as by a sum along so short an axis.
    lanes = counts.view("<u4")[:, 0]
    even = lanes & 0x00FF00FF
    odd = (lanes >> 8) & 0x00FF00FF
    halves = even + odd
    total = halves + (halves >> 16)
    # Nine bits: all 256 may differ.
    apart: NDArray[np.uint32] = total & 0x1FF
    return apart.astype(np.uint16)


def compare_all(
    table: Table, queries: NDArray[np.uint64], index: int, threshold: int
) -> Hits:
    """Query ``index`` against each hash of the table, a cache-sized block at a time."""
    positions, apart = [], []
    step = ELEMENTS_AT_ONCE // 8
    for start in range(0, len(table.hashes), step):
        block = table.hashes[start : start + step]
        counted = count_differing_bits(block ^ queries[index])
        near = np.flatnonzero(counted <= threshold)
        if near.size:
            positions.append(near + start)
            apart.append(counted[near])
    if not positions:
        return join_hits([])
    position = np.concatenate(positions)
    query = np.full(len(position), index)
    return Hits(query, position, np.concatenate(apart))


def _search_tables(
    table: Table, queries: NDArray[np.uint64], threshold: int, lookups: Plan
) -> Hits:
    words = queries.view("<u2").T
    flipped = words[lookups.word] ^ lookups.flip[:, None]
    first_keys = lookups.word * BUCKETS
    keys = flipped + first_keys[:, None]
    begin = table.starts.take(keys).astype(np.intp)
    end = table.starts.take(keys + 1).astype(np.intp)
    size = end - begin
    heavy = size.sum(axis=0) > len(table.hashes) // SCAN_SHARE
    if heavy.any():
        return _search_with_heavy(table, queries, threshold, lookups, heavy)
    if len(queries) > 1 and size.sum() > ENTRIES_AT_ONCE:
        return _search_in_halves(table, queries, threshold, lookups)
    buckets = Buckets(
        begin=begin.ravel(),
        size=size.ravel(),
        partner=words[lookups.word ^ 1].ravel(),
        limit=np.repeat(lookups.limit, len(queries)),
    )
    query, position = _find_candidates(table, buckets, len(queries))
    stored = table.hashes.take(position, axis=0)
    asked = queries.take(query, axis=0)
    apart = count_differing_bits(stored ^ asked)
    near = np.flatnonzero(apart <= threshold)
    return Hits(query[near], position[near], apart[near])


def _search_in_halves(
    table: Table, queries: NDArray[np.uint64], threshold: int, lookups: Plan
) -> Hits:
    middle = len(queries) // 2
    left = _search_tables(table, queries[:middle], threshold, lookups)
    right = _search_tables(table, queries[middle:], threshold, lookups)
    return join_hits(
        [left, Hits(right.query + middle, right.position, right.distance)]
    )


def _search_with_heavy(
    table: Table,
    queries: NDArray[np.uint64],
    threshold: int,
    lookups: Plan,
    heavy: NDArray[np.bool_],
) -> Hits:
    """The queries whose buckets hold much of the list one by one, the others as usual."""
    parts = [
        compare_all(table, queries, int(i), threshold)
        for i in np.flatnonzero(heavy)
    ]
    light = np.flatnonzero(~heavy)
    if light.size:
        hits = _search_tables(table, queries[light], threshold, lookups)
        parts.append(Hits(light[hits.query], hits.position, hits.distance))
    return join_hits(parts)


def _find_candidates(
    table: Table, buckets: Buckets, queries: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Query and position of what passes the filter, each pair once.

    A window of fixed width is read at each bucket's begin, so that no ragged ranges are made; what
    belongs to the next bucket is harmless, since every candidate is compared in full afterwards.
    The few buckets that are wider than the window are read again entirely.
    """
    passed = _filter_windows(table, buckets)
    wide = np.flatnonzero(buckets.size > _choose_width(len(table.hashes)))
    if wide.size:
        passed.append(_filter_wide_buckets(table, buckets, wide))
    row, slot = (
        np.concatenate(column) for column in zip(*passed, strict=True)
    )
    # Query and position share one integer, so that one sort groups the repeats of a pair.
    pair = (row % queries).astype(np.uint64) << np.uint64(32)
    pair |= table.positions.take(slot)
    pair.sort()
    # The complement differs from the first one in any case, so that one is kept.
    changes = np.diff(pair, prepend=~pair[:1])
    pair = pair[np.flatnonzero(changes)]
    query = pair >> np.uint64(32)
    position = pair & np.uint64(0xFFFFFFFF)
    return query.astype(np.intp), position.astype(np.intp)


def _filter_windows(
    table: Table, buckets: Buckets
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Look-up and slot of what passes, block by block."""
    width = _choose_width(len(table.hashes))
    # One overlapping view instead of a copy: a row is what begins at each word of the array.
    window: NDArray[Any] = np.ndarray(
        (len(table.partners) - width,),
        f"V{2 * width}",
        table.partners,
        strides=(2,),
    )
    step = max(1, ELEMENTS_AT_ONCE // width)
    passed = []
    for start in range(0, len(buckets.begin), step):
        part = slice(start, start + step)
        rows = window[buckets.begin[part]].view("<u2").reshape(-1, width)
        rows ^= buckets.partner[part, None]
        flat = np.flatnonzero(
            np.bitwise_count(rows) <= buckets.limit[part, None]
        )
        row, column = np.divmod(flat, width)
        row += start
        passed.append((row, buckets.begin.take(row) + column))
    return passed


def _filter_wide_buckets(
    table: Table, buckets: Buckets, wide: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The same for the buckets ``wide``, whatever their sizes."""
    size = buckets.size[wide]
    ends = np.cumsum(size)
    row = np.repeat(wide, size)
    skipped = buckets.begin[wide] - (ends - size)
    slot = np.arange(ends[-1]) + np.repeat(skipped, size)
    stored = table.partners.take(slot)
    asked = buckets.partner.take(row)
    differing = np.bitwise_count(stored ^ asked)
    passed = np.flatnonzero(differing <= buckets.limit.take(row))
    return row.take(passed), slot.take(passed)


def _choose_width(unique: int) -> int:
    """Wide enough for all but about one bucket in 100,000 of evenly spread hashes."""
    mean = unique / BUCKETS
    spread = 4.3 * math.sqrt(mean)
    wanted = mean + spread + 2
    return min(PAD, 4 * math.ceil(wanted / 4))
