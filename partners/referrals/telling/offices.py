"""What each kind of office may be told, and what it needs to act: one data file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict

from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file
from hotline.core.errors import Misconfigured
from partners.referrals.vocabulary import BY_ANSWER, OfficeOutcome

FILE = "offices.toml"
PACKAGE = "partners.referrals"


class Disclosure(StrEnum):
    """A part of a case that an office may get."""

    LOCATIONS = "locations"
    """Where it lies: addresses, and how often each was reported."""
    HOSTING = "hosting"
    FILES = "files"
    """Hashes, and what known-hash lists say of them."""
    ASSESSMENT = "assessment"
    CHILD = "child"
    """What is known of the affected children."""
    REPORTED_PERSON = "reported_person"
    CHILD_IDENTIFIERS = "child_identifiers"
    PERSON_IDENTIFIERS = "person_identifiers"
    """What leads to the reported person, or to nobody knows whom."""
    SUMMARY = "summary"
    """What an analyst wrote for this kind of office."""
    CONTACT = "contact"
    """How to reach a reporter who said yes to this kind of office."""


@dataclass(frozen=True, slots=True)
class Office:
    """One kind of office, as the data file has it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    basis: str
    gets: tuple[Disclosure, ...]
    acts_on: tuple[Disclosure, ...]
    outcomes: tuple[OfficeOutcome, ...] = ()
    """What such an office can say to have come of it, beside its answers."""
    contact_in_danger: bool = False
    """Whether a person may let it have a contact without consent, while a child is in danger."""


@dataclass(frozen=True, slots=True)
class _Offices:
    """The whole file: a table for each addressee of a route that is told by a referral."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    police: Office
    interpol_ncb: Office
    hotline: Office
    ncmec: Office
    helpline: Office
    child_protection_unit: Office
    anti_trafficking_unit: Office
    school_psychologist: Office
    prosecutor: Office
    regulator: Office


OFFICES = frozenset(field.name for field in fields(_Offices))
BY_HAND = frozenset({"regulator"})
"""No letter goes to these: a person tells them, what the file allows, and writes that down."""
REFERRAL_ROUTES = OFFICES - BY_HAND
"""Addressees of routes that are told by a referral."""


@cache
def load_offices(override_dir: Path | None = None) -> Mapping[str, Office]:
    """Every kind of office by the route's "to". Raises ``Misconfigured`` for a misspelt word."""
    data = files.read_toml(PACKAGE, FILE, override_dir)
    shape = parse_file(_Offices, FILE, data)
    offices = {name: getattr(shape, name) for name in OFFICES}
    for name, office in offices.items():
        if not office.acts_on or not set(office.acts_on) <= set(office.gets):
            raise Misconfigured(
                f"Data file {FILE}: [{name}] acts_on must name some of what it gets."
            )
        # Said twice, by the answer and by the list, it would be counted twice.
        if BY_ANSWER & set(office.outcomes):
            raise Misconfigured(
                f"Data file {FILE}: [{name}] outcomes names what an answer says already."
            )
        if office.contact_in_danger and Disclosure.CONTACT not in office.gets:
            raise Misconfigured(
                f"Data file {FILE}: [{name}] contact_in_danger without contact in gets."
            )
    return offices
