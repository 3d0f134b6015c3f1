"""The search in machine code: what runs where Numba is installed (the ``fast`` extra).

The same look-ups and the same results as ``triage.matching.scan``. What makes it quick: memory is
asked for one step before it is needed, a bucket is filtered 32 entries at a time in vector
registers, all queries go through one word's table before the next, and no array is made on the way.
Import it only when a search is due: Numba takes half a second and 100 MB.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.core.cgutils import ir
from numba.extending import intrinsic
from numpy.typing import NDArray

from triage.matching.plan import BUCKETS, Plan, plan_lookups
from triage.matching.scan import SCAN_SHARE, Hits, join_hits
from triage.matching.table import Table

BLOCK = 32
QUERIES_AT_ONCE = 4096
"""Some 2 KB of bucket limits each at 31 of 256 bits."""
AHEAD = 512
"""Entries of a bucket to ask for, a cache line of 32 at a time; the processor sees to the rest."""
HELD = 32
"""Candidates that are compared at once, and at most 31 more."""
OUTSIDE = -1


def scan_table(
    table: Table, queries: NDArray[np.uint64], threshold: int
) -> Hits:
    """As ``triage.matching.scan.scan_table``. Raises IndexError where the table is damaged."""
    lookups = (
        plan_lookups(table.bits, threshold) if table.starts.size else None
    )
    queries = np.ascontiguousarray(queries)
    queries.flags.writeable = (
        False  # one compiled version for arrays of every origin
    )
    parts = []
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        part = queries[start : start + QUERIES_AT_ONCE]
        found = _found(table, part, threshold, lookups)
        parts.append(Hits(found.query + start, found.position, found.distance))
    return join_hits(parts)


def _found(
    table: Table,
    queries: NDArray[np.uint64],
    threshold: int,
    lookups: Plan | None,
) -> Hits:
    room = max(
        4096, 64 * len(queries)
    )  # a second search where near-identical ones need more
    while True:
        out = np.empty((3, room), dtype=np.int64)
        if lookups is None:
            count = _everything(queries, table.hashes, threshold, out)
        else:
            count = _through_tables(
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
        if count == OUTSIDE:
            raise IndexError("a position lies outside the table")
        if count <= room:
            return Hits(
                out[0, :count],
                out[1, :count],
                out[2, :count].astype(np.uint16),
            )
        room = count


def _compile(function: Any) -> Any:
    """Keep the machine code beside this file or in the user's cache; without either (a read-only
    file system) it is compiled once for each process. The cache notices changes of this file only:
    what comes from elsewhere and may change is an argument."""
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:
        return njit(nogil=True)(function)


def _popcount(_context: Any, value: Any) -> Any:
    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return value(value), generate


def _prefetch(_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line that holds ``array[index]``; reads nothing and cannot fault."""

    def generate(
        context: Any, builder: Any, signature: Any, arguments: Any
    ) -> Any:
        data = context.make_array(signature.args[0])(
            context, builder, arguments[0]
        ).data
        address = builder.bitcast(
            builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer()
        )
        kind = ir.FunctionType(
            ir.VoidType(), [address.type] + [ir.IntType(32)] * 3
        )
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [address.type], kind
        )
        # for reading, to keep near, data
        builder.call(
            function,
            [address] + [ir.Constant(ir.IntType(32), n) for n in (0, 3, 1)],
        )
        return context.get_dummy_value()

    return types.void(array, index), generate


popcount = intrinsic(_popcount)
prefetch = intrinsic(_prefetch)


def _bits_apart(hashes: Any, position: int, queries: Any, query: int) -> int:
    total = np.int64(0)
    for word in range(hashes.shape[1]):
        total += np.int64(
            popcount(hashes[position, word] ^ queries[query, word])
        )
    return int(total)


def _tell(out: Any, count: int, query: int, position: int, apart: int) -> int:
    """Counts on where ``out`` is full, so that the caller learns how large it must be."""
    if count < out.shape[1]:
        out[0, count] = query
        out[1, count] = position
        out[2, count] = apart
    return count + 1


def _compare(
    queries: Any, query: int, hashes: Any, threshold: int, out: Any, count: int
) -> int:
    """One query against every hash, in order."""
    for position in range(hashes.shape[0]):
        apart = _distance(hashes, position, queries, query)
        if apart <= threshold:
            count = _add(out, count, query, position, apart)
    return count


def _compare_many(queries: Any, hashes: Any, threshold: int, out: Any) -> int:
    count = 0
    for query in range(queries.shape[0]):
        count = _each(queries, query, hashes, threshold, out, count)
    return count


def _word_of(rows: Any, row: int, word: int) -> int:
    """One 16-bit word of a hash of 64-bit words."""
    shift = np.uint64(16 * (word & 3))
    return np.uint16(rows[row, word >> 2] >> shift)  # type: ignore[return-value]


def _find_buckets(
    queries: Any, starts: Any, flip: Any, tables: Any, ranges: Any, totals: Any
) -> None:
    """``ranges`` (queries, look-ups, 2): where each bucket begins and ends; ``totals`` (queries,):
    the entries of all of a query's buckets."""
    for table in range(tables.shape[0]):
        for query in range(queries.shape[0]):
            value = _word(queries, query, table)
            for lookup in range(tables[table, 0], tables[table, 1]):
                key = table * BUCKETS + np.int64(value ^ flip[lookup])
                ranges[query, lookup, 0] = starts[key]
                ranges[query, lookup, 1] = starts[key + 1]
                totals[query] += np.int64(starts[key + 1]) - np.int64(
                    starts[key]
                )


def _any_near(partners: Any, begin: int, partner: int, limit: int) -> bool:
    """Whether one of the 32 entries from ``begin`` passes; of fixed length, to become vectors."""
    near = np.uint16(0)
    for offset in range(BLOCK):
        near |= np.uint16(
            popcount(np.uint16(partners[begin + offset] ^ partner)) <= limit
        )
    return bool(near != 0)


def _seen_before(
    queries: Any,
    query: int,
    hashes: Any,
    position: int,
    tables: Any,
    table: int,
) -> bool:
    """Whether an earlier word's table gives this hash too: each match is told once."""
    for earlier in range(table):
        own = _word(queries, query, earlier) ^ _word(hashes, position, earlier)
        other = _word(queries, query, earlier ^ 1) ^ _word(
            hashes, position, earlier ^ 1
        )
        here, there = np.int64(popcount(own)), np.int64(popcount(other))
        if here <= tables[earlier, 2] and here + there <= tables[earlier, 3]:
            return True
    return False


def _hold_back(
    entries: Any,
    partner: int,
    most: int,
    positions: Any,
    first: int,
    query: int,
    table: int,
    held: Any,
    waiting: int,
) -> int:
    """Put what passes among the ``entries`` of a block aside, its position asked for."""
    for offset in range(entries.shape[0]):
        if popcount(np.uint16(entries[offset] ^ partner)) <= most:
            prefetch(positions, first + offset)
            held[waiting, 0] = query
            held[waiting, 1] = table
            held[waiting, 2] = first + offset
            waiting += 1
    return waiting


def _compare_held(
    queries: Any,
    hashes: Any,
    positions: Any,
    tables: Any,
    held: Any,
    threshold: int,
    out: Any,
    count: int,
) -> int:
    """The candidates ``held`` (k, 3: query, table, slot) in full. All their positions are read, and
    their hashes asked for, before the first is compared: one wait for memory instead of k."""
    for candidate in range(held.shape[0]):
        held[candidate, 2] = positions[held[candidate, 2]]
        if held[candidate, 2] >= hashes.shape[0]:
            return OUTSIDE
        prefetch(hashes, held[candidate, 2] * hashes.shape[1])
    for candidate in range(held.shape[0]):
        query, table, position = (
            held[candidate, 0],
            held[candidate, 1],
            held[candidate, 2],
        )
        apart = _distance(hashes, position, queries, query)
        if apart <= threshold and not _told(
            queries, query, hashes, position, tables, table
        ):
            count = _add(out, count, query, position, apart)
    return count


def _compare_heavy(
    queries: Any,
    hashes: Any,
    ranges: Any,
    heavy: Any,
    threshold: int,
    out: Any,
) -> int:
    """The ``heavy`` queries against every hash; no bucket of theirs is left to read."""
    count = 0
    for query in range(queries.shape[0]):
        if heavy[query]:
            count = _each(queries, query, hashes, threshold, out, count)
            ranges[query] = 0
    return count


def _search(
    queries: Any,
    hashes: Any,
    starts: Any,
    partners: Any,
    positions: Any,
    flip: Any,
    limit: Any,
    tables: Any,
    heavy: int,
    threshold: int,
    out: Any,
) -> int:
    """Word after word, query after query, the next buckets on their way while these are read; more
    than ``heavy`` entries: all. Gives the number of matches, also beyond ``out``, or OUTSIDE."""
    many = queries.shape[0]
    ranges: Any = np.empty((many, flip.shape[0], 2), dtype=np.uint32)
    totals = np.zeros(many, dtype=np.int64)
    _find(queries, starts, flip, tables, ranges, totals)
    count: int = _settle(
        queries, hashes, ranges, totals > heavy, threshold, out
    )
    held, size = np.empty((HELD + BLOCK, 3), dtype=np.int64), 0
    for step in range(tables.shape[0] * many):
        table, query = step // many, step % many
        _ask_ahead(ranges, partners, tables, step + 1)
        partner = _word(queries, query, table ^ 1)
        for lookup in range(tables[table, 0], tables[table, 1]):
            begin, end = (
                np.int64(ranges[query, lookup, 0]),
                np.int64(ranges[query, lookup, 1]),
            )
            most = np.uint16(limit[lookup])
            for block in range(begin, end, BLOCK):
                if _near(partners, block, partner, most):
                    rest = partners[block : min(block + BLOCK, end)]
                    size = _hold(
                        rest,
                        partner,
                        most,
                        positions,
                        block,
                        query,
                        table,
                        held,
                        size,
                    )
                if size >= HELD:
                    count = _full(
                        queries,
                        hashes,
                        positions,
                        tables,
                        held[:size],
                        threshold,
                        out,
                        count,
                    )
                    size = 0
                    if count == OUTSIDE:
                        return OUTSIDE
    return int(
        _full(
            queries,
            hashes,
            positions,
            tables,
            held[:size],
            threshold,
            out,
            count,
        )
    )


def _prefetch_step(ranges: Any, partners: Any, tables: Any, step: int) -> None:
    table, query = step // ranges.shape[0], step % ranges.shape[0]
    if table < tables.shape[0]:
        for lookup in range(tables[table, 0], tables[table, 1]):
            begin: Any = np.int64(ranges[query, lookup, 0])
            end: Any = np.int64(ranges[query, lookup, 1])
            for slot in range(begin, min(end, begin + AHEAD), BLOCK):
                prefetch(partners, slot)
            prefetch(partners, end)


_distance = _compile(_bits_apart)
_add = _compile(_tell)
_each = _compile(_compare)
_everything = _compile(_compare_many)
_word = _compile(_word_of)
_find = _compile(_find_buckets)
_near = _compile(_any_near)
_told = _compile(_seen_before)
_hold = _compile(_hold_back)
_full = _compile(_compare_held)
_ask_ahead = _compile(_prefetch_step)
_settle = _compile(_compare_heavy)
_through_tables = _compile(_search)
