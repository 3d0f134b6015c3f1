"""Pure: what a step's durations say, in the terms that the field publishes.

Figures of other hotlines start their clocks elsewhere; a figure without its two ends is worthless,
so each step is called by both of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from workers.statistics.tables import Value

SHARES_WITHIN_DAYS = (1, 3, 6)
"""INHOPE's figures are given for these."""
COLUMNS = (
    "count",
    "median_hours",
    "p90_hours",
    *(f"within_{days}_days" for days in SHARES_WITHIN_DAYS),
)


class Step(StrEnum):
    """From where to where the clock runs. The values are exported.

    Each counts once, in the period in which it ends: the first assessment of a case, the first
    message to the police, the first notice, and each location's first verified removal.
    """

    RECEIPT_TO_ASSESSMENT = "receipt_to_assessment"
    RECEIPT_TO_POLICE = "receipt_to_police"
    ASSESSMENT_TO_POLICE = "assessment_to_police"
    RECEIPT_TO_NOTICE = "receipt_to_notice"
    RECEIPT_TO_NOTICE_WITHOUT_HOLD = "receipt_to_notice_without_hold"
    ASSESSMENT_TO_NOTICE = "assessment_to_notice"
    RECEIPT_TO_REMOVAL = "receipt_to_removal"
    RECEIPT_TO_REMOVAL_WITHOUT_HOLD = "receipt_to_removal_without_hold"
    ASSESSMENT_TO_REMOVAL = "assessment_to_removal"
    NOTICE_TO_REMOVAL = "notice_to_removal"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Durations:
    """``shares``: of those within 1, 3 and 6 days; None where nothing was measured."""

    count: int
    median_hours: float | None
    p90_hours: float | None
    shares: tuple[float | None, ...]

    @classmethod
    def from_ranks(
        cls, count: int, median: int, p90: int, within: Sequence[int]
    ) -> Durations:
        """Of seconds as the database ranked them, and of how many were quick enough."""
        return cls(
            count=count,
            median_hours=_in_hours(median),
            p90_hours=_in_hours(p90),
            shares=tuple(round(number / count, 4) for number in within),
        )

    def values(self) -> tuple[Value, ...]:
        """In the order of ``COLUMNS``."""
        return (self.count, self.median_hours, self.p90_hours, *self.shares)

    def to_json(self) -> dict[str, Value]:
        return dict(zip(COLUMNS, self.values(), strict=True))


NOTHING = Durations(0, None, None, (None,) * len(SHARES_WITHIN_DAYS))


def _in_hours(seconds: int) -> float:
    return round(seconds / 3600, 3)
