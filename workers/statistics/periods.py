"""Pure: spans of whole days in the time of the home country, and the one before each.

A period is written as people say it: ``2026``, ``2026-Q3``, ``2026-10``, or two days,
``2026-10-03..2026-10-20``. Midnight is that of the zone, so that a day has 23, 24 or 25 hours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hotline.core.errors import InvalidInput, phrase

EARLIEST_YEAR = 2000
LATEST_YEAR = 2100
LONGEST_DAYS = 3_700
"""Ten years: more would be compared with years in which there was no service."""
_DAY = timedelta(days=1)
_WRITTEN = re.compile(
    r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>\d{2}))?", re.ASCII
)
MONTHS_OF_QUARTER = 3


@dataclass(frozen=True, slots=True)
class Period:
    """From the midnight before ``first`` to the one after ``last``, both in ``zone``."""

    first: date
    last: date
    zone: str

    @property
    def start(self) -> datetime:
        return _midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first moment that is not in it any more."""
        return _midnight(self.last + _DAY, self.zone)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def name(self) -> str:
        """As it is written where it is a year, a quarter or a month; else its two days."""
        year = self.first.year
        if self == year_of(year, self.zone):
            return f"{year}"
        quarter = (self.first.month - 1) // MONTHS_OF_QUARTER + 1
        if self == quarter_of(year, quarter, self.zone):
            return f"{year}-Q{quarter}"
        if self == month_of(year, self.first.month, self.zone):
            return f"{year}-{self.first.month:02}"
        return f"{self.first}..{self.last}"

    def is_over(self, now: datetime) -> bool:
        return self.end <= now

    def before(self) -> Period:
        """What it is compared with: the calendar's one before, or as many days just before."""
        # Days that are no month, quarter or year have no neighbour in the
        # calendar.
        if ".." in self.name:
            ends = self.first - _DAY
            begins = ends - (self.last - self.first)
            return Period(begins, ends, self.zone)
        months = _months_of(self)
        year, month = _shift(self.first.year, self.first.month, -months)
        return _whole_months(year, month, months, self.zone)

    def months(self) -> list[Period]:
        """The whole calendar months inside, the oldest first."""
        periods = []
        year, month = self.first.year, self.first.month
        # A month that began before the period is not one of its whole ones.
        if self.first.day > 1:
            year, month = _shift(year, month, 1)
        while (whole := month_of(year, month, self.zone)).last <= self.last:
            periods.append(whole)
            year, month = _shift(year, month, 1)
        return periods


def year_of(year: int, zone: str) -> Period:
    return _whole_months(year, 1, 12, zone)


def quarter_of(year: int, quarter: int, zone: str) -> Period:
    first_month = (quarter - 1) * MONTHS_OF_QUARTER + 1
    return _whole_months(year, first_month, MONTHS_OF_QUARTER, zone)


def month_of(year: int, month: int, zone: str) -> Period:
    return _whole_months(year, month, 1, zone)


def last_over(now: datetime, zone: str) -> list[Period]:
    """The newest month, quarter and year that are over at ``now``."""
    today = now.astimezone(ZoneInfo(zone)).date()
    year, month = _shift(today.year, today.month, -1)
    quarter = (today.month - 1) // MONTHS_OF_QUARTER
    last_quarter = (
        quarter_of(today.year, quarter, zone)
        if quarter
        else quarter_of(today.year - 1, 4, zone)
    )
    return [
        month_of(year, month, zone),
        last_quarter,
        year_of(today.year - 1, zone),
    ]


def parse_period(written: str, zone: str) -> Period:
    """``InvalidInput`` says how a period is written, or what is wrong with its days."""
    if ".." in written:
        first, _, last = written.partition("..")
        return between(first, last, zone)
    match = _WRITTEN.fullmatch(written.strip())
    if match is None:
        raise _not_a_period()
    year = _check_year(int(match["year"]))
    if match["quarter"]:
        return quarter_of(year, int(match["quarter"]), zone)
    if match["month"] is None:
        return year_of(year, zone)
    month = int(match["month"])
    if not 1 <= month <= 12:
        raise _not_a_period()
    return month_of(year, month, zone)


def between(first: str, last: str, zone: str) -> Period:
    """Two days as ISO 8601 writes them, both included."""
    try:
        period = Period(
            date.fromisoformat(first.strip()),
            date.fromisoformat(last.strip()),
            zone,
        )
    except ValueError:
        raise _not_a_period() from None
    _check_year(period.first.year)
    _check_year(period.last.year)
    if period.last < period.first:
        raise InvalidInput(
            phrase("The last day lies before the first one."),
            fields={"/last": "lies before the first day"},
        )
    if period.days > LONGEST_DAYS:
        raise InvalidInput(
            phrase("A period has ten years at most."),
            fields={"/last": "lies more than ten years after the first day"},
        )
    return period


def _not_a_period() -> InvalidInput:
    return InvalidInput(
        phrase(
            "That is no period. Write 2026, 2026-Q3, 2026-10 or "
            "2026-10-03..2026-10-20."
        ),
        fields={"/period": "is no period"},
    )


def _check_year(year: int) -> int:
    if not EARLIEST_YEAR <= year < LATEST_YEAR:
        raise InvalidInput(
            phrase("Name a year from %(first)s to %(last)s."),
            values={
                "first": str(EARLIEST_YEAR),
                "last": str(LATEST_YEAR - 1),
            },
            fields={"/period": "has no such year"},
        )
    return year


def _months_of(period: Period) -> int:
    return period.last.month - period.first.month + 1


def _whole_months(year: int, month: int, count: int, zone: str) -> Period:
    after_year, after_month = _shift(year, month, count)
    return Period(
        date(year, month, 1), date(after_year, after_month, 1) - _DAY, zone
    )


def _shift(year: int, month: int, by: int) -> tuple[int, int]:
    years, months = divmod(year * 12 + month - 1 + by, 12)
    return years, months + 1


def _midnight(day: date, zone: str) -> datetime:
    local = datetime.combine(day, time(), ZoneInfo(zone))
    return local.astimezone(UTC)
