"""The time that a test is told; it stands still until the test moves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass
class Clock:
    """Called, it answers as ``utc_now`` does, so that it can stand in its place."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> datetime:
        """Move by days, hours, minutes; gives the new time."""
        self.now += timedelta(**span)
        return self.now
