"""How often a registry's server is asked: none is rushed, and a silent one holds up nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from hotline.core.jobs.asked_servers import OwnStandings, Standing, Standings
from hotline.core.jobs.circuit import SILENCES, pause_after

_SHORTEST_PAUSE = 60
_LONGEST_PAUSE = 86_400
"""Seconds for which a server that asks for it is left alone, whatever it says."""


class Budget:
    """``burst`` questions at once to a server, then one each ``interval``.

    ``standings``: where it is kept how the servers stand; the budget is for all who share it.
    """

    def __init__(
        self,
        burst: int = 10,
        interval: timedelta = timedelta(seconds=1),
        *,
        standings: Standings | None = None,
    ) -> None:
        self._burst = burst
        self._interval = interval
        self._standings = standings or OwnStandings()

    def take_turn(self, server: str, now: datetime) -> bool:
        with self._standings.changing(server) as standing:
            if now < (standing.closed_until or now):
                return False
            # The generic cell rate algorithm: one moment per server stands for the whole bucket.
            start = max(standing.free_at or now, now)
            # So far ahead a question may borrow; beyond that nobody waits, and the
            # fact stays unknown.
            furthest = self._interval * (self._burst - 1)
            if start - now > furthest:
                return False
            standing.free_at = start + self._interval
            return True

    def close_server(self, server: str, now: datetime, seconds: int) -> None:
        """The server asked to be left alone."""
        with self._standings.changing(server) as standing:
            _leave_alone(standing, now, seconds)

    def note_answer(
        self, server: str, now: datetime, *, answered: bool
    ) -> None:
        """A server that stays silent some times in a row is left alone for a while: to wait for it
        holds up the look at every item. The registries' answers are a help, no more."""
        # Nearly every server answers: that is not worth a write lock each time.
        if answered and not self._standings.is_silent(server):
            return
        with self._standings.changing(server) as standing:
            if answered:
                standing.silences = 0
                return
            standing.silences += 1
            if standing.silences >= SILENCES:
                pause = pause_after(standing.silences)
                _leave_alone(standing, now, int(pause.total_seconds()))


def _leave_alone(standing: Standing, now: datetime, seconds: int) -> None:
    # A server may ask for a second, or for a year.
    pause = min(max(seconds, _SHORTEST_PAUSE), _LONGEST_PAUSE)
    standing.closed_until = now + timedelta(seconds=pause)
