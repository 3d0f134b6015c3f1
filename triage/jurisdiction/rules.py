"""What the engine is fed with: the law of each country, the network of hotlines, the words.

Everything here is a file that a changed law or a new partner edits; code knows no country:

- ``jurisdiction_<code>.toml``: grounds, names of authorities, legal bases, stop list
- ``routing_network.toml``: clearing houses, bases of international channels, kinds of report
- ``partner_hotlines.csv``: which country has a hotline

Where the company that runs a platform has its seat stands with the platform's addresses, in
``platforms.toml`` of ``triage.locations``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import ConfigDict, Field

from hotline.core.datafiles import countries, files
from hotline.core.datafiles.shapes import parse_file
from hotline.core.errors import InvalidInput, Misconfigured
from triage import priority
from triage.jurisdiction.facts import PLACES, Place
from triage.jurisdiction.messages import PACKAGE, Catalog, load_messages
from triage.locations.catalogue import Platform, load_platforms

FILE_NAME = re.compile(r"jurisdiction_([a-z]{2})\.toml")

Text = Annotated[str, Field(min_length=1, max_length=400)]
To = Literal[
    "emergency",
    "helpline",
    "child_protection_unit",
    "manual_review",
    "police",
    "interpol_ncb",
    "hotline",
    "iccam",
    "ncmec",
    "preservation_request",
    "cdn_notice",
    "platform",
    "provider_notice",
    "regulator",
    "close",
    "signpost",
]
GroundName = Literal[
    "territoriality",
    "active_personality",
    "habitual_residence",
    "passive_personality",
    "passive_residence",
    "prosecution_without_complaint",
]
Condition = Literal["dual_criminality", "presence_or_extradition"]
Status = Literal["yes", "no", "unknown"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GroundRule:
    """One ground of one country's law. ``law``: whether the law knows it; "unknown" = not verified.

    It is met when any of ``facts`` names the country and every condition holds.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    ground: GroundName
    law: Status
    dated: date
    source: Text
    verified: bool
    facts: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    article: str = ""
    treaty: str = ""

    @property
    def basis(self) -> str:
        return "; ".join(filter(None, (self.article, self.treaty)))


@dataclass(frozen=True, slots=True)
class Names:
    """Whom the routes of this country name. Empty = there is none, and no such route is made."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    emergency: Text
    police: Text
    interpol_ncb: Text
    helpline: Text
    child_protection_unit: str = ""
    regulator: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """A country to which nothing goes before a person has decided."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    country: Place
    reason: Text
    source: Text


@dataclass(frozen=True, slots=True)
class CountryRules:
    """The rules of one country. ``bases``: legal basis by kind of route."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    country: Place
    dated: date
    source: Text
    names: Names
    bases: Mapping[To, Text]
    grounds: Annotated[tuple[GroundRule, ...], Field(min_length=1)]
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
    clearing_houses: Mapping[Place, Text]
    bases: Mapping[To, Text]
    urgent_kinds: tuple[str, ...]
    signpost_kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartnerHotline:
    """A row of ``partner_hotlines.csv``: a hotline that takes reports of what its country hosts."""

    country: Place
    name: Text
    dated: date
    source: Text
    verified: Literal["yes", "no"]


@dataclass(frozen=True, slots=True)
class Rules:
    """All of it. A country without a file has no rules: its law is unknown, never "no"."""

    countries: Mapping[str, CountryRules]
    network: Network
    hotlines: Mapping[str, tuple[PartnerHotline, ...]]
    platforms: Mapping[str, Platform]
    messages: Mapping[str, Catalog]
    weights: priority.Weights


def country_codes_with_rules(override_dir: Path | None = None) -> tuple[str, ...]:
    """Codes of every country that has a rules file, shipped or the operator's own; sorted."""
    names = [entry.name for entry in (resources.files(PACKAGE) / "data").iterdir()]
    if override_dir is not None and (override_dir / "data").is_dir():
        names += [entry.name for entry in (override_dir / "data").iterdir()]
    return tuple(
        sorted({hit[1].upper() for name in names if (hit := FILE_NAME.fullmatch(name))})
    )


@cache
def load_rules(override_dir: Path | None = None) -> Rules:
    """All rules; raises ``Misconfigured`` with every fault of every file. Kept until a restart."""
    wrong: list[str] = []

    def tried(load: Callable[[], T]) -> T | None:
        try:
            return load()
        except (Misconfigured, InvalidInput) as error:
            wrong.append(error.message)
            return None

    codes = country_codes_with_rules(override_dir)
    found = {code: tried(partial(_country_rules, code, override_dir)) for code in codes}
    network = tried(lambda: _toml(Network, "routing_network.toml", override_dir))
    hotlines = tried(
        lambda: _rows(PartnerHotline, "partner_hotlines.csv", override_dir)
    )
    places = tried(lambda: load_platforms(override_dir))
    messages = tried(lambda: load_messages(override_dir))
    weights = tried(lambda: priority.load_weights(override_dir))
    if wrong or not (
        network and hotlines is not None and places and messages and weights
    ):
        raise Misconfigured(" ".join(wrong))
    return Rules(
        countries={code: rules for code, rules in found.items() if rules},
        network=network,
        hotlines={
            code: tuple(one for one in hotlines if one.country == code)
            for code in {one.country for one in hotlines}
        },
        platforms=places.platforms,
        messages=messages,
        weights=weights,
    )


@cache
def rules_digest(override_dir: Path | None = None) -> str:
    """One value for everything that decides about routes; words and weights decide about none.

    It is kept with a routing, so that a routing by the rules of another day is known as one.
    """
    rules = load_rules(override_dir)
    decisive = (rules.countries, rules.network, rules.hotlines, rules.platforms)
    text = json.dumps(_plain(decisive), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    """Rules as JSON that looks the same in every process, whatever the order of a set."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(json.dumps(_plain(entry), sort_keys=True) for entry in value)
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value if isinstance(value, bool | int | float | None) else str(value)


def faults(override_dir: Path | None = None) -> list[str]:
    """What is wrong with the routing's data files; empty when all is well."""
    try:
        load_rules(override_dir)
    except Misconfigured as error:
        return [error.message]
    return []


def _country_rules(code: str, override_dir: Path | None) -> CountryRules:
    name = f"jurisdiction_{code.lower()}.toml"
    rules = _toml(CountryRules, name, override_dir)
    wrong = []
    if rules.country != code:
        wrong.append(f"/country: is {rules.country}, but the file is named for {code}")
    for number, rule in enumerate(rules.grounds):
        wrong += [
            f"/grounds/{number}/facts: there is no place {path!r}"
            for path in rule.facts
            if path not in PLACES
        ]
        if rule.law == "yes" and not rule.basis:
            wrong.append(
                f"/grounds/{number}: a ground that is law needs an article or a treaty"
            )
    seen = [rule.ground for rule in rules.grounds]
    wrong += [
        f"/grounds: {one} stands twice"
        for one in sorted(set(seen))
        if seen.count(one) > 1
    ]
    if code in countries.available(override_dir):
        number_shown = countries.load_country(code, override_dir).police_emergency
        if rules.names.emergency != number_shown:
            wrong.append(f"/names/emergency: the country file says {number_shown}")
    if wrong:
        raise Misconfigured(f"Data file {name}: {'; '.join(wrong)}.")
    return rules


def _toml(kind: type[T], name: str, override_dir: Path | None) -> T:
    return parse_file(kind, name, files.read_toml(PACKAGE, name, override_dir))


def _rows(kind: type[T], name: str, override_dir: Path | None) -> tuple[T, ...]:
    rows = files.read_csv(PACKAGE, name, override_dir)
    return parse_file(tuple[kind, ...], name, rows)  # type: ignore[valid-type]
