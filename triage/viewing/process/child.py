"""The process itself, ``python -m triage.viewing.process.child``: one question, one picture.

It closes the same doors behind itself as the fetcher does, and ends with its one answer, so that
its memory goes back to the system with it. Standard error gets slugs and class names only.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import IO

from triage.fetching.fetch import fetch_location
from triage.fetching.pages import reading
from triage.fetching.process import sandbox
from triage.fetching.process.child import private_streams, say_class_only
from triage.fetching.process.syscalls import DECODING
from triage.fetching.report import UID_VARIABLE, FingerprintJson
from triage.fingerprints.model import Limits
from triage.viewing.process.question import (
    MOST_BYTES,
    Problem,
    Question,
    Shown,
)
from triage.viewing.process.rendering import render_file


def main() -> int:
    # A Ctrl-C is the parent's to act on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.excepthook = say_class_only
    uid = os.environ.get(UID_VARIABLE)
    close_doors = partial(
        sandbox.close_doors,
        project=Path(__file__).parents[3],
        uid=int(uid) if uid else None,
        die_with_parent=True,
    )
    # Before our own doors close: afterwards no process can be started any more.
    reading.start_reader(partial(close_doors, calls=DECODING))
    answers, notes = private_streams()
    # Everything that is opened by name is open by now.
    close_doors()
    question = Question.from_line(sys.stdin.buffer.readline())
    _write_answer(answers, _answer(question, notes))
    return 0


class _Showing:
    """Stands where the fetcher has its hasher: it is given the bytes of the one file."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self.shown = Shown(problem=Problem.NOT_THERE)

    def __call__(
        self, data: bytes, label: str | None, seconds: float
    ) -> FingerprintJson:
        if hashlib.sha256(data).hexdigest() != self._question.sha256:
            # A page may hold more files; one that fits was found already.
            if not self.shown.picture:
                self.shown = Shown(problem=Problem.CHANGED)
            return {}
        try:
            picture = render_file(
                data, label, self._question.part, Limits(seconds=seconds)
            )
        except Exception:  # a decoder may fail in any way, and its message may quote its input
            self.shown = Shown(problem=Problem.NOT_SHOWABLE)
            return {}
        self.shown = Shown(picture)
        return {}


def _answer(question: Question, notes: IO[str]) -> Shown:
    showing = _Showing(question)
    try:
        fetch_location(question.request, showing)
    except Exception as error:  # the answer must go back; its text must not
        notes.write(f"viewing: failed {type(error).__name__}\n")
        return Shown(problem=Problem.FAILED)
    # A small grey JPEG never has so many: something else came out.
    if len(showing.shown.picture) > MOST_BYTES:
        return Shown(problem=Problem.NOT_SHOWABLE)
    return showing.shown


def _write_answer(answers: IO[bytes], shown: Shown) -> None:
    line = json.dumps({"problem": shown.problem}).encode() + b"\n"
    rest = memoryview(line + shown.picture)
    # The stream is not buffered, and a pipe may take less than all of it.
    while rest:
        rest = rest[answers.write(rest) :]


if __name__ == "__main__":
    sys.exit(main())
