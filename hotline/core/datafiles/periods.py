"""How long each sort of data is kept: a table of data, with what each country says otherwise.

``data/periods.toml`` names every sort. ``retention.toml`` in a country's folder
(``country_folders``) says other periods and the country's legal reasons. What an operator set in
``hotline.toml`` comes first. Which column belongs to which sort: ``workers.retention.columns``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from hotline.core.datafiles import files
from hotline.core.datafiles.country_folders import (
    RETENTION,
    find_country_file,
    list_codes_with,
)
from hotline.core.datafiles.shapes import parse_file
from hotline.core.errors import Misconfigured
from hotline.core.settings import Settings

FILE = "periods.toml"
PACKAGE = "hotline.core.datafiles"
LONGEST_DAYS = 36_525
"""A hundred years; more is a mistake of the unit."""

Sentence = Annotated[str, Field(min_length=1, max_length=300)]
Days = Annotated[int, Field(ge=0, le=LONGEST_DAYS)]


class Sort(StrEnum):
    """Data that is forgotten at one time, for one reason; each names a table of the file."""

    FORM = "form"
    IDEMPOTENCY = "idempotency"
    PROOF_OF_WORK = "proof_of_work"
    CONTACT = "contact"
    REPORT_WORDS = "report_words"
    UNREAD_WORDS = "unread_words"
    PEOPLE = "people"
    TOLD = "told"
    FINGERPRINTS = "fingerprints"
    ACCESS = "access"
    CASE = "case"
    CASE_NOT_ILLEGAL = "case_not_illegal"
    CASE_OF_POLICE = "case_of_police"
    FILES = "files"
    VISITS = "visits"
    OBSERVATIONS = "observations"
    DELIVERIES = "deliveries"
    WORK = "work"
    SESSIONS = "sessions"
    INVITATIONS = "invitations"
    SECOND_FACTORS = "second_factors"
    DUTY = "duty"
    STAFF = "staff"
    STAFF_NAMES = "staff_names"
    AUDIT = "audit"
    COUNTS = "counts"
    DIRECTORY = "directory"
    KNOWN_HASHES = "known_hashes"
    IMPORTS = "imports"
    MACHINERY = "machinery"


@dataclass(frozen=True, slots=True)
class Period:
    """One sort: what it is, how it is stored, and until when. ``kept``: it has no end.

    ``source`` and ``verified``: where a country's reason comes from, and whether a lawyer read it.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    what: Sentence
    how: Sentence
    reason: Sentence
    after: str
    days: Days | None = None
    hours: Annotated[int, Field(ge=1)] | None = None
    kept: bool = False
    setting: str = ""
    source: str = ""
    verified: bool = False

    @property
    def length(self) -> timedelta:
        """How long after ``after``; for what is never kept for ever."""
        if self.kept:
            raise Misconfigured(f"There is no end to keeping {self.what}.")
        return timedelta(days=self.days or 0, hours=self.hours or 0)


@dataclass(frozen=True, slots=True)
class _CountryPeriod:
    """What a country says of one sort."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    days: Days
    reason: Sentence


Periods = Mapping[Sort, Period]


@dataclass(frozen=True, slots=True)
class _CountryHead:
    """The lines before the tables of a country's file."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    dated: date
    source: Sentence
    verified: bool


def load_periods(settings: Settings) -> Periods:
    """The periods of the home country, with what the operator set; of every sort one."""
    periods = dict(load_country_periods(settings.country, settings.data_dir))
    for sort, period in periods.items():
        # Only what was written down counts: a setting's default must not undo
        # what the country says.
        if period.setting in settings.model_fields_set:
            days = getattr(settings, period.setting)
            periods[sort] = replace(period, days=days)
    return periods


@cache
def load_country_periods(
    code: str, override_dir: Path | None = None
) -> Periods:
    """Of the country alone. Raises ``Misconfigured`` with all faults of a file."""
    periods = dict(load_general_periods(override_dir))
    file = find_country_file(code, RETENTION, override_dir)
    if file is not None:
        data = dict(file.read_toml())
        tables = {
            name: value
            for name, value in data.items()
            if isinstance(value, dict)
        }
        plain = {
            name: value for name, value in data.items() if name not in tables
        }
        head = parse_file(_CountryHead, file.name, plain)
        own = parse_file(dict[Sort, _CountryPeriod], file.name, tables)
        for sort, said in own.items():
            if periods[sort].days is None:
                raise Misconfigured(
                    f"Data file {file.name}: [{sort}] is not counted in days."
                )
            periods[sort] = replace(
                periods[sort],
                days=said.days,
                reason=said.reason,
                source=f"{head.source} ({head.dated.isoformat()})",
                verified=head.verified,
            )
    # Asked of the whole table: a country changes one period, and the general
    # one beside it may not fit.
    _refuse_disorder(periods, file.name if file else FILE)
    return periods


def load_general_periods(override_dir: Path | None = None) -> Periods:
    """Of every country that says nothing else."""
    data = files.read_toml(PACKAGE, FILE, override_dir)
    periods = parse_file(dict[Sort, Period], FILE, data)
    faults = [f"[{sort}] is missing" for sort in Sort if sort not in periods]
    for sort, period in periods.items():
        ends = (period.days is not None, period.hours is not None, period.kept)
        # Two ends would leave it open which one counts.
        if sum(ends) != 1:
            faults.append(f"[{sort}] needs one of days, hours and kept = true")
        if period.setting and period.setting not in Settings.model_fields:
            faults.append(f"[{sort}] there is no setting {period.setting}")
        if not period.kept and not period.after:
            faults.append(f"[{sort}] after must say when its time begins")
    if faults:
        raise Misconfigured(f"Data file {FILE}: {'; '.join(faults)}.")
    return periods


def _refuse_disorder(periods: Periods, name: str) -> None:
    """A case needs its reports' words for no longer than it is kept itself, and so on."""
    for shorter, longer in (
        (Sort.CONTACT, Sort.REPORT_WORDS),
        (Sort.CASE_NOT_ILLEGAL, Sort.CASE),
        (Sort.CASE, Sort.CASE_OF_POLICE),
    ):
        if periods[shorter].length > periods[longer].length:
            raise Misconfigured(
                f"Data file {name}: [{shorter}] is kept longer than [{longer}]."
            )


def find_period_faults(override_dir: Path | None = None) -> list[str]:
    """What is wrong with the files of all countries, one sentence each."""
    faults = []
    for code in list_codes_with(RETENTION, override_dir):
        try:
            load_country_periods(code, override_dir)
        except Misconfigured as error:
            faults.append(error.message)
    return faults
