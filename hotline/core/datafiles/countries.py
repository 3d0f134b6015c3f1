"""What differs by country and concerns everybody: names, languages, helplines, police, hours.

The file ``country.toml`` of each country's folder (``country_folders``). Who may prosecute what is
another matter: ``triage.jurisdiction``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo, available_timezones

import holidays
from pydantic import AfterValidator, ConfigDict, Field

from hotline.core.datafiles.country_folders import (
    COUNTRY,
    find_country_file,
    find_folder_faults,
    list_codes_with,
)
from hotline.core.datafiles.shapes import parse_file
from hotline.core.datafiles.vocabulary import (
    CountryCode,
    Language,
    describe_unknown,
)
from hotline.core.errors import InvalidInput, Misconfigured

MAX_HOURS = 10_000.0
"""No deadline of ours is longer than about five working years; more is a unit mistake."""


class Day(StrEnum):
    """The days of the week, as the country files call them, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEK = tuple(Day)
Text = Annotated[str, Field(min_length=1, max_length=300)]
Span = Annotated[
    str,
    Field(
        pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"
    ),
]


def _check_https(value: str) -> str:
    if not value.startswith("https://"):
        raise ValueError("must start with https://")
    return value


def _check_time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, LookupError):
        fault = describe_unknown(value, available_timezones())
        raise ValueError(
            f"is not a time zone, e.g. Europe/Tirane: {fault}"
        ) from None
    return value


Link = Annotated[str, AfterValidator(_check_https), Field(max_length=300)]
Zone = Annotated[str, AfterValidator(_check_time_zone)]


@dataclass(frozen=True, slots=True)
class Helpline:
    """A line to call: for children, or for who worries about one. ``hours`` "" = not known."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    name: Text
    number: Text
    free: bool
    languages: tuple[Language, ...]
    source: Text
    hours: str = ""
    chat_url: Link | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True)
class HelpLink:
    """Where a person can have the spread of their own picture stopped, from their own device."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    name: Text
    url: Link
    for_minors: bool


@dataclass(frozen=True, slots=True)
class Country:
    """Everything of one country that pages, clocks and references need. Times are local."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    code: CountryCode
    names: Mapping[Language, str]
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    dated: date
    source: Text
    time_zone: Zone
    reference_prefix: Annotated[str, Field(pattern="^[A-Z]{2,4}$")]
    police_emergency: Annotated[str, Field(pattern=r"^\d{2,6}$")]
    working_hours: Mapping[Day, tuple[Span, ...]]
    helplines: Annotated[tuple[Helpline, ...], Field(min_length=1)]
    take_down_help: tuple[HelpLink, ...]
    anti_trafficking_line: Helpline | None = None
    hotline_name: str = ""
    hotline_url: Link | None = None
    police_report_url: Link | None = None
    police_report_note: str = ""
    regulator: str = ""
    regulator_url: Link | None = None
    holiday_calendar: str = ""
    extra_holidays: tuple[date, ...] = ()

    @property
    def default_language(self) -> str:
        return self.languages[0]

    def name(self, language: str) -> str:
        """The country's name in ``language``; English, else its code, where there is none."""
        return self.names.get(language) or self.names.get("en") or self.code


def list_countries(override_dir: Path | None = None) -> tuple[str, ...]:
    """Codes of every country that has a file, shipped or the operator's own; sorted."""
    return list_codes_with(COUNTRY, override_dir)


@cache
def load_country(code: str, override_dir: Path | None = None) -> Country:
    """The country ``code`` ("AL"). Kept: an edited file takes effect when the process restarts.

    Raises ``InvalidInput`` for a code without a file, ``Misconfigured`` with all faults of a file.
    """
    file = find_country_file(code, COUNTRY, override_dir)
    if file is None:
        raise InvalidInput(
            f"There is no country file for {code[:10]!r}.",
            hint=f"There are {', '.join(list_countries(override_dir))}.",
            fields={"/country": "no such country"},
        )
    country = parse_file(Country, file.name, file.read_toml())
    wrong = _inner_faults(country, code)
    if wrong:
        raise Misconfigured(f"Data file {file.name}: {'; '.join(wrong)}.")
    return country


def find_country_faults(override_dir: Path | None = None) -> list[str]:
    """What is wrong with the country files, one sentence each; empty when all is well."""
    faults = find_folder_faults(override_dir)
    for code in list_countries(override_dir):
        try:
            load_country(code, override_dir)
        except Misconfigured as error:
            faults.append(error.message)
    return faults


def _inner_faults(country: Country, code: str) -> list[str]:
    """What the shape alone cannot say: values that must agree with one another."""
    wrong = []
    if country.code != code:
        wrong.append(
            f"/code: is {country.code}, but the file is named for {code}"
        )
    if not any(country.working_hours.values()):
        wrong.append(
            "/working_hours: no hour in the whole week; clocks would never run"
        )
    for day, spans in country.working_hours.items():
        minutes = [_span_minutes(span) for span in spans]
        if any(begin >= end for begin, end in minutes) or any(
            earlier[1] > later[0] for earlier, later in pairwise(minutes)
        ):
            wrong.append(
                f"/working_hours/{day}: spans must be in order and must not overlap"
            )
    if (
        country.holiday_calendar
        and country.holiday_calendar not in _known_calendars()
    ):
        fault = describe_unknown(country.holiday_calendar, _known_calendars())
        wrong.append(f"/holiday_calendar: {fault}")
    return wrong


@cache
def _known_calendars() -> frozenset[str]:
    return frozenset(holidays.list_supported_countries())


@cache
def _public_holidays(calendar: str) -> Mapping[date, str]:
    """Public holidays of a calendar, days given in lieu included; grows by year when asked."""
    days: Mapping[date, str] = holidays.country_holidays(
        calendar, language="en_US"
    )
    return days


def is_holiday(country: Country, day: date) -> bool:
    """Whether ``day`` (local) is a public holiday, by calendar or by the operator's own list."""
    if day in country.extra_holidays:
        return True
    return bool(country.holiday_calendar) and day in _public_holidays(
        country.holiday_calendar
    )


def add_business_hours(
    country: Country, start: datetime, hours: float
) -> datetime:
    """The moment (UTC) at which ``hours`` of the country's working time have passed since start.

    Zero hours give the first working moment at or after ``start``. Hours are real hours: where the
    clock changes inside a working span, the span is an hour shorter or longer. Raises
    ``InvalidInput`` for a start without a zone and for hours below 0 or above ``MAX_HOURS``.
    """
    if start.tzinfo is None:
        raise InvalidInput(
            "The start has no time zone.", hint="Pass an aware datetime."
        )
    if not 0 <= hours <= MAX_HOURS:
        raise InvalidInput(
            f"Business hours must be from 0 to {MAX_HOURS:.0f}."
        )
    left = timedelta(hours=hours)
    # Spans in UTC: the length of an hour must not depend on the clock being put on or back.
    for opens, closes in _spans_from(country, start):
        begins = max(opens, start.astimezone(UTC))
        if begins < closes:
            if left <= closes - begins:
                return begins + left
            left -= closes - begins
    raise Misconfigured(
        f"{country.code} has no working day in sight of {start:%Y-%m-%d}."
    )


def _spans_from(
    country: Country, start: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Working spans in UTC, from the local day of ``start`` on, as far as the calendar goes."""
    zone = ZoneInfo(country.time_zone)
    day = start.astimezone(zone).date()
    # A span that ends at 24:00 reaches into the next day, which the last day
    # of all has not.
    while day < date.max - timedelta(days=1):
        if not is_holiday(country, day):
            for span in country.working_hours.get(WEEK[day.weekday()], ()):
                begin, end = _span_minutes(span)
                yield (
                    _moment_of_day(day, begin, zone),
                    _moment_of_day(day, end, zone),
                )
        day += timedelta(days=1)


def _moment_of_day(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    # Python has no 24:00: it is the midnight of the day after.
    local = datetime.combine(
        day + timedelta(days=minutes // 1440), time(), zone
    )
    return local.replace(
        hour=minutes % 1440 // 60, minute=minutes % 60
    ).astimezone(UTC)


def _span_minutes(span: str) -> tuple[int, int]:
    """ "08:00-16:30" as minutes after midnight; 24:00 is 1440."""
    begin, end = (
        int(clock[:2]) * 60 + int(clock[3:]) for clock in span.split("-")
    )
    return begin, end
