"""A process for one kind of work on bytes, which may be hard to end: it has a clock of its own.

It is forked before the doors close, since behind them no process can be made and none be killed. So
it ends itself: the kernel's timer does it, which needs nobody's help. It holds nothing but two
pipes, and closes its doors further than the process that asks it: it has no network at all.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import struct
import time
from collections.abc import Callable

_MEMORY = 2 << 30
_CHUNK = 1 << 20
_MOST_BYTES = 64 << 20
_GRACE_SECONDS = 1.0
_HEADER = struct.Struct("=dQ")
"""Seconds for the work, and bytes that follow; an answer's seconds say nothing."""

Work = Callable[[bytes], bytes]


class Helper:
    """Does ``work`` in a process of its own. ``close_doors`` is called there, first of all."""

    def __init__(
        self, work: Work, close_doors: Callable[[], object] = lambda: None
    ) -> None:
        questions, self._questions = os.pipe()
        self._answers, answers = os.pipe()
        self._owner = os.getpid()
        self.is_alive = True
        self._process = os.fork()
        if self._process == 0:
            _answer_questions(work, close_doors, questions, answers)
        os.close(questions)
        os.close(answers)

    @property
    def is_usable(self) -> bool:
        """Alive, and ours: a fork of this process must not talk into its parent's pipes."""
        return self.is_alive and self._owner == os.getpid()

    def ask_for_answer(self, question: bytes, seconds: float) -> bytes | None:
        """What the work returns; None where it failed, died or took too long, and it is over."""
        if not self.is_usable:
            return None
        try:
            _send_message(self._questions, question, seconds)
            answer = _receive_answer(
                self._answers, time.monotonic() + seconds + _GRACE_SECONDS
            )
        except OSError:
            answer = None
        if answer is None:
            self.close()
        return answer

    def close(self) -> None:
        """It ends when its pipe does, or by its own clock; nobody has to wait for that."""
        if not self.is_alive:
            return
        self.is_alive = False
        os.close(self._questions)
        os.close(self._answers)
        if self._owner == os.getpid():
            os.waitpid(self._process, os.WNOHANG)


def _answer_questions(
    work: Work, close_doors: Callable[[], object], questions: int, answers: int
) -> None:
    """In the helper. Whatever goes wrong ends it without a word: a message could quote content."""
    try:
        _hold_only(questions, answers)
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = _MEMORY
        if hard != resource.RLIM_INFINITY:
            most = min(_MEMORY, hard)
        # The kernel's own answer to the timer: Python's would wait for the end of a call into C.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        close_doors()
        while True:
            header = _read_exactly(questions, _HEADER.size)
            seconds, length = _HEADER.unpack(header)
            question = _read_exactly(questions, length)
            # Zero would switch the timer off.
            signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
            answer = work(question)
            signal.setitimer(signal.ITIMER_REAL, 0)
            _send_message(answers, answer, 0)
    except BaseException:  # noqa: S110  its text must not be shown
        pass
    finally:
        # No clean-up of the process that was forked: it would close that one's connections.
        os._exit(0)


def _hold_only(*kept: int) -> None:
    """Nothing that the process that forked had open."""
    # A decoder that prints must not print into the answers.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = descriptor + 1
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.closerange(low, most)


def _send_message(target: int, data: bytes, seconds: float) -> None:
    header = _HEADER.pack(seconds, len(data))
    rest = memoryview(header + data)
    while rest:
        written = os.write(target, rest)
        rest = rest[written:]


def _read_exactly(source: int, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        missing = length - len(received)
        most = min(_CHUNK, missing)
        chunk = os.read(source, most)
        if not chunk:
            raise EOFError
        received += chunk
    return bytes(received)


def _receive_answer(source: int, until: float) -> bytes | None:
    """One answer, or None where it does not come in time, breaks off or is too long."""
    received = bytearray()
    wanted = _HEADER.size
    while len(received) < wanted:
        chunk = _read_chunk(source, until)
        if not chunk:
            return None
        received += chunk
        is_header_new = wanted == _HEADER.size
        if is_header_new and len(received) >= wanted:
            _, length = _HEADER.unpack_from(received)
            wanted += length
            if wanted > _MOST_BYTES:
                return None
    return bytes(received[_HEADER.size :])


def _read_chunk(source: int, until: float) -> bytes:
    """What there is to read; nothing at the end of the pipe and after ``until``."""
    left = until - time.monotonic()
    if left <= 0:
        return b""
    ready, _, _ = select.select([source], [], [], left)
    if not ready:
        return b""
    return os.read(source, _CHUNK)
