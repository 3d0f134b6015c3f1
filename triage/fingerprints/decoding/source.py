"""A file in memory as decoders read it, and the time that they may take."""

from __future__ import annotations

import io
import time

from triage.fingerprints.model import Limits


class RefusedError(Exception):
    """A file that is not decoded (further). ``problem`` is one of the stable words."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Deadline:
    """Counted in the processor's time, so that a file hashes alike on a busy machine and on an
    idle one; the clock on the wall ends what waits for ever."""

    def __init__(self, limits: Limits) -> None:
        self._processor_until = time.process_time() + limits.seconds
        self._wall_until = time.monotonic() + limits.wall_seconds

    def check(self) -> None:
        """Raises ``RefusedError`` when the time is up."""
        is_over = time.process_time() > self._processor_until
        if is_over or time.monotonic() > self._wall_until:
            raise RefusedError("out_of_time")


class Source(io.BytesIO):
    """The file in memory; refuses to be read once its time is up.

    Reading is what all decoders have in common, so that this bounds the ones that loop over a
    file (an animation of a million frames) without their help.
    """

    def __init__(self, data: bytes | memoryview, deadline: Deadline) -> None:
        super().__init__(data)
        self.deadline = deadline

    def read(self, size: int | None = -1, /) -> bytes:
        self.deadline.check()
        return super().read(size)
