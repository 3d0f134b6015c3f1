"""What the processes count while they work, for ``hotline metrics``: numbers and our own names.

No label may hold anything that came from outside: a label is one of a few names that stand in this
code. Each process writes into files of its own under ``run/metrics``, as there are several of them
and each would else know its own part only; the program that serves the figures adds them up.
Without a ``metrics_port`` nothing is counted.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram

    from hotline.core.settings import Settings

_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_OUR_NAME = re.compile(r"[a-z][a-z_]{1,40}")
"""Of a line of our log; what a library says is a sentence."""
_LEVELS = frozenset({"warning", "error", "critical"})
_REQUEST_SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_JOB_SECONDS = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 120.0)
_WAIT_SECONDS = (0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0)
_OLD_SECONDS = 86_400


class Instruments(NamedTuple):
    requests: Counter
    request_seconds: Histogram
    jobs: Counter
    job_seconds: Histogram
    waits: Histogram
    fetches: Counter
    log_lines: Counter
    ticks: Counter


class _Switch:
    is_on = False


def counts_folder(settings: Settings) -> Path:
    return settings.run_dir / "metrics"


def start_counting(settings: Settings) -> None:
    """To be called once, before anything is counted, where a ``metrics_port`` is set."""
    if settings.metrics_port is None:
        return
    folder = counts_folder(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Loaded only where figures are wanted: every other process starts without
    # it.
    os.environ[_FOLDER_VARIABLE] = str(folder)
    from prometheus_client import values

    # Processes of several containers may share the folder, and have the same numbers there.
    values.ValueClass = values.MultiProcessValue(_name_of_process)  # type: ignore[no-untyped-call]
    _Switch.is_on = True


def forget_counts(settings: Settings) -> None:
    """What processes of an earlier start have counted; to be called before the first one."""
    if _Switch.is_on:
        # The reader adds up all files: those of an earlier start would be
        # counted in.
        shutil.rmtree(counts_folder(settings), ignore_errors=True)
        counts_folder(settings).mkdir(mode=0o700)


def drop_old_counts(folder: Path, now: float) -> None:
    """Of processes that ended more than a day ago; to Prometheus it looks like a new start."""
    for file in folder.glob("*.db"):
        if now - file.stat().st_mtime > _OLD_SECONDS:
            file.unlink(missing_ok=True)


def _name_of_process() -> str:
    """An underscore would end it: the library takes a file's name apart at them."""
    return f"{socket.gethostname().replace('_', '-')}-{os.getpid()}"


@cache
def make_instruments() -> Instruments:
    """All of them. Their own registry holds them: what is served is read from the files."""
    from prometheus_client import CollectorRegistry, Counter, Histogram

    registry = CollectorRegistry()

    def counter(name: str, words: str, *labels: str) -> Counter:
        return Counter(f"hotline_{name}", words, labels, registry=registry)

    def histogram(
        name: str, words: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(
            f"hotline_{name}",
            words,
            labels,
            buckets=buckets,
            registry=registry,
        )

    return Instruments(
        requests=counter(
            "http_requests", "Answers, by part.", "pages", "status"
        ),
        request_seconds=histogram(
            "http_request_seconds",
            "Until an answer was made.",
            _REQUEST_SECONDS,
            "pages",
        ),
        jobs=counter("jobs", "Jobs that workers ended.", "job", "outcome"),
        job_seconds=histogram(
            "job_seconds", "How long a job took.", _JOB_SECONDS, "job"
        ),
        waits=histogram(
            "job_wait_seconds",
            "From when a job was due until it began.",
            _WAIT_SECONDS,
            "pool",
        ),
        fetches=counter("fetches", "Locations looked at.", "outcome"),
        log_lines=counter(
            "log_lines",
            "Warnings and errors, by name.",
            "level",
            "event",
        ),
        ticks=counter("scheduler_ticks", "Rounds of the scheduler."),
    )


def count_request(pages: str, status: int, seconds: float) -> None:
    """``pages``: the name of the part that answered."""
    if _Switch.is_on:
        instruments = make_instruments()
        instruments.requests.labels(pages, f"{status // 100}xx").inc()
        instruments.request_seconds.labels(pages).observe(seconds)


def count_wait(pool: str, seconds: float) -> None:
    if _Switch.is_on:
        make_instruments().waits.labels(pool).observe(seconds)


def count_job(job: str, outcome: str, seconds: float) -> None:
    if _Switch.is_on:
        instruments = make_instruments()
        instruments.jobs.labels(job, outcome).inc()
        instruments.job_seconds.labels(job).observe(seconds)


def count_fetch(outcome: str) -> None:
    if _Switch.is_on:
        make_instruments().fetches.labels(outcome).inc()


def count_line(level: str, event: str) -> None:
    if _Switch.is_on and level in _LEVELS:
        name = event if _OUR_NAME.fullmatch(event) else "of_a_library"
        make_instruments().log_lines.labels(level, name).inc()


def count_tick() -> None:
    if _Switch.is_on:
        make_instruments().ticks.inc()
