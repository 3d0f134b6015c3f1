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
class Summary:
    """``shares``: days -> the share that was done within so many; None where nothing was done."""

    count: int
    median_hours: float | None
    p90_hours: float | None
    shares: Mapping[int, float | None]

    def to_json(self) -> Mapping[str, float | None]:
        return {
            "count": self.count,
            "median_hours": self.median_hours,
            "p90_hours": self.p90_hours,
            **{
                f"within_{days}_days": share
                for days, share in self.shares.items()
            },
        }


def summarise_durations(seconds: Sequence[float]) -> Summary:
    """Count, median and p90 in hours, and the share that was done within 1, 3 and 6 days."""
    ordered = sorted(seconds)
    return Summary(
        count=len(ordered),
        median_hours=_hours_of(_quantile_of(ordered, 0.5)),
        p90_hours=_hours_of(_quantile_of(ordered, 0.9)),
        shares={
            days: _share_within(ordered, days) for days in SHARES_WITHIN_DAYS
        },
    )


def _share_within(ordered: Sequence[float], days: int) -> float | None:
    if not ordered:
        return None
    within = sum(1 for value in ordered if value <= days * DAY)
    return round(within / len(ordered), 4)


def _quantile_of(ordered: Sequence[float], share: float) -> float | None:
    """Nearest rank: a value that was really measured, also for three cases."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _hours_of(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 3600, 3)
