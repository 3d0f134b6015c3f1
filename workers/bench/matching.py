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
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from triage.matching.index import Engine, HashIndex, warm
from triage.matching.indexfile import build_index, load_index
from workers.bench.results import make_result, make_row, measure_rate

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


def measure_matching(
    size: int = 1_000_000,
    queries: int = 2_000,
    skewed: bool = True,
    *,
    tick: Callable[[str], None] = lambda _: None,
    seconds: float = 1.0,
) -> dict[str, Any]:
    """Rows in searches per second. ``size`` hashes, of which half of the ``queries`` are near ones;
    ``seconds`` for each side of each of the five rounds."""
    rng = np.random.default_rng(20_261_101)
    lists = [("", 256, rng.integers(0, 256, (size, 32), dtype=np.uint8))]
    if skewed:
        lists.append((" skewed", 256, make_near_identical(size, rng)))
    lists.append(
        (" phash", 64, rng.integers(0, 256, (size, 8), dtype=np.uint8))
    )
    rows: list[dict[str, Any]] = []
    warm()
    with tempfile.TemporaryDirectory() as directory:
        while lists:
            label, bits, hashes = lists.pop(0)
            asked = make_queries(hashes, queries, rng, THRESHOLD[bits])
            path = Path(directory) / "bench.index"
            rows += _measure_list(
                label, bits, hashes, asked, path, tick=tick, seconds=seconds
            )
            path.unlink()
    return make_result("match", "queries/s", rows)


def make_near_identical(size: int, rng: np.random.Generator) -> Hashes:
    """Half at random, half in clusters of 200 that differ from their centre in at most 10 bits."""
    hashes = rng.integers(0, 256, (size, 32), dtype=np.uint8)
    half = size // 2
    hashes[half:] = hashes[np.arange(size - half) // CLUSTER]
    for _ in range(10):
        bit = rng.integers(0, 256, size - half)
        hashes[np.arange(half, size), bit // 8] ^= (1 << (bit % 8)).astype(
            np.uint8
        )
    return hashes


def make_queries(
    hashes: Hashes, queries: int, rng: np.random.Generator, threshold: int
) -> Hashes:
    """Every second one a member with 0 to ``threshold`` bits changed, the others at random."""
    asked = rng.integers(0, 256, (queries, hashes.shape[1]), dtype=np.uint8)
    asked[::2] = hashes[rng.integers(0, len(hashes), len(asked[::2]))]
    for query in asked[::2]:
        bits = rng.choice(
            hashes.shape[1] * 8, rng.integers(0, threshold + 1), replace=False
        )
        np.bitwise_xor.at(query, bits // 8, (1 << (bits % 8)).astype(np.uint8))
    return asked


def _measure_list(
    label: str,
    bits: int,
    hashes: Hashes,
    asked: Hashes,
    path: Path,
    *,
    tick: Tick,
    seconds: float,
) -> list[dict[str, Any]]:
    tick(f"building{label}: {len(hashes):,} hashes of {bits} bits")
    index, facts = _take_stock(bits, hashes, asked, path)
    ours = [_our_side("auto", index, bits)]
    if find_spec("numba"):
        ours.append(_our_side("numpy", load_index(path, engine="numpy"), bits))
    tick(f"building the references{label}")
    others = _build_references(hashes, bits)
    rows = []
    for way in ("single", "batch"):
        tick(f"searching{label}, {way}")
        sides = [*ours, *others]
        speeds = dict(
            zip(sides, _take_turns(sides, way, asked, seconds), strict=True)
        )
        for side in ours:
            for other in others:
                name = "" if other is others[0] else f" against {other.name}"
                engine = "" if side is ours[0] else f" {side.name}"
                case = f"{way}{label}{engine}{name}"
                extra = {} if name or engine else vars_of(facts)
                rows.append(
                    make_row(
                        case, speeds[side], speeds[other], other.name, **extra
                    )
                )
    return rows


def vars_of(facts: Facts) -> dict[str, float]:
    return {name: round(getattr(facts, name), 4) for name in Facts.__slots__}


def _take_stock(
    bits: int, hashes: Hashes, asked: Hashes, path: Path
) -> tuple[HashIndex, Facts]:
    start = time.perf_counter()
    ids = np.arange(len(hashes))
    build_index(path, hashes=hashes, ids=ids, bits=bits, version="bench")
    built = time.perf_counter() - start
    gc.collect()
    before = psutil.Process().memory_info().rss
    loads = []
    for _ in range(5):
        start = time.perf_counter()
        index = load_index(path)
        loads.append(time.perf_counter() - start)
    index.search_many(asked, THRESHOLD[bits])
    facts = Facts(
        build_s=built,
        load_ms=statistics.median(loads) * 1000,
        memory_mb=(psutil.Process().memory_info().rss - before) / 1e6,
        file_mb=path.stat().st_size / 1e6,
        recall=_measure_recall(
            index, hashes, asked[:CHECKED], THRESHOLD[bits]
        ),
    )
    return index, facts


def _measure_recall(
    index: HashIndex, hashes: Hashes, asked: Hashes, threshold: int
) -> float:
    """The share of true matches that is found, with the right distance, singly and in a batch."""
    words = hashes.view("<u8")
    batch = index.search_many(asked, threshold)
    true, found = 0, 0
    for query, together in zip(asked, batch, strict=True):
        apart = np.bitwise_count(words ^ query.view("<u8")).sum(axis=1)
        wanted = {
            (int(i), int(apart[i])) for i in np.flatnonzero(apart <= threshold)
        }
        alone = {
            (m.id, m.distance)
            for m in index.search(query.tobytes(), threshold)
        }
        true += len(wanted)
        found += len(wanted & alone & {(m.id, m.distance) for m in together})
    return found / true if true else 1.0


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
    if bits == 256 and find_spec("threatexchange") and find_spec("faiss"):
        sides.append(_build_threatexchange(hashes))
    if find_spec("faiss"):
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
    words, threshold = hashes.view("<u8"), THRESHOLD[bits]

    def scan_all(query: Hashes) -> Any:
        return np.flatnonzero(
            np.bitwise_count(words ^ query.view("<u8")).sum(axis=1)
            <= threshold
        )

    return Side(
        "NumPy scan",
        scan_all,
        lambda asked: [scan_all(query) for query in asked],
    )


def _take_turns(
    sides: list[Side], way: str, asked: Hashes, seconds: float
) -> list[float]:
    """Searches per second of each side: the median of rounds in which each has its turn."""
    speeds: list[list[float]] = [[] for _ in sides]
    for _ in range(ROUNDS):
        for side, measured in zip(sides, speeds, strict=True):
            measured.append(
                measure_rate(_make_work(side, way, asked), seconds=seconds)
            )
    return [statistics.median(measured) for measured in speeds]


def _make_work(side: Side, way: str, asked: Hashes) -> Callable[[], int]:
    """Some searches and their number; each call goes on where the last one stopped."""
    position, step = 0, 16 if way == "single" else 256

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
