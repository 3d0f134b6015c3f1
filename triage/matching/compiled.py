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

from triage.matching.plan import BUCKETS, plan
from triage.matching.scan import SCAN_SHARE, Hits, together
from triage.matching.scan import scan as scan_in_numpy
from triage.matching.table import Table

BLOCK = 32
LOOKUPS = 137
"""The most that one word takes: itself and all within MAX_RADIUS = 2 bits of it."""
OUTSIDE = -1


def scan(table: Table, queries: NDArray[np.uint64], threshold: int) -> Hits:
    """As ``triage.matching.scan.scan``. Raises IndexError where the table is damaged."""
    lookups = plan(table.bits, threshold) if table.starts.size else None
    if not len(queries):
        return together([])
    if lookups is None and threshold < 0:
        return scan_in_numpy(table, queries, threshold)
    queries = np.ascontiguousarray(queries)
    queries.flags.writeable = False  # one compiled version for arrays of every origin
    room = max(1024, 4 * len(queries))
    while True:
        out = np.empty((3, room), dtype=np.int64)
        if lookups is None:
            count = _everything(queries, table.hashes, threshold, out)
        else:
            count = _through_tables(
                queries,
                queries.view("<u2"),
                (table.hashes, table.hashes.view("<u2")),
                (table.starts, table.partners, table.positions),
                (lookups.word, lookups.flip, lookups.limit, lookups.tables),
                threshold,
                out,
            )
        if count == OUTSIDE:
            raise IndexError("a position lies outside the table")
        if count <= room:
            return Hits(out[0, :count], out[1, :count], out[2, :count].astype(np.uint16))
        room = count


def _compile(function: Any) -> Any:
    """Keep the machine code beside this file or in the user's cache; without either (a read-only
    file system) it is compiled once for each process."""
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

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [address.type] + [ir.IntType(32)] * 3)
        function = builder.module.declare_intrinsic("llvm.prefetch", [address.type], kind)
        # for reading, to keep near, data
        builder.call(function, [address] + [ir.Constant(ir.IntType(32), n) for n in (0, 3, 1)])
        return context.get_dummy_value()

    return types.void(array, index), generate


popcount = intrinsic(_popcount)
prefetch = intrinsic(_prefetch)


def _bits_apart(left: Any, right: Any) -> int:
    total = np.int64(0)
    for word in range(left.shape[0]):
        total += np.int64(popcount(left[word] ^ right[word]))
    return int(total)


def _tell(out: Any, count: int, query: int, position: int, apart: int) -> int:
    """Counts on where ``out`` is full, so that the caller learns how large it must be."""
    if count < out.shape[1]:
        out[0, count] = query
        out[1, count] = position
        out[2, count] = apart
    return count + 1


def _compare(  # noqa: PLR0917
    queries: Any, query: int, hashes: Any, threshold: int, out: Any, count: int
) -> int:
    """One query against every hash, in order."""
    for position in range(hashes.shape[0]):
        apart = _distance(hashes[position], queries[query])
        if apart <= threshold:
            count = _add(out, count, query, position, apart)
    return count


def _compare_many(queries: Any, hashes: Any, threshold: int, out: Any) -> int:
    count = 0
    for query in range(queries.shape[0]):
        count = _each(queries, query, hashes, threshold, out, count)
    return count


def _is_heavy(words: Any, starts: Any, word: Any, flip: Any, most: int) -> bool:
    total = np.int64(0)
    for lookup in range(word.shape[0]):
        table = np.int64(word[lookup])
        key = table * BUCKETS + np.int64(words[table] ^ flip[lookup])
        total += np.int64(starts[key + 1]) - np.int64(starts[key])
    return bool(total > most)


def _find_buckets(first_key: int, value: int, flips: Any, buckets: Any, ranges: Any) -> None:
    """Where the look-ups of one word begin and end, with their memory asked for."""
    starts, partners = buckets
    for lookup in range(flips.shape[0]):
        key = first_key + np.int64(value ^ flips[lookup])
        begin, end = np.int64(starts[key]), np.int64(starts[key + 1])
        ranges[lookup, 0] = begin
        ranges[lookup, 1] = end
        prefetch(partners, begin)
        prefetch(partners, end)


def _any_near(partners: Any, begin: int, partner: int, limit: int) -> bool:
    """Whether one of the 32 entries from ``begin`` passes; of fixed length, to become vectors."""
    near = np.uint16(0)
    for offset in range(BLOCK):
        near |= np.uint16(popcount(np.uint16(partners[begin + offset] ^ partner)) <= limit)
    return bool(near != 0)


def _seen_before(query: Any, found: Any, table: int, tables: Any) -> bool:
    """Whether an earlier word's table gives this hash too: each match is told once."""
    for earlier in range(table):
        own = np.int64(popcount(np.uint16(query[earlier] ^ found[earlier])))
        other = np.int64(popcount(np.uint16(query[earlier ^ 1] ^ found[earlier ^ 1])))
        if own <= tables[earlier, 2] and own + other <= tables[earlier, 3]:
            return True
    return False


def _filter_buckets(  # noqa: PLR0917
    at: Any, queries: Any, known: Any, slots: Any, lookups: Any, ranges: Any, out: Any, count: int
) -> int:
    """Read the buckets of one query's word; compare in full what the other word lets through."""
    query, table, threshold = at
    words, hash_words, hashes = known
    partners, positions = slots
    limits, tables = lookups
    partner = words[query, table ^ 1]
    for lookup in range(limits.shape[0]):
        end, most = ranges[lookup, 1], np.uint16(limits[lookup])
        for block in range(ranges[lookup, 0], end, BLOCK):
            if not _near(partners, block, partner, most):
                continue
            for slot in range(block, min(block + BLOCK, end)):
                if popcount(np.uint16(partners[slot] ^ partner)) > most:
                    continue
                position = np.int64(positions[slot])
                if position >= hashes.shape[0]:
                    return OUTSIDE
                apart = _distance(hashes[position], queries[query])
                if apart <= threshold and not _told(
                    words[query], hash_words[position], table, tables
                ):
                    count = _add(out, count, query, position, apart)
    return count


def _search(  # noqa: PLR0917
    queries: Any, words: Any, known: Any, buckets: Any, lookups: Any, threshold: int, out: Any
) -> int:
    """Word after word, query after query, one step ahead with the look-ups. Gives the number of
    matches, also where it is more than ``out`` has room for, or OUTSIDE."""
    hashes, hash_words = known
    starts, partners, positions = buckets
    word, flip, limit, tables = lookups
    many, count = queries.shape[0], 0
    heavy = np.zeros(many, dtype=np.bool_)
    for query in range(many):
        if _heavy(words[query], starts, word, flip, hashes.shape[0] // SCAN_SHARE):
            heavy[query] = True
            count = _each(queries, query, hashes, threshold, out, count)
    ranges = np.empty((2, LOOKUPS, 2), dtype=np.int64)
    steps = tables.shape[0] * many
    for ahead in range(steps + 1):
        if ahead < steps:
            table, query = ahead // many, ahead % many
            flips = flip[tables[table, 0] : tables[table, 1]]
            first_key, value = table * BUCKETS, words[query, table]
            _find(first_key, value, flips, (starts, partners), ranges[ahead % 2])
        table, query = (ahead - 1) // many, (ahead - 1) % many
        if ahead == 0 or heavy[query]:
            continue
        limits = limit[tables[table, 0] : tables[table, 1]]
        count = _filter(
            (query, table, threshold),
            queries,
            (words, hash_words, hashes),
            (partners, positions),
            (limits, tables),
            ranges[(ahead - 1) % 2],
            out,
            count,
        )
        if count == OUTSIDE:
            return OUTSIDE
    return count


_distance = _compile(_bits_apart)
_add = _compile(_tell)
_each = _compile(_compare)
_everything = _compile(_compare_many)
_heavy = _compile(_is_heavy)
_find = _compile(_find_buckets)
_near = _compile(_any_near)
_told = _compile(_seen_before)
_filter = _compile(_filter_buckets)
_through_tables = _compile(_search)
