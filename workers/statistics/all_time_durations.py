"""Pure: what a list of durations says, in the terms that the field publishes.

Figures of other hotlines start their clocks elsewhere; a figure without its two ends is worthless,
so callers name both (``report_to_removal``, ``notice_to_removal``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DAY = 86_400.0
SHARES_WITHIN_DAYS = (1, 3, 6)  # INHOPE's figures are given for these


@dataclass(frozen=True, slots=True)
class Durations:
    """``shares``: days -> the share that was done within them; None without any."""

    count: int
    median_hours: float | None
    p90_hours: float | None
    shares: Mapping[int, float | None]

    def to_json(self) -> dict[str, float | None]:
        figures: dict[str, float | None] = {
            "count": self.count,
            "median_hours": self.median_hours,
            "p90_hours": self.p90_hours,
        }
        for days, share in self.shares.items():
            figures[f"within_{days}_days"] = share
        return figures


def summarise_durations(seconds: Sequence[float]) -> Durations:
    """Count, median and p90 in hours, and the share that was done within 1, 3 and 6 days."""
    ordered = sorted(seconds)
    return Durations(
        count=len(ordered),
        median_hours=_to_hours(_find_quantile(ordered, 0.5)),
        p90_hours=_to_hours(_find_quantile(ordered, 0.9)),
        shares={
            days: _share_within(ordered, days) for days in SHARES_WITHIN_DAYS
        },
    )


def _share_within(seconds: Sequence[float], days: int) -> float | None:
    if not seconds:
        return None
    longest = days * DAY
    within = [value for value in seconds if value <= longest]
    share = len(within) / len(seconds)
    return round(share, 4)


def _find_quantile(ordered: Sequence[float], share: float) -> float | None:
    """Nearest rank: a value that was really measured, also for three cases."""
    if not ordered:
        return None
    rank = math.ceil(share * len(ordered))
    return ordered[max(0, rank - 1)]


def _to_hours(seconds: float | None) -> float | None:
    if seconds is None:
        return None
    return round(seconds / 3600, 3)
