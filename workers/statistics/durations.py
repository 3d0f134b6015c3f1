"""Pure: what a list of durations says, in the terms that the field publishes.

Figures of other hotlines start their clocks elsewhere; a figure without its two ends is worthless,
so callers name both (``report_to_removal``, ``notice_to_removal``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

DAY = 86_400.0
SHARES_WITHIN_DAYS = (1, 3, 6)  # INHOPE's figures are given for these


def summarise_durations(seconds: Sequence[float]) -> dict[str, Any]:
    """Count, median and p90 in hours, and the share that was done within 1, 3 and 6 days."""
    ordered = sorted(seconds)
    count = len(ordered)
    found: dict[str, Any] = {
        "count": count,
        "median_hours": _to_hours(_find_quantile(ordered, 0.5)),
        "p90_hours": _to_hours(_find_quantile(ordered, 0.9)),
    }
    for days in SHARES_WITHIN_DAYS:
        within = sum(1 for value in ordered if value <= days * DAY)
        found[f"within_{days}_days"] = (
            round(within / count, 4) if count else None
        )
    return found


def _find_quantile(ordered: Sequence[float], share: float) -> float | None:
    """Nearest rank: a value that was really measured, also for three cases."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _to_hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 3600, 3)
