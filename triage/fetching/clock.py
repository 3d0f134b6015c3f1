"""The times that a fetch may take: of waiting for hosts, of decoding, and of all of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from triage.fetching.report import FetchLimits

Clock = Callable[[], float]


class Budget:
    """Waiting is counted by the clock on the wall, and stands still while something is decoded;
    decoding is counted by the processor's, so that a busy machine hashes as an idle one does."""

    def __init__(
        self,
        limits: FetchLimits,
        *,
        wall: Clock = time.monotonic,
        processor: Clock = time.process_time,
    ) -> None:
        self._limits = limits
        self._wall = wall
        self._processor = processor
        self._started = wall()
        self._decoding_wall = 0.0
        self.hash_seconds = 0.0

    def read_waiting_clock(self) -> float:
        return self._wall() - self._decoding_wall

    @property
    def is_over(self) -> bool:
        """Whether nothing further is to be begun."""
        # Decoding counts here too: the client kills this process by the same
        # clock.
        return self._wall() - self._started >= self._limits.wall_seconds

    @property
    def decode_seconds(self) -> float:
        """What the next file may take of the processor; 0 and less is nothing."""
        left = self._limits.hash_seconds - self.hash_seconds
        return min(left, self._limits.decode_seconds)

    @contextmanager
    def decoding(self) -> Iterator[None]:
        wall = self._wall()
        processor = self._processor()
        try:
            yield
        finally:
            # Also after a failure: a decoder that gave up has used its time
            # all the same.
            self._decoding_wall += self._wall() - wall
            self.hash_seconds += self._processor() - processor
