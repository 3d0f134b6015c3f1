"""The way to the fetching process: one child, watched by the clock, replaced when it fails.

What it found is kept as it comes, medium by medium: a child that dies over one picture loses that
picture alone, and a second child looks at those that were not reached.

The child starts from a small environment of its own, so that no credential of this process can be
read in it, and is recycled now and then so that memory goes back to the system.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog

from hotline.core.language import counting
from hotline.core.tracing import Attribute, Kind, tracing
from triage.fetching.progress import PART, Gathered, fill_gaps
from triage.fetching.report import (
    DEATH_VARIABLE,
    LEAVING,
    PROTECTIONS,
    READY,
    UID_VARIABLE,
    FetchReport,
    FetchRequest,
    MediumError,
    report_failure,
)

START_SECONDS = 60.0
"""For imports on a busy machine; a fetch's own deadline begins after it."""

_AHEAD = 5
"""Fetches before its end at which a child's successor is started."""

_MOST_SUCCESSORS = 3
"""Children that may go on with one location: so many media may each end a decoder."""
_EXIT_SECONDS = 1.0
"""A child whose pipe is closed is all but gone."""

_MAX_REPORT = 64 << 20
_CHUNK = 1 << 20
log = structlog.get_logger(__name__)
_MOST_WORDS = 20
_PROJECT = Path(__file__).parents[3]


class Fetcher:
    """Fetches one location at a time; safe to share between threads and to carry over a fork.

    ``deadline_margin``: seconds beyond a request's own limit after which the child is killed.
    ``recycle_after``: fetches after which it is replaced. Its successor is started a few fetches
    earlier, since the imports of a decoder take longer than most fetches.
    """

    def __init__(
        self, *, deadline_margin: float = 5.0, recycle_after: int = 50
    ) -> None:
        self._margin, self._recycle_after = deadline_margin, recycle_after
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._successor: _Child | None = None
        self._closed = False

    def start_child(self) -> None:
        """Start the child now; whoever fetches first does not wait for all of its imports."""
        with self._lock:
            if self._child is None and not self._closed:
                self._child = _Child()

    def fetch(self, request: FetchRequest) -> FetchReport:
        """The report. Where the child fails: of what was found by then, and ``failed`` with
        fetcher_crashed, timeout or cancelled where that is nothing."""
        with self._lock:
            if self._closed:
                return report_failure(request, "cancelled")
            started = time.monotonic()
            with tracing(Kind.FETCH, {}) as span:
                report = self._look_through(request, started)
                span.note(Attribute.OUTCOME, report.outcome)
            counting.count_fetch(report.outcome)
            return report

    def _look_through(
        self, request: FetchRequest, started: float
    ) -> FetchReport:
        """What one child after the other says of it, where one dies on the way."""
        until = started + request.limits.wall_seconds + self._margin
        answer = self._ask_child(request, until)
        report = answer.report
        for _ in range(_MOST_SUCCESSORS):
            if not answer.may_go_on or report is None or self._closed:
                break
            answer = self._ask_child(_ask_for_rest(request, report), until)
            if answer.report is not None:
                report = fill_gaps(report, answer.report)
        if report is not None:
            return report
        return report_failure(
            request,
            "cancelled" if self._closed else answer.error,
            seconds=round(time.monotonic() - started, 3),
        )

    def find_protections(self) -> frozenset[str] | None:
        """Which doors the child closed behind itself, by name; None where it did not start."""
        with self._lock:
            child = self._ready_child()
            return None if child is None else child.given

    def _ask_child(self, request: FetchRequest, until: float) -> _Answer:
        """What the child says by ``until``, and what is known where it says nothing more."""
        written = json.dumps(request.to_json(), separators=(",", ":"))
        question = written.encode() + b"\n"
        child = self._ready_child()
        if child is None:
            return _Answer(None, "fetcher_crashed")
        first = request.limits.total_seconds + self._margin
        try:
            answer = child.ask_for_report(question, first, until)
        except BaseException:
            # Its answer, when it comes, would be taken for the next question's.
            self._child = None
            child.stop()
            raise
        is_old = child.served >= self._recycle_after
        # After a failure nobody knows what its memory still holds.
        if answer.error or answer.is_leaving or is_old:
            self._child = self._successor
            self._successor = None
            child.stop()
        elif child.served == self._recycle_after - _AHEAD:
            self._successor = _Child()
        return answer

    def _ready_child(self) -> _Child | None:
        child = self._child
        if child is not None and not child.is_usable:
            child.stop()
            child = None
        if child is None:
            child = self._successor
            self._successor = None
        if child is None or not child.is_usable:
            child = _Child()
        self._child = child
        if not child.await_ready():
            child.stop()
            self._child = child = None
        return child

    def close(self) -> None:
        """End the child; a fetch under way in another thread returns ``cancelled``."""
        # Without the lock: a fetch under way holds it until its child answers,
        # and this is what ends that child.
        self._closed = True
        children = self._child, self._successor
        self._child = self._successor = None
        for child in children:
            if child is not None:
                child.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class _Answer:
    """``report``: also of a child that failed, if it had begun to tell. ``error``: how it failed.
    ``may_go_on``: it died over one medium, so that another child may look at the rest."""

    report: FetchReport | None
    error: str = ""
    is_leaving: bool = False
    may_go_on: bool = False


def _ask_for_rest(request: FetchRequest, report: FetchReport) -> FetchRequest:
    """The same location once more, without the media that were looked at."""
    finished = [medium.url for medium in report.media if not medium.is_open]
    return replace(request, skip=(*request.skip, *finished))


def _read_report(value: dict[str, Any]) -> _Answer:
    is_leaving = bool(value.pop(LEAVING, False))
    return _Answer(FetchReport.from_json(value), is_leaving=is_leaving)


@cache
def _tell_once(given: frozenset[str]) -> None:
    """What the kernel gave, for whoever runs the service: by name, once a process."""
    missing = sorted(set(PROTECTIONS) - given)
    tell = log.warning if missing else log.info
    tell("fetcher_protected", given=sorted(given), missing=missing)


class _Child:
    """One running process and the two pipes to it."""

    def __init__(self) -> None:
        self.served = 0
        self.given: frozenset[str] = frozenset()
        self._is_ready = False
        self._owner = os.getpid()
        self._buffer = bytearray()
        self._process = subprocess.Popen(
            [
                sys.executable,
                # Nothing of a user's own packages, and no bytecode written.
                "-s",
                "-B",
                "-m",
                "triage.fetching.process.child",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=make_environment(),
            # The working directory may hold the configuration.
            cwd="/",
            close_fds=True,
            bufsize=0,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_usable(self) -> bool:
        """Alive, and ours: a fork of this process must not talk into its parent's pipes."""
        is_ours = self._owner == os.getpid()
        return is_ours and self._process.poll() is None

    def await_ready(self) -> bool:
        """Whether it has closed its doors; waits for that once."""
        if not self._is_ready:
            line, _ = self._read_line(START_SECONDS)
            words = (line or b"").split()
            self._is_ready = words[:1] == [READY]
            given = words[1:_MOST_WORDS]
            self.given = frozenset(
                name.decode("ascii", "replace") for name in given
            )
            if self._is_ready:
                _tell_once(self.given)
        return self._is_ready

    def ask_for_report(
        self, question: bytes, first: float, until: float
    ) -> _Answer:
        """``first``: seconds in which it must have said something; ``until``: when it must have
        said all, by the monotonic clock."""
        self.served += 1
        gathered = Gathered()
        try:
            self._process.stdin.write(question)  # type: ignore[union-attr]
        except (BrokenPipeError, ValueError):
            return _Answer(None, "fetcher_crashed")
        patience = min(first, until - time.monotonic())
        while True:
            line, error = self._read_line(patience)
            if line is None:
                return self._give_up(gathered, error)
            try:
                value = json.loads(line)
                if PART not in value:
                    return _read_report(value)
                gathered.take_line(value)
            # What a child says is not trusted to have any form.
            except (
                ValueError,
                TypeError,
                KeyError,
                AttributeError,
                RecursionError,
            ):
                return self._give_up(gathered, "fetcher_crashed")
            patience = until - time.monotonic()

    def _give_up(self, gathered: Gathered, error: str) -> _Answer:
        """The report of what was found. The kernel's timer ends a child whose decoder overruns."""
        medium_error = MediumError.DECODER_CRASHED
        if error == "timeout" or self._was_ended_by_timer():
            medium_error = MediumError.OUT_OF_TIME
        report = gathered.make_report(error=error, medium_error=medium_error)
        has_rest = report is not None and any(
            medium.is_open for medium in report.media
        )
        died_over_medium = error != "timeout" and gathered.begun is not None
        return _Answer(report, error, may_go_on=has_rest and died_over_medium)

    def _was_ended_by_timer(self) -> bool:
        try:
            code = self._process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return code == -signal.SIGPROF

    def _read_line(self, seconds: float) -> tuple[bytes | None, str]:
        out = self._process.stdout
        assert out is not None
        until = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            left = until - time.monotonic()
            if left <= 0:
                return None, "timeout"
            try:
                ready, _, _ = select.select([out], [], [], left)
                chunk = os.read(out.fileno(), _CHUNK) if ready else None
            except (OSError, ValueError):
                # Closed by close() in another thread.
                return None, "fetcher_crashed"
            is_at_end = chunk == b""
            # A child is not trusted to stop: what it reads may have taken it
            # over.
            if is_at_end or len(self._buffer) > _MAX_REPORT:
                return None, "fetcher_crashed"
            self._buffer += chunk or b""
        received = bytes(self._buffer)
        line, _, rest = received.partition(b"\n")
        self._buffer = bytearray(rest)
        return line, ""

    def stop(self) -> None:
        """Kill it and take its exit status. In a fork only our copies of the pipes are closed."""
        if self._owner == os.getpid():
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def make_environment() -> dict[str, str]:
    """All that the child knows of its surroundings."""
    kept = {}
    if UID_VARIABLE in os.environ:
        kept[UID_VARIABLE] = os.environ[UID_VARIABLE]
    in_main_thread = threading.current_thread() is threading.main_thread()
    return {
        **kept,
        # The signal of a parent's death follows the thread that started the child.
        DEATH_VARIABLE: "1" if in_main_thread else "0",
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(_PROJECT),
        "LANG": "C.UTF-8",
        "HOME": "/nonexistent",
        "TMPDIR": "/nonexistent",
        # Media come one by one, and idle thread pools only cost address space.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
