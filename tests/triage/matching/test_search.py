"""Recall is 1.0, always: whatever brute force over Python's integers finds, the index finds."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.core.errors import InvalidInput
from triage.matching import HashIndex, Match, warm_up
from triage.matching.index import DamagedIndex
from triage.matching.plan import plan_lookups
from triage.matching.scan import compare_all, count_differing_bits
from triage.matching.table import build_in_memory, smallest_table

Build = Callable[..., HashIndex]
SMALL = smallest_table(256)
LARGE = SMALL + 500
WORDS = {64: 4, 256: 16}


def flipped(value: bytes, bits: list[int]) -> bytes:
    changed = int.from_bytes(value, "little")
    for bit in bits:
        changed ^= 1 << bit
    return changed.to_bytes(len(value), "little")


def noise(count: int, bits: int, seed: int = 0) -> list[bytes]:
    block = np.random.default_rng(seed).integers(
        0, 256, (count, bits // 8), dtype=np.uint8
    )
    return [row.tobytes() for row in block]


def array(values: list[bytes], bits: int = 256) -> np.ndarray:
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, bits // 8)


def expected(query: bytes, values: list[bytes], threshold: int) -> list[Match]:
    wanted = int.from_bytes(query, "big")
    apart = [
        (wanted ^ int.from_bytes(value, "big")).bit_count() for value in values
    ]
    return [
        Match(i, d)
        for d, i in sorted(
            (d, i) for i, d in enumerate(apart) if d <= threshold
        )
    ]


def spread(rng: random.Random, per_word: list[int]) -> list[int]:
    """Bit numbers: so many different ones in each 16-bit word."""
    return [
        16 * w + bit
        for w, n in enumerate(per_word)
        for bit in rng.sample(range(16), n)
    ]


def worst_spreads(bits: int, total: int) -> list[list[int]]:
    """How ``total`` flips may be laid over the words: as evenly as can be from each word on, as
    evenly over the pairs but all in one word of each, and heaped up in as few words as can be."""
    words = WORDS[bits]
    spreads = []
    for start in range(words):
        even = [
            total // words + ((w - start) % words < total % words)
            for w in range(words)
        ]
        spreads.append(even)
        pairs = words // 2
        one_sided = [0] * words
        for p in range(pairs):
            share = total // pairs + ((p - start) % pairs < total % pairs)
            one_sided[2 * p + start % 2] = min(16, share)
        spreads.append(one_sided)
        heaped, left = [0] * words, total
        for w in range(words):
            heaped[(start + w) % words] = min(16, left)
            left -= heaped[(start + w) % words]
        spreads.append(heaped)
    return spreads


@pytest.fixture(scope="module", params=[64, 256])
def known(
    request: pytest.FixtureRequest, build: Build
) -> tuple[HashIndex, list[bytes], int]:
    values = noise(smallest_table(request.param) + 100, request.param)
    return build(values, bits=request.param), values, request.param


@pytest.mark.parametrize(
    "total", [0, 1, 2, 3, 7, 8, 9, 10, 15, 16, 23, 24, 30, 31, 32, 33]
)
def test_the_worst_spreads_are_found_up_to_the_threshold_and_not_beyond(
    known: tuple[HashIndex, list[bytes], int], total: int
) -> None:
    index, values, bits = known
    rng = random.Random(total)
    for threshold in {64: (8, 10), 256: (23, 31)}[bits]:
        spreads = worst_spreads(bits, total)
        wanted = [rng.randrange(len(values)) for _ in spreads]
        queries = [
            flipped(values[i], spread(rng, s))
            for i, s in zip(wanted, spreads, strict=True)
        ]
        found = index.search_many(array(queries, bits), threshold)
        for member, query, matches in zip(wanted, queries, found, strict=True):
            assert (Match(member, total) in matches) == (total <= threshold)
            assert matches == expected(query, values, threshold)


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_agrees_with_brute_force(
    known: tuple[HashIndex, list[bytes], int], data: st.DataObject
) -> None:
    index, values, bits = known
    member = data.draw(st.sampled_from(values))
    flips = data.draw(st.lists(st.integers(0, bits - 1), max_size=40))
    threshold = data.draw(st.integers(0, {64: 12, 256: 40}[bits]))
    query = flipped(member, flips)
    assert index.search(query, threshold) == expected(query, values, threshold)


@pytest.mark.parametrize("bits", [64, 256])
def test_the_plan_covers_every_spread(bits: int) -> None:
    """The budgets plus one each exceed the threshold, and so do the radii within each budget."""
    for threshold in range({64: 11, 256: 48}[bits]):
        lookups = plan_lookups(bits, threshold)
        assert lookups is not None
        budgets = lookups.tables[::2, 3]
        assert (budgets + 1).sum() == threshold + 1
        for (_, _, left, budget), (_, _, right, same) in zip(
            lookups.tables[::2], lookups.tables[1::2], strict=True
        ):
            assert budget == same
            assert left + right + 2 > budget
        radius = lookups.tables[lookups.word, 2]
        assert (np.bitwise_count(lookups.flip) <= radius).all()
        assert len(np.unique(lookups.word * 65536 + lookups.flip)) == len(
            lookups.word
        )
    assert plan_lookups(bits, 200) is None


@pytest.mark.parametrize("threshold", [31, 47, 48, 100, 255, 256])
def test_wide_thresholds_are_exact_too(
    known: tuple[HashIndex, list[bytes], int], threshold: int
) -> None:
    index, values, bits = known
    found = index.search(values[3], threshold)
    assert found == expected(values[3], values, threshold)
    if threshold >= bits:
        assert len(found) == len(values)


def test_the_opposite_of_a_hash_is_all_its_bits_away(
    known: tuple[HashIndex, list[bytes], int],
) -> None:
    """256 differing bits do not fit a byte: a count that wraps around is a perfect match."""
    index, values, bits = known
    opposite = flipped(values[0], list(range(bits)))
    assert Match(0, bits) in index.search(opposite, bits)
    assert Match(0, bits) not in index.search(opposite, bits - 1)
    assert (
        count_differing_bits(
            np.full((3, bits // 64), 2**64 - 1, np.uint64)
        ).tolist()
        == [bits] * 3
    )


@pytest.mark.parametrize("count", [0, 1, 2, SMALL - 1, SMALL, SMALL + 1])
def test_lists_of_every_size(build: Build, count: int) -> None:
    values = noise(count, 256, seed=5)
    index = build(values)
    assert len(index) == count
    for member in {0, count // 2, count - 1} & set(range(count)):
        query = flipped(values[member], list(range(0, 248, 8)))
        assert index.search(query, 31) == [Match(member, 31)]
        assert index.search(query, 30) == []
    assert (
        index.search_many(array(values[:3]), 0)
        == [[Match(i, 0)] for i in range(count)][:3]
    )
    assert index.search_many(np.empty((0, 32), np.uint8), 31) == []


def test_entries_that_share_a_hash_are_all_told(build: Build) -> None:
    values = noise(LARGE, 256)
    index = build(
        [*values, values[9], values[9]], [*range(LARGE), 70_000, 60_000]
    )
    wanted = [Match(9, 1), Match(60_000, 1), Match(70_000, 1)]
    assert index.search(flipped(values[9], [77]), 31) == wanted
    assert index.search_many(array([flipped(values[9], [77])] * 2), 31) == [
        wanted,
        wanted,
    ]


def test_matches_come_nearest_first_and_then_by_id(build: Build) -> None:
    centre = bytes(32)
    values = [flipped(centre, list(range(n))) for n in (5, 2, 5, 0)]
    assert build(values, [4, 3, 2, 1]).search(centre, 31) == [
        Match(1, 0),
        Match(3, 2),
        Match(2, 5),
        Match(4, 5),
    ]


def near_identical(clusters: int, size: int, bits: int) -> list[bytes]:
    rng = random.Random(8)
    return [
        flipped(centre, [rng.randrange(bits) for _ in range(rng.randrange(9))])
        for centre in noise(clusters, bits, seed=3)
        for _ in range(size)
    ]


@pytest.mark.parametrize("bits", [64, 256])
@pytest.mark.parametrize(("clusters", "size"), [(2, 20_000), (200, 200)])
def test_lists_of_near_identical_hashes(
    build: Build, clusters: int, size: int, bits: int
) -> None:
    values = [*noise(2000, bits), *near_identical(clusters, size, bits)]
    index, threshold = build(values, bits=bits), {64: 8, 256: 31}[bits]
    rng = random.Random(1)
    queries = [values[0], values[2000], values[-1]]
    queries += [
        flipped(values[3000], rng.sample(range(bits), n))
        for n in (6, 20, 33, 45)
    ]
    found = index.search_many(array(queries, bits), threshold)
    assert found == [expected(query, values, threshold) for query in queries]
    assert [index.search(query, threshold) for query in queries] == found


def test_many_queries_are_answered_in_their_order(build: Build) -> None:
    values = noise(LARGE, 256)
    index = build(values)
    order = np.random.default_rng(2).integers(0, LARGE, 1500)
    queries = array([values[i] for i in order])
    wanted = [[Match(int(i), 0)] for i in order]
    assert index.search_many(queries, 31) == wanted
    assert index.search_many(queries, 31, threads=3) == wanted


@pytest.mark.parametrize("extra", [3, LARGE])
def test_additions_are_searched_beside_and_deletions_masked(
    build: Build, extra: int
) -> None:
    values, more = noise(LARGE, 256), noise(extra, 256, seed=9)
    index = build(values)
    numbers = np.arange(100_000, 100_000 + extra)
    changed = index.with_changes(
        array(more), numbers, np.array([7, 5, 424_242])
    )
    assert len(changed) == LARGE + extra - 2
    assert changed.search(values[5], 31) == []
    assert changed.search_many(array([values[5]]), 31) == [[]]
    assert changed.search(values[6], 31) == [Match(6, 0)]
    assert changed.search(flipped(more[2], [1, 2]), 31) == [Match(100_002, 2)]
    assert changed.search_many(array([values[7], more[0]]), 31) == [
        [],
        [Match(100_000, 0)],
    ]
    assert index.search(values[5], 31) == [Match(5, 0)]
    again = changed.with_changes(
        array([values[5]]), np.array([5]), np.array([5])
    )
    assert again.search(values[5], 31) == [Match(5, 0)]
    assert again.search(more[2], 31) == []
    assert again.search(values[7], 31) == [Match(7, 0)]


def test_an_empty_index_takes_additions(build: Build) -> None:
    index = build([]).with_changes(
        array(noise(2, 256)), np.array([8, 9]), np.array([], np.int64)
    )
    assert index.search(noise(2, 256)[1], 0) == [Match(9, 0)]


def test_ids_may_use_all_64_bits() -> None:
    ids = np.array([2**64 - 1, 2**63], dtype=np.uint64)
    index = HashIndex(
        build_in_memory(array(noise(2, 256)), ids, 256), version="1"
    )
    assert index.search(noise(2, 256)[0], 3) == [Match(2**64 - 1, 0)]


def test_every_hash_compared_gives_the_same() -> None:
    table = build_in_memory(array(noise(20_000, 256)), np.arange(20_000), 256)
    query = table.hashes[19_999:].copy()
    query[0, 3] ^= np.uint64(0xFF)
    found = compare_all(table, query, 0, 8)
    assert (found.position.tolist(), found.distance.tolist()) == (
        [19_999],
        [8],
    )


def test_queries_of_the_wrong_shape_are_refused(build: Build) -> None:
    index = build(noise(3, 256))
    with pytest.raises(InvalidInput, match="32 bytes, not 8"):
        index.search(bytes(8), 31)
    with pytest.raises(InvalidInput, match="32 columns"):
        index.search_many(np.zeros((2, 8), np.uint8), 31)
    with pytest.raises(InvalidInput, match="uint8"):
        index.search_many(np.zeros((2, 32), np.float64), 31)
    with pytest.raises(InvalidInput, match="threshold"):
        index.search(bytes(32), -1)
    with pytest.raises(InvalidInput, match="mask"):
        index.with_changes(
            np.empty((0, 32), np.uint8), np.empty(0, np.int64), np.array([0.5])
        )


def test_a_position_that_leads_nowhere_is_damage_and_not_a_miss(
    engine: str,
) -> None:
    values = array(noise(LARGE, 256))
    table = build_in_memory(values, np.arange(LARGE), 256)
    table.positions.base.flags.writeable = True
    broken = table.positions.copy()
    broken[:] = 2**32 - 1
    fields = {name: getattr(table, name) for name in table.__slots__} | {
        "positions": broken
    }
    index = HashIndex(type(table)(**fields), version="1", engine=engine)
    with pytest.raises(DamagedIndex, match="contradicts itself"):
        index.search(values[0].tobytes(), 31)


def test_warming_says_which_engine_serves() -> None:
    assert warm_up() in {"numpy", "numba"}
