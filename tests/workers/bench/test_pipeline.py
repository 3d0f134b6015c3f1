"""The whole service measured, small; and what is left of it when the bench is killed: nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from hotline.core.errors import Unavailable
from triage.fingerprints.media import fingerprint_media
from triage.hashlists import formats
from workers.bench import pipeline
from workers.bench.results import find_percentile
from workers.bench.serving import pictures
from workers.bench.serving.service import Job


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder of one's own whose path leaves room for a socket's."""
    with tempfile.TemporaryDirectory(prefix="hb-") as folder:
        yield Path(folder)


def test_a_killed_bench_leaves_nothing_behind(short_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(short_path)}
    command = [
        sys.executable,
        "-m",
        "workers",
        "bench",
        "pipeline",
        "--size",
        "10",
        "--reports",
        "500",
        "--workers",
        "1",
    ]
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE
    ) as bench:
        assert bench.stderr is not None
        said = b""
        for line in bench.stderr:
            said += line
            if line.startswith(b"Waiting for the index"):  # everything is up
                break
        else:
            raise AssertionError(said)
        tree = psutil.Process(bench.pid).children(recursive=True)
        titles = " ".join(" ".join(each.cmdline()) for each in tree)
        assert all(role in titles for role in ("web", "worker", "scheduler"))
        assert list(short_path.glob("hotline-bench-*"))
        bench.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(tree, timeout=60)
    assert alive == []
    assert list(short_path.glob("hotline-bench-*")) == []


def test_what_it_tells(
    short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "PAUSE_SECONDS", 0.05)
    monkeypatch.setenv("TMPDIR", str(short_path))
    monkeypatch.setattr("tempfile.tempdir", str(short_path))
    ticks: list[str] = []
    told = pipeline.measure_pipeline(
        size=20, reports=3, many=6, workers=1, tick=ticks.append
    ).to_json()
    idle, busy = told["rows"]
    assert (
        idle["reports"] == 3
        and 0 < idle["p50"] <= idle["ours"] <= idle["max"] < 60
    )
    assert (
        busy["reports"] == 6
        and busy["ours"] > 0
        and busy["accepted_per_second"] > 0
    )
    for name in (
        "queueing",
        "identity",
        "hosting",
        "fetch",
        "hash",
        "match",
        "store",
    ):
        assert idle[f"{name}_ms"] >= 0 and busy[f"{name}_ms"] >= 0
    assert (
        idle["store_ms"] > 0
        and told["index_size"] == 20
        and told["ready_seconds"] > 0
    )
    assert "Starting the service …" in ticks
    assert list(short_path.iterdir()) == []


def test_a_service_that_cannot_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    begun = time.monotonic()
    with (
        pytest.raises(Unavailable, match=r"did not start.*no such file"),
        pipeline.open_house(
            {"CONFIG": str(tmp_path / "missing.toml")}
        ) as home,
    ):
        home.start_service()
    assert time.monotonic() - begun < pipeline.PATIENCE_SECONDS
    assert list(tmp_path.iterdir()) == []


def test_every_copy_has_bytes_of_its_own_and_is_still_the_picture() -> None:
    made = pictures.make_variants()
    copies = [pictures.copy_of(made[0], number) for number in range(3)]
    seen = [fingerprint_media(copy) for copy in copies]
    assert len({one.sha256 for one in seen}) == 3
    assert len({one.pdq for one in seen}) == 1
    listed = {
        e.value
        for e in formats.parse_entries("csv", pictures.known_list())
        if e[0] == "pdq"
    }
    assert len(listed) == len(pictures.NAMES)
    for data in made:
        pdq = int(fingerprint_media(data).pdq or "", 16)
        distances = [(pdq ^ int(known, 16)).bit_count() for known in listed]
        assert 0 < min(distances) <= 31 < sorted(distances)[1]


def test_percentiles_are_of_the_nearest_rank() -> None:
    assert find_percentile([float(n) for n in range(1, 101)], 95) == 95
    assert find_percentile([3.0, 1.0], 95) == 3.0
    assert find_percentile([1.0], 95) == 1.0


def test_where_the_time_went() -> None:
    jobs = [
        {
            "job": "report.received",
            "waited": 0.1,
            "seconds": 0.02,
            "steps": {},
        },
        {
            "job": "item.examine",
            "waited": 0.3,
            "seconds": 1.0,
            "steps": {
                "fetch": 0.5,
                "hash": 0.1,
                "hosting": 0.2,
                "match": 0.05,
                "store": 0.15,
            },
        },
        {"job": "hashlist.index", "waited": 9.0, "seconds": 9.0, "steps": {}},
    ]
    done = [Job.from_json(job) for job in jobs]
    assert pipeline.break_down_jobs(done) == {
        "queueing": 400.0,
        "identity": 20.0,
        "hosting": 200.0,
        "fetch": 500.0,
        "hash": 100.0,
        "match": 50.0,
        "store": 100.0,
    }
    assert pipeline.break_down_jobs([]) == {}
