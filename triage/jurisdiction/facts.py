"""The facts that decide whose case it is. Each may be missing, and missing means unknown.

Facts come from hosting look-ups, from the assessment and from what a reporter said. They are read
strictly: a misspelt field would otherwise be an unknown, and an unknown is easily overlooked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict, Field

from hotline.core.datafiles.shapes import parse_shape
from hotline.core.datafiles.vocabulary import (
    NO_COUNTRY,
    CountryCode,
    country_codes,
    one_of,
)
from hotline.core.errors import InvalidInput
from hotline.intake.registry.kinds import ReportKind
from triage.hosting.kinds import HostingKind
from triage.jurisdiction.vocabulary import AssessmentClass, PlaceFact

REGIONS = frozenset({"EU", "AP"})
"""Where a registry names only its region for an address: a real answer, but not a country."""


def _countries_and_regions() -> frozenset[str]:
    return country_codes() | REGIONS


NetworkCountry = Annotated[
    str, AfterValidator(one_of(_countries_and_regions, NO_COUNTRY))
]
Words = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
]


@dataclass(frozen=True, slots=True)
class Victim:
    """The affected child. ``is_adult``: whoever is concerned is no child after all."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    country: CountryCode | None = None
    nationality: CountryCode | None = None
    residence: CountryCode | None = None
    at_immediate_risk: bool | None = None
    known_identity: bool | None = None
    municipality: Words | None = None
    is_adult: bool | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """The reported person. ``conduct_punishable_there`` is dual criminality.

    ``is_child``: a child who displayed harmful behaviour; help comes first for that child as well.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    country: CountryCode | None = None
    nationality: CountryCode | None = None
    residence: CountryCode | None = None
    ip_country: NetworkCountry | None = None
    conduct_punishable_there: bool | None = None
    is_child: bool | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts of one item. ``known_list``: whether, or in which class, it is listed.

    ``own_material``: it shows the reporter, who is a child unless it is known that they are not.
    ``address_used``: whether the location is an IP address that a person used, and no host.
    ``case_platforms``: all on which locations of its case lie.
    ``reporter_cares_for_child``: a parent, or somebody who works with the child, reports.
    ``time_presses``: a report tells of a meeting soon, a deadline, or abuse that goes on now.
    ``child_said_elsewhere``: a report gives another country as the child's, which nobody noted yet.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    home: CountryCode | None = None
    hosting_country: NetworkCountry | None = None
    hosting_kind: HostingKind = HostingKind.UNKNOWN
    address_used: bool | None = None
    platform: Words | None = None
    case_platforms: tuple[Words, ...] = ()
    generated_in: CountryCode | None = None
    victim: Victim = field(default_factory=Victim)
    suspect: Suspect = field(default_factory=Suspect)
    reporter_is_child: bool | None = None
    reporter_cares_for_child: bool | None = None
    child_said_elsewhere: bool | None = None
    time_presses: bool | None = None
    own_material: bool | None = None
    kind: ReportKind | None = None
    assessment: AssessmentClass = AssessmentClass.UNASSESSED
    known_list: bool | Words | None = None

    @classmethod
    def from_json(cls, data: object) -> Facts:
        """Facts from parsed JSON; null is unknown. Raises ``InvalidInput`` with JSON pointers."""
        if not isinstance(data, Mapping):
            raise InvalidInput(
                "/: must be an object of facts.",
                fields={"": "must be an object"},
            )
        stated = {
            name: value for name, value in data.items() if value is not None
        }
        return parse_shape(cls, stated)

    @property
    def is_child_reporting(self) -> bool:
        """A child reports, or it is a child's own picture; an adult in the picture is no child."""
        is_grown_up = (
            self.victim.is_adult is True or self.reporter_is_child is False
        )
        is_own = self.own_material is True and not is_grown_up
        return self.reporter_is_child is True or is_own

    @property
    def is_child_in_contact(self) -> bool:
        """Of a kind in which somebody acts against a child right now, or may at any time."""
        if self.victim.is_adult is True:
            return False
        return self.kind is not None and self.kind.row.child_in_contact

    @property
    def is_elsewhere(self) -> bool:
        """Of a kind that is not this hotline's field: kept apart, referred elsewhere."""
        return self.kind is not None and self.kind.row.elsewhere

    @property
    def is_person_s_address(self) -> bool:
        """It is the address of somebody who took part, not of a server."""
        if self.address_used is not None:
            return self.address_used
        # In doubt it is a person's: nobody asks a subscriber to take themselves
        # down.
        is_among_peers = self.kind is ReportKind.P2P
        return is_among_peers and self.hosting_kind is HostingKind.HOST

    @property
    def stored_in(self) -> str | None:
        """Where the material lies. A CDN's address, an onion or a peer says nothing about that."""
        if self.hosting_kind.hides_place or self.is_person_s_address:
            return None
        if self.hosting_country in REGIONS:
            return None
        return self.hosting_country

    def place(self, path: PlaceFact) -> str | None:
        """The country that the fact ``path`` names; None = unknown.

        ``facts.place(PlaceFact.VICTIM_RESIDENCE)`` is ``facts.victim.residence``.
        """
        country: str | None
        if path is PlaceFact.HOSTING_COUNTRY:
            return self.stored_in
        # The location is that person's address: where it is registered is where the person was.
        if path is PlaceFact.SUSPECT_IP_COUNTRY and self.is_person_s_address:
            country = self.suspect.ip_country or self.hosting_country
            return None if country in REGIONS else country
        owner_name, _, name = path.rpartition(".")
        owner = getattr(self, owner_name) if owner_name else self
        country = getattr(owner, name)
        return None if country in REGIONS else country

    def places(self) -> Iterator[tuple[PlaceFact, str]]:
        """(path, country) of every place that is known."""
        for path in PlaceFact:
            country = self.place(path)
            if country is not None:
                yield path, country
