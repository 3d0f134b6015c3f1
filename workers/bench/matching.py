"""How quick a search is, how much it finds and what it takes, against what others run.

References, each on the same hashes, in the same run and on one thread: the PDQ index of
threatexchange (what Hasher-Matcher-Actioner serves from), faiss ``IndexBinaryFlat``, or where
neither is installed a plain scan. Sides take turns in short rounds, and the median round counts, so
that a neighbour on the machine disturbs both alike.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from triage.matching.index import Engine, HashIndex, Match, warm_up
from triage.matching.indexfile import build_index, load_index
from workers.bench.results import Figure, Measurement, Row, measure_rate

Hashes = NDArray[np.uint8]
Tick = Callable[[str], None]
THRESHOLD = {256: 31, 64: 8}
ROUNDS = 5
CHECKED = 64
"""Queries whose answers are compared with those of a scan of everything."""
CLUSTER = 200
"""Near-identical hashes around each picture of the skewed list: re-encodings, crops, frames."""


@dataclass(frozen=True, slots=True)
class Side:
    """Something to measure: both functions answer each query with all matches."""

    name: str
    single: Callable[[Hashes], Any]
    batch: Callable[[Hashes], Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """What our index takes, apart from time for a search."""

    build_s: float
    load_ms: float
    memory_mb: float
    file_mb: float
    recall: float

    def to_figures(self) -> dict[str, Figure]:
        figures: dict[str, Figure] = {}
        for name, value in asdict(self).items():
            figures[name] = round(value, 4)
        return figures


@dataclass(frozen=True, slots=True)
class _HashList:
    """Known hashes to search among. ``label`` is what a row's case has behind it."""

    label: str
    bits: int
    hashes: Hashes

    @property
    def threshold(self) -> int:
        return THRESHOLD[self.bits]


def measure_matching(
    size: int = 1_000_000,
    queries: int = 2_000,
    skewed: bool = True,
    *,
    tick: Callable[[str], None] = lambda _: None,
    seconds: float = 1.0,
) -> Measurement:
    """Rows in searches per second. ``size`` hashes, of which half of the ``queries`` are near ones;
    ``seconds`` for each side of each of the five rounds."""
    rng = np.random.default_rng(20_261_101)
    even = _make_random(size, 32, rng)
    lists = [_HashList("", 256, even)]
    if skewed:
        clustered = make_near_identical(size, rng)
        lists.append(_HashList(" skewed", 256, clustered))
    short = _make_random(size, 8, rng)
    lists.append(_HashList(" phash", 64, short))
    # The lists hold them from here on, and let go of each when it was
    # measured.
    del even, short
    rows: list[Row] = []
    warm_up()
    with tempfile.TemporaryDirectory() as directory:
        while lists:
            # Taken out, so that the memory of one list is free before the next is measured.
            hash_list = lists.pop(0)
            asked = make_queries(
                hash_list.hashes, queries, rng, hash_list.threshold
            )
            path = Path(directory) / "bench.index"
            rows += _measure_list(
                hash_list, asked, path, tick=tick, seconds=seconds
            )
            path.unlink()
    return Measurement("match", "queries/s", rows)


def _make_random(size: int, width: int, rng: np.random.Generator) -> Hashes:
    return rng.integers(0, 256, (size, width), dtype=np.uint8)


def make_near_identical(size: int, rng: np.random.Generator) -> Hashes:
    """Half at random, half in clusters of 200 that differ from their centre in at most 10 bits."""
    hashes = _make_random(size, 32, rng)
    half = size // 2
    members = np.arange(half, size)
    centres = np.arange(size - half) // CLUSTER
    hashes[half:] = hashes[centres]
    for _ in range(10):
        bit = rng.integers(0, 256, size - half)
        mask = 1 << (bit % 8)
        hashes[members, bit // 8] ^= mask.astype(np.uint8)
    return hashes


def make_queries(
    hashes: Hashes, queries: int, rng: np.random.Generator, threshold: int
) -> Hashes:
    """Every second one a member with 0 to ``threshold`` bits changed, the others at random."""
    width = hashes.shape[1]
    asked = _make_random(queries, width, rng)
    near = asked[::2]
    places = rng.integers(0, len(hashes), len(near))
    near[:] = hashes[places]
    for query in near:
        changes = rng.integers(0, threshold + 1)
        bits = rng.choice(width * 8, changes, replace=False)
        masks = (1 << (bits % 8)).astype(np.uint8)
        np.bitwise_xor.at(query, bits // 8, masks)
    return asked


def _measure_list(
    hash_list: _HashList,
    asked: Hashes,
    path: Path,
    *,
    tick: Tick,
    seconds: float,
) -> list[Row]:
    label = hash_list.label
    bits = hash_list.bits
    hashes = hash_list.hashes
    tick(f"building{label}: {len(hashes):,} hashes of {bits} bits")
    index, facts = _take_stock(hash_list, asked, path)
    ours = [_our_side("auto", index, bits)]
    if find_spec("numba"):
        plain_index = load_index(path, engine="numpy")
        ours.append(_our_side("numpy", plain_index, bits))
    tick(f"building the references{label}")
    others = _build_references(hashes, bits)
    rows = []
    sides = [*ours, *others]
    for way in ("single", "batch"):
        tick(f"searching{label}, {way}")
        measured = _take_turns(sides, way, asked, seconds)
        speeds = dict(zip(sides, measured, strict=True))
        for side in ours:
            for other in others:
                engine = "" if side is ours[0] else f" {side.name}"
                against = (
                    "" if other is others[0] else f" against {other.name}"
                )
                # What the index takes is told beside the rows that count, not beside each.
                figures = {} if engine or against else facts.to_figures()
                row = Row(
                    f"{way}{label}{engine}{against}",
                    speeds[side],
                    speeds[other],
                    other.name,
                    figures,
                )
                rows.append(row)
    return rows


def _take_stock(
    hash_list: _HashList, asked: Hashes, path: Path
) -> tuple[HashIndex, Facts]:
    hashes, threshold = hash_list.hashes, hash_list.threshold
    start = time.perf_counter()
    ids = np.arange(len(hashes))
    build_index(
        path, hashes=hashes, ids=ids, bits=hash_list.bits, version="bench"
    )
    built = time.perf_counter() - start
    # Garbage of the building would be counted as the index's memory, or hide
    # it.
    gc.collect()
    memory_before = psutil.Process().memory_info().rss
    loads = []
    for _ in range(5):
        start = time.perf_counter()
        index = load_index(path)
        loads.append(time.perf_counter() - start)
    # Pages of a mapped file count only once something has looked at them.
    index.search_many(asked, threshold)
    memory = psutil.Process().memory_info().rss - memory_before
    facts = Facts(
        build_s=built,
        load_ms=statistics.median(loads) * 1000,
        memory_mb=memory / 1e6,
        file_mb=path.stat().st_size / 1e6,
        recall=_measure_recall(index, hashes, asked[:CHECKED], threshold),
    )
    return index, facts


def _measure_recall(
    index: HashIndex, hashes: Hashes, asked: Hashes, threshold: int
) -> float:
    """The share of true matches that is found, with the right distance, singly and in a batch."""
    batch = index.search_many(asked, threshold)
    true_matches = 0
    hits = 0
    for query, together in zip(asked, batch, strict=True):
        wanted = _scan_all(hashes, query, threshold)
        alone = index.search(query.tobytes(), threshold)
        true_matches += len(wanted)
        both_ways = _pairs_of(alone) & _pairs_of(together)
        hits += len(wanted & both_ways)
    return hits / true_matches if true_matches else 1.0


def _scan_all(
    hashes: Hashes, query: Hashes, threshold: int
) -> set[tuple[int, int]]:
    """(place, distance) of every hash that is near enough, by looking at each."""
    words = hashes.view("<u8")
    different = words ^ query.view("<u8")
    distances = np.bitwise_count(different).sum(axis=1)
    pairs = set()
    for place in np.flatnonzero(distances <= threshold):
        distance = int(distances[place])
        pairs.add((int(place), distance))
    return pairs


def _pairs_of(matches: Iterable[Match]) -> set[tuple[int, int]]:
    return {(match.id, match.distance) for match in matches}


def _our_side(engine: Engine, index: HashIndex, bits: int) -> Side:
    threshold = THRESHOLD[bits]
    return Side(
        name=engine,
        single=lambda query: index.search(query.tobytes(), threshold),
        batch=lambda asked: index.search_many(asked, threshold),
    )


def _build_references(hashes: Hashes, bits: int) -> list[Side]:
    """The first is the one that counts."""
    sides = []
    has_faiss = find_spec("faiss")
    has_threatexchange = find_spec("threatexchange")
    # Its index knows PDQ alone.
    if bits == 256 and has_threatexchange and has_faiss:
        sides.append(_build_threatexchange(hashes))
    if has_faiss:
        sides.append(_build_faiss(hashes, bits))
    return sides or [_build_plain_scan(hashes, bits)]


def _build_threatexchange(hashes: Hashes) -> Side:
    import faiss
    from threatexchange.signal_type.pdq.pdq_index import PDQIndex

    faiss.omp_set_num_threads(1)
    index = PDQIndex(
        (entry.tobytes().hex(), number) for number, entry in enumerate(hashes)
    )
    return Side(
        name="threatexchange PDQIndex",
        single=lambda query: index.query(query.tobytes().hex()),
        batch=lambda asked: index.index.search(
            [query.tobytes().hex() for query in asked], 31, return_as_ids=True
        ),
    )


def _build_faiss(hashes: Hashes, bits: int) -> Side:
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexBinaryFlat(bits)
    index.add(hashes)
    threshold = THRESHOLD[bits]
    return Side(
        name="faiss IndexBinaryFlat",
        single=lambda query: index.range_search(
            query.reshape(1, -1), threshold + 1
        ),
        batch=lambda asked: index.range_search(asked, threshold + 1),
    )


def _build_plain_scan(hashes: Hashes, bits: int) -> Side:
    words = hashes.view("<u8")
    threshold = THRESHOLD[bits]

    def scan_all(query: Hashes) -> Any:
        different = words ^ query.view("<u8")
        distances = np.bitwise_count(different).sum(axis=1)
        return np.flatnonzero(distances <= threshold)

    return Side(
        name="NumPy scan",
        single=scan_all,
        batch=lambda asked: [scan_all(query) for query in asked],
    )


def _take_turns(
    sides: list[Side], way: str, asked: Hashes, seconds: float
) -> list[float]:
    """Searches per second of each side: the median of rounds in which each has its turn."""
    speeds: list[list[float]] = [[] for _ in sides]
    for _ in range(ROUNDS):
        for side, measured in zip(sides, speeds, strict=True):
            work = _make_work(side, way, asked)
            measured.append(measure_rate(work, seconds=seconds))
    return [statistics.median(measured) for measured in speeds]


def _make_work(side: Side, way: str, asked: Hashes) -> Callable[[], int]:
    """Some searches and their number; each call goes on where the last one stopped."""
    position = 0
    step = 16 if way == "single" else 256

    def search_some() -> int:
        nonlocal position
        part = asked[position : position + step]
        position = (position + step) % len(asked)
        if way == "single":
            for query in part:
                side.single(query)
        else:
            side.batch(part)
        return len(part)

    return search_some
