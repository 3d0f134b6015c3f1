"""The fetcher as a process of its own, ``python -m triage.fetching.process.child``.

A ``FetchRequest`` a line on standard input, a ``FetchReport`` a line on standard output, after the
word ``ready`` and the names of the doors that are closed, and before it a line for whatever is
known already (``progress``). Bytes live in this process's memory
alone; it holds no credentials and can write no file (``sandbox``). Standard error gets slugs and
class names only: the message of an exception could quote what was being read.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO

from triage.fetching import progress
from triage.fetching.fetch import fetch_location
from triage.fetching.medium import Hasher
from triage.fetching.pages import reading
from triage.fetching.process import sandbox
from triage.fetching.process.syscalls import DECODING
from triage.fetching.report import (
    DEATH_VARIABLE,
    LEAVING,
    READY,
    UID_VARIABLE,
    FetchReport,
    FetchRequest,
    FingerprintJson,
    MediaFound,
    report_failure,
)

_OVERRUN = 1.5
_OVERRUN_SECONDS = 2.0
"""What a decoder may take beyond its time before the kernel ends this process: most look at their
clock between two frames, and some never do."""


def main() -> int:
    # A Ctrl-C is the parent's to act on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.excepthook = say_class_only
    hasher = _load_hasher()
    uid = os.environ.get(UID_VARIABLE)
    close_doors = partial(
        sandbox.close_doors,
        project=Path(__file__).parents[3],
        uid=int(uid) if uid else None,
    )
    # Before our own doors close: afterwards no process can be started any more.
    reading.start_reader(
        partial(close_doors, die_with_parent=True, calls=DECODING)
    )
    answers, notes = private_streams()
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    die_with_parent = os.environ.get(DEATH_VARIABLE) == "1"
    given = close_doors(die_with_parent=die_with_parent)
    names = " ".join(given)
    answers.write(READY + b" " + names.encode() + b"\n")
    sender = _Sender(answers)
    for line in sys.stdin.buffer:
        report = _answer_request(line, hasher, sender, notes)
        # The reader cannot be replaced from in here, so we end with it and the client starts anew.
        is_leaving = reading.is_worn_out()
        sender.send_line({**report.to_json(), LEAVING: is_leaving})
        if is_leaving:
            break
    return 0


class _Sender:
    """A ``progress.Listener`` that sends on what it hears."""

    def __init__(self, answers: IO[bytes]) -> None:
        self._answers = answers

    def announce(self, report: FetchReport) -> None:
        self.send_line(progress.say_announced(report))

    def begin(self, index: int) -> None:
        self.send_line(progress.say_begun(index))

    def find(self, index: int, medium: MediaFound) -> None:
        self.send_line(progress.say_found(index, medium))

    def send_line(self, value: progress.Line) -> None:
        written = json.dumps(value, separators=(",", ":"))
        rest = memoryview(written.encode() + b"\n")
        # The stream is not buffered, and a pipe may take less than a long line.
        while rest:
            rest = rest[self._answers.write(rest) :]


def _load_hasher() -> Hasher:
    """The decoders are loaded here, once, before the doors close."""
    from triage.fingerprints.media import fingerprint_media
    from triage.fingerprints.model import Limits

    def hash_media(
        data: bytes, label: str | None, seconds: float
    ) -> FingerprintJson:
        # In the processor's time, as the budget counts it: on a busy machine a
        # decoder is not ended sooner than on an idle one.
        limits = Limits(seconds=seconds)
        # The kernel's own answer to the timer: Python's would wait for the end of a call into C.
        signal.setitimer(
            signal.ITIMER_PROF, seconds * _OVERRUN + _OVERRUN_SECONDS
        )
        try:
            fingerprint = fingerprint_media(
                data, declared_type=label, limits=limits
            )
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        return fingerprint.to_json()

    return hash_media


def _answer_request(
    line: bytes, hasher: Hasher, sender: _Sender, notes: IO[str]
) -> FetchReport:
    request = FetchRequest.from_json(json.loads(line))
    try:
        return fetch_location(request, hasher, sender)
    except MemoryError:
        return report_failure(request, "out_of_memory")
    except Exception as error:  # the report must go back; its text must not
        name = type(error).__name__
        notes.write(f"fetcher: fetcher_failed {name}\n")
        return report_failure(request, "fetcher_failed")


def private_streams() -> tuple[IO[bytes], IO[str]]:
    """Keep stdout and stderr for ourselves: what a decoder in C prints goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    notes = os.fdopen(
        os.dup(2), "w", buffering=1, encoding="ascii", errors="replace"
    )
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return answers, notes


def _leave_with_parent() -> None:
    """Exit when the parent closes its end, also in the middle of a fetch.

    The kernel's parent-death signal follows the *thread* that started us, so it is set only for a
    main thread; this holds for all of them.
    """
    watcher = select.poll()
    watcher.register(0, 0)  # POLLHUP and POLLERR are always reported
    watcher.poll()
    # Not sys.exit: that would only end this thread.
    os._exit(0)


def say_class_only(
    kind: type[BaseException],
    _error: BaseException,
    _trace: TracebackType | None,
) -> None:
    sys.stderr.write(f"fetcher: stopped {kind.__name__}\n")


if __name__ == "__main__":
    sys.exit(main())
