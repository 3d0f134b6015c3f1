"""What somebody typed into the box, read once for all who look for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.accounts.permissions import role_allows
from hotline.core.context import Context
from hotline.core.storage.reference_numbers import find_references
from triage.cases.people.reading.words import SaidIdentifier, find_identifiers
from triage.cases.people.vocabulary import IdentifierKind
from triage.locations import Location, identify_locations
from triage.locations.catalogue import load_platforms
from triage.locations.catalogue_values import Catalogue
from triage.locations.others.address_use import IP_ADDRESS

LONGEST = 4_000
"""Characters that are read of what was typed."""
MOST_PLACES = 20
"""Locations and identifiers of one question that are looked up."""

LONGEST_REFERENCE = 120
_NUMBER = re.compile(r"(?:AS\s*|AS N\s*|ASN\s*)(\d{1,10})", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[0-9a-f]{16,128}")
_HASH_NAME = re.compile(r"^(?:md5|sha-?1|sha-?256|pdq|phash)\s*[:=]\s*", re.I)
_HANDLE = re.compile(r"@?[\w.-]{2,60}")
_FIRST_PAGE = re.compile(r"https?://[^/]+/?")


@dataclass(frozen=True)
class Asked:
    """One question, who asks it, and what can be read in it."""

    text: str
    session: Session
    context: Context
    person: Person
    now: datetime

    def may(self, permission: str) -> bool:
        """Whether whoever asks has ``permission``."""
        return role_allows(self.person.role, permission)

    @cached_property
    def _catalogue(self) -> Catalogue:
        return load_platforms(self.context.settings.data_dir)

    @property
    def region(self) -> str:
        """Whose national telephone numbers are meant."""
        return self.context.settings.country

    @cached_property
    def locations(self) -> Sequence[Location]:
        """Every place that is named, and what a redirector or an archive wraps."""
        locations: dict[str, Location] = {}
        for location in identify_locations(
            self.text, self.region, catalogue=self._catalogue
        )[:MOST_PLACES]:
            # Both, as a case may lie at either.
            for place in (location, *location.wraps):
                if place.key:
                    locations.setdefault(place.key, place)
        return list(locations.values())

    @cached_property
    def hosts(self) -> Sequence[str]:
        """Hosts of which no page was named: whoever types one asks for all that lies there.

        An address is one, whatever port and time stand with it.
        """
        named = [
            place.host
            for place in self.locations
            if place.host and _FIRST_PAGE.fullmatch(place.canonical)
        ]
        return [*named, *self.addresses]

    @cached_property
    def addresses(self) -> Sequence[str]:
        """IP addresses that were typed, whatever port and time stand with them."""
        return [
            place.host
            for place in self.locations
            if place.host and place.kind == IP_ADDRESS
        ]

    @cached_property
    def references(self) -> Sequence[str]:
        """Of cases, letters and notices, wherever in the text they stand; else all of it."""
        named = find_references(self.text)[:MOST_PLACES]
        return named or [self.text.upper()[:LONGEST_REFERENCE]]

    @cached_property
    def autonomous_system(self) -> str:
        """``AS64500`` where nothing else was typed; else empty."""
        number = _NUMBER.fullmatch(self.text)
        # As a number: "AS 064500" is the same.
        return f"AS{int(number[1])}" if number else ""

    @cached_property
    def hash_value(self) -> str:
        """A hash in hexadecimal, whatever it was called; empty where none was typed."""
        bare = _HASH_NAME.sub("", self.text).replace(" ", "").lower()
        return bare if _HEXADECIMAL.fullmatch(bare) else ""

    @cached_property
    def identifiers(self) -> Sequence[SaidIdentifier]:
        """Accounts, numbers and wallets; of a bare handle, those of each platform that has such."""
        identifiers = find_identifiers(self.text, self.region, self._catalogue)
        return (*identifiers[:MOST_PLACES], *self._handle_anywhere())

    @cached_property
    def is_exact(self) -> bool:
        """Whether it is an address, a hash or a number, which is nobody's name."""
        if self.hash_value or self.autonomous_system or self.locations:
            return True
        return any(
            identifier.kind is not IdentifierKind.ACCOUNT
            for identifier in self.identifiers
        )

    def _handle_anywhere(self) -> Sequence[SaidIdentifier]:
        # A hash looks like a handle, and is none.
        if not _HANDLE.fullmatch(self.text) or self.hash_value:
            return ()
        name = "@" + self.text.removeprefix("@")
        attempts = "\n".join(
            f"{platform.handle.words[0]}: {name}"
            for platform in self._catalogue.platforms.values()
            if platform.handle is not None and platform.handle.words
        )
        return find_identifiers(attempts, self.region, self._catalogue)
