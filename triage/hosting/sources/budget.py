"""How often a registry's server is asked: none is rushed, and a silent one holds up nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from hotline.core.jobs.circuit import SILENCES, pause_after

_SHORTEST_PAUSE = 60
_LONGEST_PAUSE = 86_400
"""Seconds for which a server that asks for it is left alone, whatever it says."""


class Budget:
    """``burst`` questions at once to a server, then one each ``interval``; ``now`` is the clock."""

    def __init__(
        self, burst: int = 10, interval: timedelta = timedelta(seconds=1)
    ) -> None:
        self._burst = burst
        self._interval = interval
        self._free_at: dict[str, datetime] = {}
        self._closed_until: dict[str, datetime] = {}
        self._silences: dict[str, int] = {}

    def take_turn(self, server: str, now: datetime) -> bool:
        if now < self._closed_until.get(server, now):
            return False
        # The generic cell rate algorithm: one moment per server stands for the whole bucket.
        start = max(self._free_at.get(server, now), now)
        # So far ahead a question may borrow; beyond that nobody waits, and the
        # fact stays unknown.
        furthest = self._interval * (self._burst - 1)
        if start - now > furthest:
            return False
        self._free_at[server] = start + self._interval
        return True

    def close_server(self, server: str, now: datetime, seconds: int) -> None:
        """The server asked to be left alone."""
        # A server may ask for a second, or for a year.
        pause = min(max(seconds, _SHORTEST_PAUSE), _LONGEST_PAUSE)
        self._closed_until[server] = now + timedelta(seconds=pause)

    def note_answer(
        self, server: str, now: datetime, *, answered: bool
    ) -> None:
        """A server that stays silent some times in a row is left alone for a while: to wait for it
        holds up the look at every item. The registries' answers are a help, no more."""
        if answered:
            self._silences.pop(server, None)
            return
        silences = self._silences.get(server, 0) + 1
        self._silences[server] = silences
        if silences >= SILENCES:
            pause = pause_after(silences)
            self.close_server(server, now, int(pause.total_seconds()))
