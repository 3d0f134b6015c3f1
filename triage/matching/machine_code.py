"""The loops of the search, compiled by Numba.

What makes them quick: memory is asked for one step before it is needed, a bucket is filtered 32
entries at a time in vector registers, all queries go through one word's table before the next, and
no array is made on the way.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit, types
from numba.core.cgutils import ir
from numba.extending import intrinsic
from numpy.typing import NDArray

from triage.matching.plan import BUCKETS

BLOCK = 32
AHEAD = 512
"""Entries of a bucket to ask for, a cache line of 32 at a time; the processor sees to the rest."""
HELD = 32
"""Candidates that are compared at once, and at most 31 more."""
OUTSIDE = -1


class Comparison(NamedTuple):
    """What is compared with what, and where the matches go: ``out`` (3, room) has the rows query,
    position and distance."""

    queries: NDArray[np.uint64]
    hashes: NDArray[np.uint64]
    threshold: int
    out: NDArray[np.int64]


class Buckets(NamedTuple):
    """A table's buckets and the plan by which they are read; as in ``Table`` and ``Plan``."""

    starts: NDArray[np.uint32]
    partners: NDArray[np.uint16]
    positions: NDArray[np.uint32]
    flip: NDArray[np.uint16]
    limit: NDArray[np.uint8]
    tables: NDArray[np.intp]


def _compile_function(function: Any) -> Any:
    """Keep the machine code beside this file or in the user's cache; without either (a read-only
    file system) it is compiled once for each process. The cache notices changes of this file only:
    what comes from elsewhere and may change is an argument."""
    try:
        # Without the interpreter's lock: other threads go on while a search
        # runs.
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:
        return njit(nogil=True)(function)


def _generate_popcount(_context: Any, value: Any) -> Any:
    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return value(value), generate


def _generate_prefetch(_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line that holds ``array[index]``; reads nothing and cannot fault."""

    def generate(
        context: Any, builder: Any, signature: Any, arguments: Any
    ) -> Any:
        make_array = context.make_array(signature.args[0])
        data = make_array(context, builder, arguments[0]).data
        byte, number = ir.IntType(8), ir.IntType(32)
        element = builder.gep(data, [arguments[1]])
        address = builder.bitcast(element, byte.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [address.type] + [number] * 3)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [address.type], kind
        )
        # for reading, to keep near, data
        options = [ir.Constant(number, option) for option in (0, 3, 1)]
        builder.call(function, [address, *options])
        return context.get_dummy_value()

    return types.void(array, index), generate


popcount = intrinsic(_generate_popcount)
prefetch = intrinsic(_generate_prefetch)


@_compile_function
def _count_bits_apart(
    hashes: Any, position: int, queries: Any, query: int
) -> int:
    total = np.int64(0)
    for word in range(hashes.shape[1]):
        # A bit that differs is set in the exclusive or; the processor counts
        # them in one instruction.
        differing = hashes[position, word] ^ queries[query, word]
        total += np.int64(popcount(differing))
    return int(total)


@_compile_function
def _add_match(
    out: Any, count: int, query: int, position: int, apart: int
) -> int:
    """Counts on where ``out`` is full, so that the caller learns how large it must be."""
    if count < out.shape[1]:
        out[0, count] = query
        out[1, count] = position
        out[2, count] = apart
    return count + 1


@_compile_function
def _compare_query(comparison: Comparison, query: int, count: int) -> int:
    """One query against every hash, in order."""
    queries, hashes, threshold, out = comparison
    for position in range(hashes.shape[0]):
        apart = _count_bits_apart(hashes, position, queries, query)
        if apart <= threshold:
            count = _add_match(out, count, query, position, apart)
    return count


@_compile_function
def compare_all(queries: Any, hashes: Any, threshold: int, out: Any) -> int:
    comparison = Comparison(queries, hashes, threshold, out)
    count = 0
    for query in range(queries.shape[0]):
        count = _compare_query(comparison, query, count)
    return count


@_compile_function
def _read_word(rows: Any, row: int, word: int) -> int:
    """One 16-bit word of a hash of 64-bit words."""
    shift = np.uint64(16 * (word & 3))
    return np.uint16(rows[row, word >> 2] >> shift)  # type: ignore[return-value]


@_compile_function
def _find_buckets(
    queries: Any, buckets: Buckets, ranges: Any, totals: Any
) -> None:
    """``ranges`` (queries, look-ups, 2): where each bucket begins and ends; ``totals`` (queries,):
    the entries of all of a query's buckets."""
    starts, flip, tables = buckets.starts, buckets.flip, buckets.tables
    for table in range(tables.shape[0]):
        for query in range(queries.shape[0]):
            value = _read_word(queries, query, table)
            for lookup in range(tables[table, 0], tables[table, 1]):
                # Looked up is each value that differs from the query's word by
                # so few bits that a near hash may have it there.
                key = table * BUCKETS + np.int64(value ^ flip[lookup])
                begin, end = starts[key], starts[key + 1]
                ranges[query, lookup, 0] = begin
                ranges[query, lookup, 1] = end
                totals[query] += np.int64(end) - np.int64(begin)


@_compile_function
def _has_near(partners: Any, begin: int, partner: int, limit: int) -> bool:
    """Whether one of the 32 entries from ``begin`` passes; of fixed length, to become vectors."""
    near = np.uint16(0)
    for offset in range(BLOCK):
        differing = np.uint16(partners[begin + offset] ^ partner)
        # No way out at the first one that passes: a branch would keep the loop
        # from becoming vectors.
        near |= np.uint16(popcount(differing) <= limit)
    return bool(near != 0)


@_compile_function
def _count_word_apart(
    queries: Any, query: int, hashes: Any, position: int, word: int
) -> int:
    """In how many bits the query and the hash differ in one 16-bit word."""
    asked = _read_word(queries, query, word)
    stored = _read_word(hashes, position, word)
    return np.int64(popcount(asked ^ stored))  # type: ignore[return-value]


@_compile_function
def _is_in_earlier_table(
    queries: Any,
    query: int,
    hashes: Any,
    position: int,
    tables: Any,
    table: int,
) -> bool:
    """Whether an earlier word's table gives this hash too: each match is told once."""
    for earlier in range(table):
        radius, budget = tables[earlier, 2], tables[earlier, 3]
        # Words stand in pairs, 0 with 1, 2 with 3.
        partner = earlier ^ 1
        here = _count_word_apart(queries, query, hashes, position, earlier)
        there = _count_word_apart(queries, query, hashes, position, partner)
        if here <= radius and here + there <= budget:
            return True
    return False


@_compile_function
def _hold_back(
    entries: Any,
    partner: int,
    most: int,
    positions: Any,
    first: int,
    step: int,
    held: Any,
    size: int,
) -> int:
    """Put what passes among the ``entries`` of a block aside, its position asked for."""
    for offset in range(entries.shape[0]):
        if popcount(np.uint16(entries[offset] ^ partner)) <= most:
            prefetch(positions, first + offset)
            held[size, 0] = step
            held[size, 1] = first + offset
            size += 1
    return size


@_compile_function
def _ask_for_held(hashes: Any, positions: Any, held: Any) -> bool:
    """Put positions in the place of slots, their hashes asked for; False where one is outside."""
    for candidate in range(held.shape[0]):
        position = np.int64(positions[held[candidate, 1]])
        # An index from a damaged file must not read memory that is not the
        # list's.
        if position >= hashes.shape[0]:
            return False
        held[candidate, 1] = position
        prefetch(hashes, position * hashes.shape[1])
    return True


@_compile_function
def _compare_held(
    comparison: Comparison, buckets: Buckets, held: Any, count: int
) -> int:
    """The candidates ``held`` (k, 2: step, slot) in full. All their positions are read, and their
    hashes asked for, before the first is compared: one wait for memory instead of k."""
    queries, hashes, threshold, out = comparison
    if not _ask_for_held(hashes, buckets.positions, held):
        return OUTSIDE
    many = queries.shape[0]
    for candidate in range(held.shape[0]):
        step, position = held[candidate, 0], held[candidate, 1]
        table, query = step // many, step % many
        apart = _count_bits_apart(hashes, position, queries, query)
        if apart <= threshold and not _is_in_earlier_table(
            queries, query, hashes, position, buckets.tables, table
        ):
            count = _add_match(out, count, query, position, apart)
    return count


@_compile_function
def _compare_heavy_queries(
    comparison: Comparison, ranges: Any, heavy: Any
) -> int:
    """The ``heavy`` queries against every hash; no bucket of theirs is left to read."""
    count = 0
    for query in range(comparison.queries.shape[0]):
        if heavy[query]:
            count = _compare_query(comparison, query, count)
            # Empty, so that the tables below pass it over.
            ranges[query] = 0
    return count


@_compile_function
def _ask_ahead(ranges: Any, partners: Any, tables: Any, step: int) -> None:
    """Have the entries of the buckets of one step fetched while those before are read."""
    table, query = step // ranges.shape[0], step % ranges.shape[0]
    if table < tables.shape[0]:
        for lookup in range(tables[table, 0], tables[table, 1]):
            begin: Any = np.int64(ranges[query, lookup, 0])
            end: Any = np.int64(ranges[query, lookup, 1])
            for slot in range(begin, min(end, begin + AHEAD), BLOCK):
                prefetch(partners, slot)
            prefetch(partners, end)


@_compile_function
def _read_buckets(
    comparison: Comparison, buckets: Buckets, ranges: Any, count: int
) -> int:
    """Word after word, query after query, the next buckets on their way while these are read."""
    queries, partners = comparison.queries, buckets.partners
    positions, limit = buckets.positions, buckets.limit
    tables, many = buckets.tables, queries.shape[0]
    # Room for one block more, as a block is put aside whole before the count
    # is looked at.
    held, size = np.empty((HELD + BLOCK, 2), dtype=np.int64), 0
    for step in range(tables.shape[0] * many):
        table, query = step // many, step % many
        _ask_ahead(ranges, partners, tables, step + 1)
        partner = _read_word(queries, query, table ^ 1)
        for lookup in range(tables[table, 0], tables[table, 1]):
            begin: Any = np.int64(ranges[query, lookup, 0])
            end: Any = np.int64(ranges[query, lookup, 1])
            most = np.uint16(limit[lookup])
            for block in range(begin, end, BLOCK):
                if _has_near(partners, block, partner, most):
                    entries = partners[block : min(block + BLOCK, end)]
                    size = _hold_back(
                        entries,
                        partner,
                        most,
                        positions,
                        block,
                        step,
                        held,
                        size,
                    )
                if size >= HELD:
                    full = held[:size]
                    count = _compare_held(comparison, buckets, full, count)
                    size = 0
                    if count == OUTSIDE:
                        return OUTSIDE
    return int(_compare_held(comparison, buckets, held[:size], count))


@_compile_function
def search_tables(
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
    """Through the buckets; a query with more than ``heavy`` entries in them against all hashes.

    Gives the number of matches, also beyond ``out``, or OUTSIDE. Plain arguments: a named tuple
    would take longer to come in from Python than a short search takes.
    """
    comparison = Comparison(queries, hashes, threshold, out)
    buckets = Buckets(starts, partners, positions, flip, limit, tables)
    many = queries.shape[0]
    ranges = np.empty((many, flip.shape[0], 2), dtype=np.uint32)
    totals = np.zeros(many, dtype=np.int64)
    _find_buckets(queries, buckets, ranges, totals)
    count = _compare_heavy_queries(comparison, ranges, totals > heavy)
    return int(_read_buckets(comparison, buckets, ranges, count))
