"""The facts that decide whose case it is. Each may be missing, and missing means unknown.

Facts come from hosting look-ups, from the assessment and from what a reporter said. They are read
strictly: a misspelt field would otherwise be an unknown, and an unknown is easily overlooked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, ClassVar, Literal

from babel import Locale
from pydantic import AfterValidator, ConfigDict, Field

from hotline.core.datafiles.shapes import parse
from hotline.core.errors import InvalidInput

HostingKind = Literal["host", "cdn", "onion", "p2p", "platform", "unknown"]
Assessment = Literal[
    "unassessed", "baseline", "national", "not_illegal", "cannot_determine"
]

NOT_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "ZZ", "XX"})
"""Codes that stand for a region, or for "unknown": an unknown country is left out, not coded."""


@cache
def country_codes() -> frozenset[str]:
    """Two-letter codes in use (CLDR), and the user-assigned ones AA and XA..XZ of ISO 3166-1."""
    in_use = {
        code
        for code in map(str, Locale("en").territories)
        if re.fullmatch("[A-Z]{2}", code)
    }
    own = {"AA"} | {"X" + chr(letter) for letter in range(ord("A"), ord("Z") + 1)}
    return frozenset((in_use | own) - NOT_COUNTRIES)


def _country(value: str) -> str:
    if value not in country_codes():
        raise ValueError(
            "is not a country code (two capital letters; leave it out when unknown)"
        )
    return value


def _registered(value: str) -> str:
    return value if value in REGIONS else _country(value)


REGIONS = frozenset({"EU", "AP"})
"""Where a registry names only its region for an address: a real answer, but not a country."""

Place = Annotated[str, AfterValidator(_country)]
NetworkPlace = Annotated[str, AfterValidator(_registered)]
Words = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Slug = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")]


@dataclass(frozen=True, slots=True)
class Victim:
    """The affected child."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    country: Place | None = None
    nationality: Place | None = None
    residence: Place | None = None
    at_immediate_risk: bool | None = None
    known_identity: bool | None = None
    municipality: Words | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """The reported person. ``conduct_punishable_there`` is dual criminality."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    country: Place | None = None
    nationality: Place | None = None
    residence: Place | None = None
    ip_country: NetworkPlace | None = None
    conduct_punishable_there: bool | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts of one item. ``known_list``: whether, or in which class, it is listed."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    home: Place | None = None
    hosting_country: NetworkPlace | None = None
    hosting_kind: HostingKind = "unknown"
    platform: Words | None = None
    generated_in: Place | None = None
    victim: Victim = field(default_factory=Victim)
    suspect: Suspect = field(default_factory=Suspect)
    reporter_is_child: bool | None = None
    own_material: bool | None = None
    kind: Slug | None = None
    assessment: Assessment = "unassessed"
    known_list: bool | Words | None = None

    @classmethod
    def from_json(cls, data: object) -> Facts:
        """Facts from parsed JSON; null is unknown. Raises ``InvalidInput`` with JSON pointers."""
        if not isinstance(data, Mapping):
            raise InvalidInput(
                "/: must be an object of facts.", fields={"": "must be an object"}
            )
        return parse(
            cls, {name: value for name, value in data.items() if value is not None}
        )

    @property
    def stored_in(self) -> str | None:
        """Where the material lies. A CDN's address, an onion or a peer says nothing about that."""
        hides = (
            self.hosting_kind in {"cdn", "onion", "p2p"}
            or self.hosting_country in REGIONS
        )
        return None if hides else self.hosting_country

    def place(self, path: str) -> str | None:
        """The country that the fact ``path`` names, e.g. ``"victim.residence"``; None = unknown."""
        if path == "hosting_country":
            return self.stored_in
        owner, _, name = path.rpartition(".")
        found: str | None = getattr(getattr(self, owner) if owner else self, name)
        return None if found in REGIONS else found

    def places(self) -> Iterator[tuple[str, str]]:
        """(path, country) of every place that is known."""
        for path in PLACES:
            country = self.place(path)
            if country is not None:
                yield path, country


TERRITORY = (
    "hosting_country",
    "generated_in",
    "victim.country",
    "suspect.country",
    "suspect.ip_country",
)
PERSONAL = (
    "victim.nationality",
    "victim.residence",
    "suspect.nationality",
    "suspect.residence",
)
PLACES = TERRITORY + PERSONAL
