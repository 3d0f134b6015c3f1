"""What the directory starts with: partners by name, country and source, without any address.

Nothing here may be written to before an operator has filled in a contact and a person has approved
it. What other files already know is taken from them, so that it stands in one place only: hotlines
and platforms from the routing data, helplines and regulators from the countries.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from hotline.core.datafiles import countries, files
from hotline.core.datafiles.country_folders import (
    MUNICIPALITIES,
    PARTNERS,
    UNITS,
    CountryFile,
    find_country_file,
    list_codes_with,
)
from hotline.core.datafiles.shapes import parse_file
from hotline.core.datafiles.vocabulary import CountryCode, Language
from hotline.core.errors import Misconfigured
from partners.directory.kinds import PartnerKind
from triage.jurisdiction import Rules, load_rules

FORMER_FILE = "partner_directory.toml"
"""An operator's own, of all countries in one, comes before those in the countries' folders; so does
a ``municipalities.csv`` of all countries."""

Text = Annotated[str, Field(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True)
class PartnerSeed:
    """One partner. ``channels``: by which it can be reached at all; ``territory``: municipalities,
    empty = the whole country. ``verified`` means that the name was read at its source."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    kind: PartnerKind
    country: CountryCode
    code: Annotated[str, Field(pattern="^[a-z0-9-]{3,80}$")]
    name: Text
    languages: tuple[Language, ...]
    channels: tuple[Literal["email", "http", "iccam", "phone", "portal"], ...]
    source: Text
    dated: date
    verified: bool
    territory: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Listed:
    """What is in ``partners.toml`` of a country: those that no other file knows."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    partners: tuple[PartnerSeed, ...]


@dataclass(frozen=True, slots=True)
class Municipality:
    """A row of ``municipalities.csv``; a local police directorate covers a ``county``."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    country: CountryCode
    municipality: Text
    county: Text
    dated: date
    source: Text


@dataclass(frozen=True, slots=True)
class _Unit:
    """A row of ``units.csv``: an office of that name and place. ``territory``: municipalities with
    a semicolon between them, each in every spelling in which a reporter may write it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    country: CountryCode
    kind: PartnerKind
    office: Text
    place: Text
    territory: Annotated[str, Field(min_length=1)]
    dated: date
    source: Text

    @property
    def municipalities(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.territory.split(";"))


def load_seed(override_dir: Path | None = None) -> list[PartnerSeed]:
    """All seeds, sorted by country, kind and code; raises ``Misconfigured`` with every fault."""
    rules = load_rules(override_dir)
    places = load_municipalities(override_dir)
    seeds = [
        *_load_partners(override_dir),
        *_seed_hotlines(rules),
        *_seed_platforms(rules),
        *_of_countries(override_dir),
        *_seed_units(places, override_dir),
        *_local_police(places, override_dir),
        *_named_units(override_dir),
    ]
    codes = [seed.code for seed in seeds]
    # The table has one row a code: the second office would silently never be
    # there.
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise Misconfigured(
            f"Directory seed: these codes appear twice: {', '.join(twice)}."
        )
    return sorted(seeds, key=lambda seed: (seed.country, seed.kind, seed.code))


def _load_partners(override_dir: Path | None) -> list[PartnerSeed]:
    former = files.find_own(FORMER_FILE, override_dir)
    if former is not None:
        table = files.parse_toml(FORMER_FILE, former.read_bytes())
        return [*parse_file(_Listed, FORMER_FILE, table).partners]
    partners: list[PartnerSeed] = []
    for code, file in _files_of_countries(PARTNERS, override_dir):
        listed = parse_file(_Listed, file.name, file.read_toml())
        _require_country(code, file.name, listed.partners)
        partners += listed.partners
    return partners


def load_municipalities(override_dir: Path | None) -> list[Municipality]:
    """Of all countries that have such a file."""
    former = files.find_own(MUNICIPALITIES, override_dir)
    if former is not None:
        rows = files.parse_csv(MUNICIPALITIES, former.read_bytes())
        return [*parse_file(tuple[Municipality, ...], MUNICIPALITIES, rows)]
    places: list[Municipality] = []
    for code, file in _files_of_countries(MUNICIPALITIES, override_dir):
        rows = file.read_csv()
        listed = parse_file(tuple[Municipality, ...], file.name, rows)
        _require_country(code, file.name, listed)
        places += listed
    return places


def _named_units(override_dir: Path | None) -> Iterator[PartnerSeed]:
    for code, file in _files_of_countries(UNITS, override_dir):
        units = parse_file(tuple[_Unit, ...], file.name, file.read_csv())
        _require_country(code, file.name, units)
        for unit in units:
            yield PartnerSeed(
                unit.kind,
                code,
                _code_of(
                    _CODE_WORDS.get(unit.kind, unit.kind), code, unit.place
                ),
                f"{unit.office}, {unit.place}",
                _read_languages(code, override_dir),
                (),
                unit.source,
                unit.dated,
                False,
                unit.municipalities,
            )


_CODE_WORDS = {PartnerKind.CHILD_PROTECTION_UNIT: "unit"}


def _files_of_countries(
    name: str, override_dir: Path | None
) -> Iterator[tuple[str, CountryFile]]:
    for code in list_codes_with(name, override_dir):
        file = find_country_file(code, name, override_dir)
        if file is not None:
            yield code, file


def _require_country(
    code: str,
    name: str,
    rows: Sequence[PartnerSeed | Municipality | _Unit],
) -> None:
    strays = sorted({row.country for row in rows} - {code})
    if strays:
        raise Misconfigured(
            f"Data file {name}: /country: is {', '.join(strays)}, but the folder is {code}."
        )


def list_faults(override_dir: Path | None = None) -> list[str]:
    """What is wrong with the directory's seed; empty when all is well."""
    try:
        load_seed(override_dir)
    except Misconfigured as error:
        return [error.message]
    return []


def _seed_hotlines(rules: Rules) -> Iterator[PartnerSeed]:
    for hotlines in rules.hotlines.values():
        for hotline in hotlines:
            yield PartnerSeed(
                kind=PartnerKind.HOTLINE,
                country=hotline.country,
                code=_code_of("hotline", hotline.country, hotline.name),
                name=hotline.name,
                languages=("en",),
                channels=("iccam",),
                source=hotline.source,
                dated=hotline.dated,
                verified=hotline.verified == "yes",
            )


def _seed_platforms(rules: Rules) -> Iterator[PartnerSeed]:
    for platform in rules.platforms.values():
        yield PartnerSeed(
            kind=PartnerKind.PLATFORM,
            country=platform.seat,
            code=_code_of("platform", platform.seat, platform.id),
            name=platform.name,
            languages=("en",),
            channels=("portal",),
            source=platform.seat_source,
            dated=platform.seat_dated,
            verified=platform.seat_checked,
        )


def _of_countries(override_dir: Path | None) -> Iterator[PartnerSeed]:
    for code in countries.list_countries(override_dir):
        country = countries.load_country(code, override_dir)
        for line in country.helplines:
            yield PartnerSeed(
                PartnerKind.HELPLINE,
                code,
                _code_of("helpline", code, line.number),
                line.name,
                line.languages,
                ("phone",),
                line.source,
                country.dated,
                line.verified,
            )
        if country.regulator:
            yield PartnerSeed(
                PartnerKind.REGULATOR,
                code,
                _code_of("regulator", code, country.regulator),
                country.regulator,
                country.languages[:1],
                (),
                country.source,
                country.dated,
                False,
            )


def _seed_units(
    places: Sequence[Municipality], override_dir: Path | None
) -> Iterator[PartnerSeed]:
    for place in places:
        yield PartnerSeed(
            PartnerKind.CHILD_PROTECTION_UNIT,
            place.country,
            _code_of("unit", place.country, place.municipality),
            f"Child protection unit, {place.municipality}",
            _read_languages(place.country, override_dir),
            (),
            place.source,
            place.dated,
            False,
            (place.municipality,),
        )


def _local_police(
    places: Sequence[Municipality], override_dir: Path | None
) -> Iterator[PartnerSeed]:
    counties = dict.fromkeys((place.country, place.county) for place in places)
    for country, county in counties:
        inside = [
            place
            for place in places
            # Two countries may have a county of the same name.
            if (place.country, place.county) == (country, county)
        ]
        yield PartnerSeed(
            PartnerKind.POLICE,
            country,
            _code_of("police", country, county),
            f"Local police directorate, computer crime section, {county}",
            _read_languages(country, override_dir),
            (),
            inside[0].source,
            inside[0].dated,
            False,
            tuple(place.municipality for place in inside),
        )


def _read_languages(
    country: str, override_dir: Path | None
) -> tuple[str, ...]:
    """A country's first language; a country without a file is written to in English."""
    if country not in countries.list_countries(override_dir):
        return ("en",)
    return countries.load_country(country, override_dir).languages[:1]


def _code_of(kind: str, country: str, name: str) -> str:
    """ "unit-al-durres": stable as long as the name is, and readable in a log."""
    plain = (
        unicodedata.normalize("NFKD", name)
        .encode("ascii", "ignore")
        .decode()
        .lower()
    )
    return f"{kind}-{country.lower()}-{re.sub('[^a-z0-9]+', '-', plain).strip('-')}"[
        :80
    ]
