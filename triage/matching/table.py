"""The arrays that a search reads, laid out the same in a file and in memory.

The hashes are kept once each, sorted, so that near-identical ones lie together. For each 16-bit
word of the hash there is one table: all hashes sorted by that word, of which it keeps the other
word of the pair (read one after the other when a bucket is filtered) and the hash's position.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotline.core.errors import InvalidInput
from triage.matching.plan import BUCKETS, WORD

PAD = 512
"""Entries behind the last bucket, so that a window of fixed width may be read past its end."""
SMALL_BYTES = 1 << 18
"""Lists that fit a core's cache are compared one by one: as quick as tables, and a small file."""
MOST = (2**32 - PAD - 1) * WORD // 256
"""Positions in the tables are 32 bits wide: 268 million hashes of 256 bits."""
ALIGNMENT = 64


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """``u`` distinct hashes with ``n`` entries. The last three are empty where ``u`` is
    small."""

    bits: int
    hashes: NDArray[np.uint64]
    """(u, bits / 64)"""
    first: NDArray[np.uint32]
    """(u + 1,): hash i has the entries first[i] up to first[i + 1]."""
    ids: NDArray[Any]
    """(n,) int64 or uint64"""
    starts: NDArray[np.uint32]
    """(words x 65536 + 1,): where each bucket of each word begins in the two that follow."""
    partners: NDArray[np.uint16]
    """(words x u + PAD,): the other word of the pair."""
    positions: NDArray[np.uint32]
    """(words x u + PAD,): which hash."""


def smallest_table(bits: int) -> int:
    """From how many hashes on a table is made."""
    return SMALL_BYTES * 8 // bits


def list_sections(
    bits: int, unique: int, entries: int
) -> list[tuple[str, int, tuple[int, ...]]]:
    """Name, bytes per element and shape of each array of a table, in the order of the file."""
    words = bits // WORD if unique >= smallest_table(bits) else 0
    slots = words * unique + PAD if words else 0
    return [
        ("hashes", 8, (unique, bits // 64)),
        ("first", 4, (unique + 1,)),
        ("ids", 8, (entries,)),
        ("starts", 4, (words * BUCKETS + 1,) if words else (0,)),
        ("partners", 2, (slots,)),
        ("positions", 4, (slots,)),
    ]


def compute_size(bits: int, unique: int, entries: int) -> int:
    """Bytes that the arrays of such a table take, each one aligned."""
    return sum(
        _align_size(width * int(np.prod(shape)))
        for _, width, shape in list_sections(bits, unique, entries)
    )


def _align_size(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def carve_table(
    buffer: Any, bits: int, unique: int, entries: int, *, signed: bool
) -> Table:
    """A table whose arrays are views of ``buffer``, which has ``compute_size`` bytes."""
    arrays: dict[str, NDArray[Any]] = {}
    offset = 0
    for name, width, shape in list_sections(bits, unique, entries):
        kind = "i" if name == "ids" and signed else "u"
        arrays[name] = np.ndarray(
            shape, dtype=f"<{kind}{width}", buffer=buffer, offset=offset
        )
        offset += _align_size(arrays[name].nbytes)
    return Table(bits=bits, **arrays)


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """Hashes without repetition, and the entries that share each one."""

    hashes: NDArray[np.uint64]
    first: NDArray[np.uint32]
    ids: NDArray[Any]


def fold_hashes(
    hashes: NDArray[np.uint8], ids: NDArray[Any], bits: int
) -> Distinct:
    """Sort and fold. Raises InvalidInput where shapes, types or numbers cannot be an index."""
    _check_arrays(hashes, ids, bits)
    words = np.ascontiguousarray(hashes).view("<u8")
    if not len(words):
        return Distinct(
            words.reshape(0, bits // 64), np.zeros(1, np.uint32), ids
        )
    # By the first word alone: with random hashes that settles nearly all of the order.
    order = np.argsort(words[:, 0], kind="stable")
    leading = words[order, 0]
    tied = np.zeros(len(words) + 1, dtype=bool)
    tied[1:-1] = leading[1:] == leading[:-1]
    # Random hashes have no ties: their sort is cheap.
    ties = np.flatnonzero(tied[1:] | tied[:-1])
    unsorted = order[ties]
    by_all_words = np.lexsort(words[unsorted].T[::-1])
    order[ties] = unsorted[by_all_words]
    words = words[order]
    changes = (words[1:] != words[:-1]).any(axis=1)
    is_new = np.concatenate([[True], changes])
    first = np.append(np.flatnonzero(is_new), len(words))
    return Distinct(words[is_new], first.astype(np.uint32), ids[order])


def _check_arrays(
    hashes: NDArray[np.uint8], ids: NDArray[Any], bits: int
) -> None:
    if bits not in (64, 256):
        raise InvalidInput(
            f"An index holds hashes of 64 or 256 bits, not {bits}."
        )
    if (
        hashes.dtype != np.uint8
        or hashes.ndim != 2
        or hashes.shape[1] != bits // 8
    ):
        raise InvalidInput(
            f"Hashes of {bits} bits are an array of uint8 with {bits // 8} columns, "
            f"not {hashes.dtype} {hashes.shape}."
        )
    if ids.shape != (len(hashes),) or ids.dtype not in (
        np.dtype("i8"),
        np.dtype("u8"),
    ):
        raise InvalidInput(
            f"There must be one 64-bit id for each of the {len(hashes)} hashes, "
            f"not {ids.dtype} {ids.shape}."
        )
    if len(hashes) > MOST:
        raise InvalidInput(
            f"One index holds at most {MOST:,} hashes.", hint="Split the list."
        )


def fill_table(table: Table, content: Distinct) -> None:
    """Write ``content`` and its tables into the arrays of ``table`` (made by ``carve_table``)."""
    table.hashes[:] = content.hashes
    table.first[:] = content.first
    table.ids[:] = content.ids
    if not table.starts.size:
        return
    unique = len(content.hashes)
    words = content.hashes.view("<u2")
    ends = np.arange(0, (words.shape[1] + 1) * unique, unique)
    for word, (begin, end) in enumerate(pairwise(ends)):
        # radix sort: 16-bit keys, stable, so that neighbours among the hashes stay neighbours
        order = np.argsort(words[:, word], kind="stable")
        table.partners[begin:end] = words[order, word ^ 1]
        table.positions[begin:end] = order
        counts = np.bincount(words[:, word], minlength=BUCKETS)
        bucket = word * BUCKETS + 1
        ends_of_buckets = begin + np.cumsum(counts)
        table.starts[bucket : bucket + BUCKETS] = ends_of_buckets
    # New memory holds anything, unlike a new file, which holds zeros.
    table.starts[0] = 0
    table.partners[ends[-1] :] = 0
    table.positions[ends[-1] :] = 0


def build_in_memory(
    hashes: NDArray[np.uint8], ids: NDArray[Any], bits: int
) -> Table:
    """The same table without a file, for what was added since the file was built."""
    content = fold_hashes(hashes, ids, bits)
    shape = (bits, len(content.hashes), len(content.ids))
    buffer = np.empty(compute_size(*shape), dtype=np.uint8)
    table = carve_table(buffer, *shape, signed=content.ids.dtype.kind == "i")
    fill_table(table, content)
    # Threads share it, and a search that wrote to it would change everybody's answers.
    buffer.flags.writeable = False
    return carve_table(buffer, *shape, signed=content.ids.dtype.kind == "i")
