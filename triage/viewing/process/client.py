"""The way to the process: started for one picture, and gone with it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from triage.fetching.process.client import make_environment
from triage.viewing.process.question import (
    MOST_BYTES,
    Problem,
    Question,
    Shown,
)

SECONDS = 60.0
"""For its start, the fetch and the picture. What is asked for takes less; then it is killed."""
AT_ONCE = 2
"""Pictures that one web process makes at a time: each takes memory, and a thread waits for it."""
_LINE = 1_000
_places = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def taking_place() -> Iterator[bool]:
    """A place among those that are made at once, as long as the block lasts; False if none is."""
    is_taken = _places.acquire(blocking=False)
    try:
        yield is_taken
    finally:
        if is_taken:
            _places.release()


def fetch_picture(question: Question, seconds: float = SECONDS) -> Shown:
    """The picture, in memory alone. Raises nothing for what the process or the host does."""
    process = subprocess.Popen(
        [
            sys.executable,
            # Nothing of a user's own packages, and no bytecode written.
            "-s",
            "-B",
            "-m",
            "triage.viewing.process.child",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=make_environment(),
        # The working directory may hold the configuration.
        cwd="/",
        close_fds=True,
    )
    # A kill from outside: whatever hangs in there cannot be asked to stop.
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(question.to_line())
        process.stdin.flush()
        return _read_answer(process.stdout)
    except (OSError, ValueError, KeyError, TypeError):
        return Shown(problem=Problem.FAILED)
    finally:
        timer.cancel()
        # Also after an answer: it holds a picture in its memory.
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _read_answer(answers: IO[bytes]) -> Shown:
    """Of what a decoder may have taken over, no more than fits is read."""
    value = json.loads(answers.readline(_LINE))
    if value["problem"] is not None:
        return Shown(problem=Problem(value["problem"]))
    # One byte more than allowed shows that there is more.
    picture = answers.read(MOST_BYTES + 1)
    if not picture or len(picture) > MOST_BYTES:
        return Shown(problem=Problem.FAILED)
    return Shown(picture)
