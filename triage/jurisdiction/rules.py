"""What the engine is fed with: the law of each country, the network of hotlines, the words.

Everything here is a file that a changed law or a new partner edits; code knows no country:

- ``jurisdiction.toml`` of each country: grounds, names of authorities, legal bases, stop list
- ``routing_network.toml``: clearing houses, bases of international channels
- ``partner_hotlines.csv``: which country has a hotline

Where the company that runs a platform has its seat stands with the platform's addresses, in
``platforms.toml`` of ``triage.locations``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, ClassVar, TypeVar

from pydantic import ConfigDict, Field

from hotline.core.datafiles import countries, files
from hotline.core.datafiles.country_folders import (
    JURISDICTION,
    CountryFile,
    find_country_file,
    list_codes_with,
)
from hotline.core.datafiles.in_force import folder_of
from hotline.core.datafiles.shapes import parse_file
from hotline.core.datafiles.vocabulary import CountryCode
from hotline.core.errors import InvalidInput, Misconfigured
from hotline.intake.registry.kinds import ReportKind
from triage import priority
from triage.jurisdiction.messages import PACKAGE, Catalog, load_messages
from triage.jurisdiction.vocabulary import (
    Answer,
    Condition,
    Destination,
    GroundName,
    PlaceFact,
)
from triage.locations.catalogue import load_platforms
from triage.locations.catalogue_values import Platform

Text = Annotated[str, Field(min_length=1, max_length=400)]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GroundRule:
    """One ground of one country's law. ``law``: whether the law knows it; "unknown" = not verified.

    It is met when any of ``facts`` names the country and every condition holds.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    ground: GroundName
    law: Answer
    dated: date
    source: Text
    verified: bool
    facts: tuple[PlaceFact, ...] = ()
    conditions: tuple[Condition, ...] = ()
    article: str = ""
    treaty: str = ""

    @property
    def basis(self) -> str:
        stated = (self.article, self.treaty)
        return "; ".join(source for source in stated if source)


@dataclass(frozen=True, slots=True)
class Names:
    """Whom the routes of this country name. Empty = there is none, and no such route is made."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    emergency: Text
    police: Text
    interpol_ncb: Text
    helpline: Text
    child_protection_unit: str = ""
    anti_trafficking_unit: str = ""
    school_psychologist: str = ""
    prosecutor: str = ""
    regulator: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """A country to which nothing goes before a person has decided."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    country: CountryCode
    reason: Text
    source: Text


@dataclass(frozen=True, slots=True)
class CountryRules:
    """The rules of one country. ``bases``: legal basis by kind of route.

    ``police_bases``: which offence it is, by the kind of report; ``bases`` where none is named.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    country: CountryCode
    dated: date
    source: Text
    names: Names
    bases: Mapping[Destination, Text]
    grounds: Annotated[tuple[GroundRule, ...], Field(min_length=1)]
    police_bases: Mapping[ReportKind, Text] = field(default_factory=dict)
    offences: tuple[str, ...] = ()
    foreign_hosting_to_police: bool = False
    stop_list: tuple[Stop, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """International channels. ``clearing_houses``: country -> who takes its reports by an API."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    dated: date
    source: Text
    exchange: Text
    clearing_houses: Mapping[CountryCode, Text]
    bases: Mapping[Destination, Text]


class Verified(StrEnum):
    """Whether somebody has read it at its source: "yes" or "no", as a table has no truth values."""

    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class PartnerHotline:
    """A row of ``partner_hotlines.csv``: a hotline that takes reports of what its country hosts."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    country: CountryCode
    name: Text
    dated: date
    source: Text
    verified: Verified


@dataclass(frozen=True, slots=True)
class Rules:
    """All of it. A country without a file has no rules: its law is unknown, never "no"."""

    countries: Mapping[str, CountryRules]
    network: Network
    hotlines: Mapping[str, tuple[PartnerHotline, ...]]
    platforms: Mapping[str, Platform]
    messages: Mapping[str, Catalog]
    weights: priority.Weights


def list_countries_with_rules(
    override_dir: Path | None = None,
) -> tuple[str, ...]:
    """Codes of every country that has a rules file, shipped or the operator's own; sorted."""
    return list_codes_with(JURISDICTION, override_dir)


def load_rules(override_dir: Path | None = None) -> Rules:
    """All rules that are in force; raises ``Misconfigured`` with every fault of every file."""
    return _load_rules(folder_of(override_dir))


@lru_cache(maxsize=32)
def _load_rules(override_dir: Path | None) -> Rules:
    """Kept until a restart: other rules come from another folder."""
    reader = _Reader()
    countries_with_rules: dict[str, CountryRules] = {}
    for code in list_countries_with_rules(override_dir):
        file = find_country_file(code, JURISDICTION, override_dir)
        country_rules = file and reader.read(
            partial(_load_country_rules, code, file, override_dir)
        )
        if country_rules:
            countries_with_rules[code] = country_rules
    network = reader.read(lambda: _load_network(override_dir))
    hotlines = reader.read(lambda: _load_hotlines(override_dir))
    catalogue = reader.read(lambda: load_platforms(override_dir))
    messages = reader.read(lambda: load_messages(override_dir))
    weights = reader.read(lambda: priority.load_weights(override_dir))
    # After all were read, so that one run names the faults of every file.
    if network is None or hotlines is None or catalogue is None:
        raise reader.refusal()
    # The file of one country may be at fault while all the others are whole.
    if messages is None or weights is None or reader.faults:
        raise reader.refusal()
    return Rules(
        countries=countries_with_rules,
        network=network,
        hotlines=_group_by_country(hotlines),
        platforms=catalogue.platforms,
        messages=messages,
        weights=weights,
    )


class _Reader:
    """Reads one file after the other and keeps every fault, so that all are named at once."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def read(self, load: Callable[[], T]) -> T | None:
        try:
            return load()
        except (Misconfigured, InvalidInput) as error:
            self.faults.append(error.message)
            return None

    def refusal(self) -> Misconfigured:
        return Misconfigured(" ".join(self.faults))


def rules_digest(override_dir: Path | None = None) -> str:
    """One value for everything that decides about routes; words and weights decide about none.

    It is kept with a routing, so that a routing by the rules of another day is known as one.
    """
    return _digest_rules(folder_of(override_dir))


@lru_cache(maxsize=32)
def _digest_rules(override_dir: Path | None) -> str:
    rules = _load_rules(override_dir)
    decisive = (
        rules.countries,
        rules.network,
        rules.hotlines,
        rules.platforms,
    )
    text = json.dumps(
        _as_plain_json(decisive), sort_keys=True, ensure_ascii=True
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _as_plain_json(value: object) -> object:
    """Rules as JSON that looks the same in every process, whatever the order of a set."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            part.name: _as_plain_json(getattr(value, part.name))
            for part in fields(value)
        }
    if isinstance(value, Mapping):
        return {
            str(key): _as_plain_json(entry) for key, entry in value.items()
        }
    if isinstance(value, set | frozenset):
        return sorted(
            json.dumps(_as_plain_json(entry), sort_keys=True)
            for entry in value
        )
    if isinstance(value, list | tuple):
        return [_as_plain_json(entry) for entry in value]
    return (
        value if isinstance(value, bool | int | float | None) else str(value)
    )


def list_faults(override_dir: Path | None = None) -> list[str]:
    """What is wrong with the routing's data files; empty when all is well."""
    try:
        load_rules(override_dir)
    except Misconfigured as error:
        return [error.message]
    return []


def _group_by_country(
    hotlines: Iterable[PartnerHotline],
) -> dict[str, tuple[PartnerHotline, ...]]:
    grouped: dict[str, tuple[PartnerHotline, ...]] = {}
    for hotline in hotlines:
        earlier = grouped.get(hotline.country, ())
        grouped[hotline.country] = (*earlier, hotline)
    return grouped


def _load_network(override_dir: Path | None) -> Network:
    return _read_toml(Network, "routing_network.toml", override_dir)


def _load_hotlines(override_dir: Path | None) -> tuple[PartnerHotline, ...]:
    name = "partner_hotlines.csv"
    rows = files.read_csv(PACKAGE, name, override_dir)
    return parse_file(tuple[PartnerHotline, ...], name, rows)


def _load_country_rules(
    code: str, file: CountryFile, override_dir: Path | None
) -> CountryRules:
    rules = parse_file(CountryRules, file.name, file.read_toml())
    faults = []
    if rules.country != code:
        faults.append(
            f"/country: is {rules.country}, but the file is named for {code}"
        )
    faults += _list_ground_faults(rules.grounds)
    if code in countries.list_countries(override_dir):
        country = countries.load_country(code, override_dir)
        # Two files say it, and of two numbers one would be wrong on the page that counts most.
        if rules.names.emergency != country.police_emergency:
            faults.append(
                f"/names/emergency: the country file says {country.police_emergency}"
            )
    if faults:
        raise Misconfigured(f"Data file {file.name}: {'; '.join(faults)}.")
    return rules


def _list_ground_faults(grounds: tuple[GroundRule, ...]) -> Iterator[str]:
    """What the shape alone cannot say of the grounds of one country."""
    for number, rule in enumerate(grounds):
        if rule.ground is GroundName.NOT_ASSESSED:
            yield f"/grounds/{number}/ground: not_assessed is said where there are no rules"
        if rule.law is Answer.YES and not rule.basis:
            yield f"/grounds/{number}: a ground that is law needs an article or a treaty"
    names = [rule.ground for rule in grounds]
    for name in sorted(set(names)):
        if names.count(name) > 1:
            yield f"/grounds: {name} appears twice"


def _read_toml(kind: type[T], name: str, override_dir: Path | None) -> T:
    return parse_file(kind, name, files.read_toml(PACKAGE, name, override_dir))
