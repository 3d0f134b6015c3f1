"""The search in machine code: what runs where Numba is installed (the ``fast`` extra).

The same look-ups and the same results as ``triage.matching.scan``. Import it only when a search is
due: Numba takes half a second and 100 MB.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from triage.matching.machine_code import OUTSIDE, compare_all, search_tables
from triage.matching.plan import Plan, plan_lookups
from triage.matching.scan import SCAN_SHARE, Hits, join_hits
from triage.matching.table import Table

QUERIES_AT_ONCE = 4096
"""Some 2 KB of bucket limits each at 31 of 256 bits."""
FIRST_ROOM = 4096
"""Matches that are made room for at least."""


def scan_table(
    table: Table, queries: NDArray[np.uint64], threshold: int
) -> Hits:
    """As ``triage.matching.scan.scan_table``. Raises IndexError where the table is damaged."""
    lookups = (
        plan_lookups(table.bits, threshold) if table.starts.size else None
    )
    queries = np.ascontiguousarray(queries)
    # Read-only, so that one compiled version serves arrays of every origin.
    queries.flags.writeable = False
    parts = []
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        chunk = queries[start : start + QUERIES_AT_ONCE]
        hits = _search_with_room(table, chunk, threshold, lookups)
        parts.append(Hits(hits.query + start, hits.position, hits.distance))
    return join_hits(parts)


def _search_with_room(
    table: Table,
    queries: NDArray[np.uint64],
    threshold: int,
    lookups: Plan | None,
) -> Hits:
    """Search again with more room where near-identical hashes give more than was expected."""
    room = max(FIRST_ROOM, 64 * len(queries))
    while True:
        out = np.empty((3, room), dtype=np.int64)
        count = _fill_out(table, queries, threshold, lookups, out)
        # As NumPy refuses it: machine code would read whatever lies there.
        if count == OUTSIDE:
            raise IndexError("a position lies outside the table")
        if count <= room:
            query, position, distance = out[:, :count]
            return Hits(query, position, distance.astype(np.uint16))
        # The count is exact even where the room did not suffice, so the second search is the last.
        room = count


def _fill_out(
    table: Table,
    queries: NDArray[np.uint64],
    threshold: int,
    lookups: Plan | None,
    out: NDArray[np.int64],
) -> int:
    """Let the machine code write to ``out``; gives the number of matches, or OUTSIDE."""
    if lookups is None:
        return int(compare_all(queries, table.hashes, threshold, out))
    count = search_tables(
        queries,
        table.hashes,
        table.starts,
        table.partners,
        table.positions,
        lookups.flip,
        lookups.limit,
        lookups.tables,
        len(table.hashes) // SCAN_SHARE,
        threshold,
        out,
    )
    return int(count)
