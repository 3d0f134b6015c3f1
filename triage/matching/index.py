"""A searchable set of known hashes: what was built, what came since, and what was taken out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hotline.core.errors import InvalidInput, Unavailable
from triage.matching import scan as in_numpy
from triage.matching.scan import Hits
from triage.matching.table import Table, build_in_memory, smallest_table

FEW = 16
Engine = Literal["auto", "numpy", "numba"]
Scan = Callable[[Table, NDArray[np.uint64], int], Hits]


class DamagedIndex(Unavailable):
    """The file is not an index, or not a whole one; the message names what is wrong with it."""

    title = "The index of known hashes is damaged"


class Match(NamedTuple):
    """One known entry within the threshold. ``distance`` is in bits. (A NamedTuple: a query beside
    a cluster of near-identical entries gives thousands.)"""

    id: int
    distance: int


@cache
def _load_scanner(engine: Engine) -> Scan:
    if engine != "numpy":
        try:
            from triage.matching.compiled import scan_table
        except ImportError:  # not installed, or not for this version of NumPy
            if engine == "numba":
                raise
        else:
            return scan_table
    return in_numpy.scan_table


def warm_up() -> str:
    """Load the quickest engine here (and compile it where that is still to do); its name.

    A worker calls this before it forks: the half second is then paid once and not for each job.
    """
    scan = _load_scanner("auto")
    # Once for each width: the compiler makes machine code for the types that it meets.
    for bits in (64, 256):
        count = smallest_table(bits)
        hashes = np.random.default_rng(bits).integers(
            0, 256, (count, bits // 8), dtype=np.uint8
        )
        table = build_in_memory(hashes, np.arange(count), bits)
        scan(table, table.hashes[:1], 8)
        scan(table, table.hashes[:1], bits)
    return "numpy" if scan is in_numpy.scan_table else "numba"


class HashIndex:
    """Finds every known hash within a threshold. Immutable, and safe to use from several threads.

    ``bits`` is 64 or 256; ``version`` is what the builder called this content.
    """

    def __init__(
        self,
        built: Table,
        *,
        version: str,
        added: Table | None = None,
        masked: NDArray[Any] | None = None,
        engine: Engine = "auto",
    ) -> None:
        self.version = version
        self.bits = built.bits
        self._built = built
        self._added = added
        self._masked = (
            np.sort(masked) if masked is not None and len(masked) else None
        )
        self._engine: Engine = engine

    def __len__(self) -> int:
        """Entries built and added. One masked twice, or never present, makes no difference."""
        count = len(self._built.ids)
        if self._masked is not None:
            count -= int(self._is_masked(self._built.ids).sum())
        if self._added is not None:
            count += len(self._added.ids)
        return count

    def with_changes(
        self,
        added_hashes: NDArray[np.uint8],
        added_ids: NDArray[Any],
        masked_ids: NDArray[Any],
    ) -> HashIndex:
        """The same index with what has changed **since its file was built**, all of it: changes
        given earlier are replaced. An entry whose hash changed is both masked and added: masking
        concerns the file only. Shapes as in ``build_index``.
        """
        ids = np.asarray(masked_ids)
        # Of an empty list NumPy makes an array of floats, which is no mistake.
        if ids.size and ids.dtype.kind not in "iu":
            raise InvalidInput(
                f"Ids to mask are whole numbers, not {ids.dtype}."
            )
        added = (
            build_in_memory(added_hashes, added_ids, self.bits)
            if len(added_ids)
            else None
        )
        return HashIndex(
            self._built,
            version=self.version,
            added=added,
            masked=ids,
            engine=self._engine,
        )

    def search(self, query: bytes, threshold: int) -> list[Match]:
        """All entries within ``threshold`` bits of one hash, nearest first, then by id."""
        if len(query) * 8 != self.bits:
            raise InvalidInput(
                f"A hash of {self.bits} bits has {self.bits // 8} bytes, not {len(query)}."
            )
        words = np.frombuffer(query, "<u8").reshape(1, -1)
        hits = self._search_tables(words, threshold)
        count = sum(len(near.position) for _, near in hits)
        # What most files give: no match, or a few.
        if self._masked is None and count <= FEW:
            return _list_few_matches(hits)
        answer = self._order_entries(hits)
        if answer is None:
            return []
        _, ids, apart = answer
        return list(map(Match, ids.tolist(), apart.tolist()))

    def search_many(
        self, queries: NDArray[np.uint8], threshold: int, *, threads: int = 1
    ) -> list[list[Match]]:
        """As ``search`` for each row of ``queries`` (m, bits / 8). ``threads`` shares the rows out:
        of use with the compiled engine, which works outside of Python's lock."""
        queries = np.asarray(queries)
        if (
            queries.dtype != np.uint8
            or queries.ndim != 2
            or queries.shape[1] * 8 != self.bits
        ):
            raise InvalidInput(
                f"Queries of {self.bits} bits are an array of uint8 with {self.bits // 8} columns, "
                f"not {queries.dtype} {queries.shape}."
            )
        if threads > 1 and len(queries) > 1:
            with ThreadPoolExecutor(threads) as pool:
                parts = pool.map(
                    lambda part: self.search_many(part, threshold),
                    np.array_split(queries, threads),
                )
                return [matches for part in parts for matches in part]
        words = np.ascontiguousarray(queries).view("<u8")
        answer = self._order_entries(self._search_tables(words, threshold))
        answers: list[list[Match]] = [[] for _ in range(len(queries))]
        if answer is not None:
            query, ids, apart = answer
            matches = list(map(Match, ids.tolist(), apart.tolist()))
            changes = np.flatnonzero(np.diff(query)) + 1
            for begin, end in pairwise([0, *changes.tolist(), len(matches)]):
                answers[query[begin]] = matches[begin:end]
        return answers

    def _search_tables(
        self, queries: NDArray[np.uint64], threshold: int
    ) -> list[tuple[Table, Hits]]:
        """What each table gives."""
        if threshold < 0:
            raise InvalidInput(
                f"A threshold is a number of bits from 0, not {threshold}."
            )
        tables = [self._built]
        if self._added is not None:
            tables.append(self._added)
        try:
            return [
                (table, _load_scanner(self._engine)(table, queries, threshold))
                for table in tables
            ]
        except IndexError as error:
            raise DamagedIndex(
                f"The index of known hashes contradicts itself: {error}.",
                hint="Build it again.",
            ) from error

    def _order_entries(
        self, hits: list[tuple[Table, Hits]]
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None:
        """Query, id and distance of every match in the order of the answer; None for none."""
        parts = [_expand_hits(table, near) for table, near in hits]
        if self._masked is not None:
            query, ids, apart = parts[0]
            kept = np.flatnonzero(~self._is_masked(ids))
            # Of the file alone: what came since may have the id of what was masked in it.
            parts[0] = query[kept], ids[kept], apart[kept]
        parts = [part for part in parts if len(part[0])]
        if not parts:
            return None
        query, ids, apart = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        # lexsort takes its last key first: by query, then nearest, then by id.
        order = np.lexsort((ids, apart, query))
        return query[order], ids[order], apart[order]

    def _is_masked(self, ids: NDArray[Any]) -> NDArray[np.bool_]:
        assert self._masked is not None
        # Clipped, since an id beyond the last one is sent past the end.
        at = np.searchsorted(self._masked, ids).clip(max=len(self._masked) - 1)
        equal: NDArray[np.bool_] = self._masked[at] == ids
        return equal


def _list_few_matches(hits: list[tuple[Table, Hits]]) -> list[Match]:
    """The answer to one query: a handful of matches is put together faster without arrays."""
    answer = [
        Match(int(table.ids[entry]), distance)
        for table, near in hits
        for position, distance in zip(
            near.position.tolist(), near.distance.tolist(), strict=True
        )
        for entry in range(
            int(table.first[position]), int(table.first[position + 1])
        )
    ]
    return sorted(answer, key=lambda match: (match.distance, match.id))


def _expand_hits(
    table: Table, hits: Hits
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Query, id and distance: each hash found stands for all entries that share it."""
    query, position, apart = hits
    # Signed, since a difference that is taken below may be negative.
    begin = table.first.take(position).astype(np.int64)
    count = table.first.take(position + 1) - begin
    if (count != 1).any():
        skipped = begin - (np.cumsum(count) - count)
        begin = np.repeat(skipped, count) + np.arange(count.sum())
        query, apart = np.repeat(query, count), np.repeat(apart, count)
    return query, table.ids.take(begin), apart
