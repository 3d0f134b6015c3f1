"""A file that is not whole is refused with its reason; a new one is picked up while in use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.core.errors import HotlineError, InvalidInput
from triage.matching import (
    DamagedIndex,
    Match,
    ReloadingIndex,
    StaleIndex,
    build_index,
    indexfile,
    load_index,
)
from triage.matching.indexfile import HEADER
from triage.matching.table import smallest_table

SMALL = smallest_table(256)
HASHES = np.random.default_rng(4).integers(
    0, 256, (SMALL + 10, 32), dtype=np.uint8
)


def write(
    path: Path,
    *,
    count: int = len(HASHES),
    shift: int = 0,
    version: str = "v1",
) -> Path:
    ids = np.arange(count) + shift
    build_index(
        path, hashes=HASHES[:count], ids=ids, bits=256, version=version
    )
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write(tmp_path_factory.mktemp("whole") / "known.index").read_bytes()


def test_what_is_built_is_what_is_loaded(tmp_path: Path) -> None:
    index = load_index(
        write(tmp_path / "a", version="lists of Tuesday ž"), verify=True
    )
    assert (len(index), index.bits, index.version) == (
        SMALL + 10,
        256,
        "lists of Tuesday ž",
    )
    assert index.search(HASHES[17].tobytes(), 31) == [Match(17, 0)]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_same_content_gives_the_same_file(tmp_path: Path) -> None:
    assert (
        write(tmp_path / "a").read_bytes()
        == write(tmp_path / "b").read_bytes()
    )


def damage(whole: bytes, kind: str) -> bytes:
    broken = bytearray(whole)
    if kind == "magic":
        broken[0] ^= 1
    elif kind == "header":
        broken[60] ^= 1
    elif kind == "bits":
        broken = bytearray(whole.replace(b'"bits": 256', b'"bits": 064'))
    elif kind == "body":
        broken[-1] ^= 1
    elif kind == "longer":
        broken += b"more"
    elif kind == "picture":
        broken = bytearray(b"\x89PNG\r\n\x1a\n" + bytes(5000))
    return bytes(broken)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("magic", "does not begin as an index does"),
        ("header", "header does not have the checksum"),
        ("bits", "header does not have the checksum"),
        ("body", "content does not have the checksum"),
        ("longer", "bytes and should have"),
        ("picture", "does not begin as an index does"),
    ],
)
def test_damage_is_named(
    tmp_path: Path, whole: bytes, kind: str, reason: str
) -> None:
    path = tmp_path / "known.index"
    path.write_bytes(damage(whole, kind))
    with pytest.raises(DamagedIndex, match=reason):
        load_index(path, verify=True)


@pytest.mark.parametrize(
    "size", [0, 1, 100, HEADER - 1, HEADER, HEADER + 5, -1, -70_000]
)
def test_a_short_file_is_refused_without_reading_it(
    tmp_path: Path, whole: bytes, size: int
) -> None:
    path = tmp_path / "known.index"
    path.write_bytes(whole[:size])
    with pytest.raises(DamagedIndex, match="bytes"):
        load_index(path)


def test_buckets_out_of_order_are_refused_without_the_full_check(
    tmp_path: Path, whole: bytes
) -> None:
    path = tmp_path / "known.index"
    count = len(HASHES)
    starts = (
        HEADER
        + count * 32
        + -(-(count + 1) * 4 // 64) * 64
        + -(-count * 8 // 64) * 64
    )
    broken = bytearray(whole)
    broken[starts + 4003] ^= 0x7F
    path.write_bytes(broken)
    with pytest.raises(DamagedIndex, match="do not follow one another"):
        load_index(path)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_flipped_bit_goes_unnoticed(
    tmp_path: Path, whole: bytes, data: st.DataObject
) -> None:
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    broken = bytearray(whole)
    broken[bit // 8] ^= 1 << (bit % 8)
    path = tmp_path / "known.index"
    path.write_bytes(broken)
    with pytest.raises(DamagedIndex):
        load_index(path, verify=True)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(junk=st.binary(max_size=9000), keep=st.integers(0, 200))
def test_foreign_bytes_never_raise_anything_else(
    tmp_path: Path, whole: bytes, junk: bytes, keep: int
) -> None:
    path = tmp_path / "known.index"
    path.write_bytes(whole[:keep] + junk)
    with pytest.raises(HotlineError):
        load_index(path)


def test_another_format_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexfile, "FORMAT", 2)
    path = write(tmp_path / "a", count=3)
    monkeypatch.undo()
    with pytest.raises(DamagedIndex, match="its format is 2"):
        load_index(path)


def test_no_file_and_another_version_are_stale(tmp_path: Path) -> None:
    with pytest.raises(StaleIndex, match="no index"):
        load_index(tmp_path / "absent")
    path = write(tmp_path / "a", version="Monday")
    with pytest.raises(StaleIndex, match="'Monday', not 'Tuesday'"):
        load_index(path, version="Tuesday")
    assert load_index(path, version="Monday").version == "Monday"
    with pytest.raises(DamagedIndex, match="cannot be read"):
        load_index(tmp_path)


def test_arrays_that_are_no_list_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for hashes, ids, bits in (
        (HASHES, np.arange(3), 256),
        (HASHES, np.arange(len(HASHES)), 64),
        (HASHES, np.arange(len(HASHES)), 128),
        (HASHES.astype(np.int64), np.arange(len(HASHES)), 256),
        (HASHES, np.arange(len(HASHES), dtype=np.float64), 256),
    ):
        with pytest.raises(InvalidInput):
            build_index(path, hashes=hashes, ids=ids, bits=bits, version="1")
    with pytest.raises(InvalidInput, match="version"):
        write(path, count=3, version="x" * 5000)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_build_leaves_the_old_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "known.index")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(indexfile.os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space"):
        write(path, shift=5)
    assert [file.name for file in tmp_path.iterdir()] == ["known.index"]
    assert load_index(path, verify=True).search(HASHES[0].tobytes(), 0) == [
        Match(0, 0)
    ]


def test_a_new_file_is_picked_up_and_the_old_one_serves_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "known.index"
    reader = ReloadingIndex(path)
    with pytest.raises(StaleIndex):
        reader.current()
    write(path)
    first = reader.current()
    assert reader.current() is first
    write(path, shift=100)
    assert reader.current().search(HASHES[1].tobytes(), 0) == [Match(101, 0)]
    assert first.search(HASHES[1].tobytes(), 0) == [Match(1, 0)]


@pytest.mark.parametrize("content", [None, b"", b"HOTLNMIH" + bytes(9000)])
def test_a_damaged_replacement_is_refused_with_its_reason(
    tmp_path: Path, content: bytes | None
) -> None:
    path = write(tmp_path / "known.index")
    reader = ReloadingIndex(path)
    good = reader.current()
    assert reader.problem == ""
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert reader.current() is good
    assert str(path) in reader.problem
    write(path, shift=1)
    assert reader.current() is not good
    assert reader.problem == ""


READER = """
import sys
from pathlib import Path
from triage.matching import ReloadingIndex
reader, query = ReloadingIndex(Path(sys.argv[1])), bytes.fromhex(sys.argv[2])
for _ in sys.stdin:
    print(reader.current().search(query, 31)[0].id, flush=True)
"""


def test_another_process_sees_the_replacement_without_a_restart(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "known.index")
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(path), HASHES[3].tobytes().hex()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for shift in (0, 50, 500):
            write(path, shift=shift)
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline().strip() == str(3 + shift)
        process.stdin.close()
        assert process.wait(timeout=30) == 0


SERVER = """
import sys
from pathlib import Path
from triage.matching import ReloadingIndex
reader, query = ReloadingIndex(Path(sys.argv[1])), bytes.fromhex(sys.argv[2])
seen, asked, last = [], 0, int(sys.argv[3])
while not seen or seen[-1] < last:
    index = reader.current()
    first, asked = index.search(query, 31)[0], asked + 1
    assert first.distance == 0 and first.id == 1000 * int(index.version) + 3, first
    if not seen or seen[-1] != int(index.version):
        seen.append(int(index.version))
        print(seen[-1], flush=True)
assert seen == sorted(seen) and asked > len(seen)
"""


def test_two_processes_search_on_while_the_file_is_swapped_under_them(
    tmp_path: Path,
) -> None:
    """Every answer is one version's whole answer; damage in between changes nothing."""
    path, last = tmp_path / "known.index", 12

    def swap(version: int) -> None:
        ids = np.arange(len(HASHES)) + 1000 * version
        build_index(
            path, hashes=HASHES, ids=ids, bits=256, version=str(version)
        )

    swap(0)
    servers = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                SERVER,
                str(path),
                HASHES[3].tobytes().hex(),
                str(last),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for server in servers:
        assert server.stdout is not None
        assert server.stdout.readline() == "0\n"
    for version in range(1, last + 1):
        if version % 4 == 0:
            broken = tmp_path / "broken"
            broken.write_bytes(path.read_bytes()[:-100])
            broken.replace(path)
        swap(version)
    for server in servers:
        out, err = server.communicate(timeout=60)
        assert (server.returncode, err) == (0, "")
        assert out.splitlines()[-1] == str(last)
