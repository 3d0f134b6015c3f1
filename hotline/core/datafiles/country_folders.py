"""The registry of countries: one folder a country, and all data of the country is in there.

To add a country, add a folder ``hotline/countries/<CODE>/`` (or ``<data dir>/countries/<CODE>/`` on
one installation). A folder may hold

- ``country.toml``        names, languages, clock, helplines, police: ``core.datafiles.countries``
- ``jurisdiction.toml``   who may prosecute what, on what basis: ``triage.jurisdiction``
- ``partners.toml``       offices that no other file names: ``partners.directory``
- ``municipalities.csv``  municipalities, and the county of each: ``partners.directory``
- ``retention.toml``      how long what is kept, and why: ``core.datafiles.periods``
- ``units.csv``           offices for some municipalities each, by name: ``partners.directory``

Each reader says what is in its file. An operator's own file comes before a shipped one of the same
name; so does one under the name that it had before there were folders (``FORMER_NAMES``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotline.core.datafiles import files

FOLDER = "countries"
SHIPPED = Path(__file__).resolve().parents[2] / FOLDER
CODE = re.compile("[A-Z]{2}")

COUNTRY = "country.toml"
JURISDICTION = "jurisdiction.toml"
PARTNERS = "partners.toml"
MUNICIPALITIES = "municipalities.csv"
UNITS = "units.csv"
RETENTION = "retention.toml"
KNOWN_NAMES = frozenset(
    {COUNTRY, JURISDICTION, PARTNERS, MUNICIPALITIES, UNITS, RETENTION}
)
FORMER_NAMES: Mapping[str, str] = {
    COUNTRY: "country_{code}.toml",
    JURISDICTION: "jurisdiction_{code}.toml",
}
"""What a file is called in ``<data dir>/data/``, where an operator has it from earlier."""


@dataclass(frozen=True, slots=True)
class CountryFile:
    """One file of one country. ``name`` is what a fault in it is told by."""

    name: str
    path: Path

    def read_toml(self) -> Mapping[str, Any]:
        return files.parse_toml(self.name, self.path.read_bytes())

    def read_csv(self) -> list[dict[str, str]]:
        return files.parse_csv(self.name, self.path.read_bytes())


def find_country_file(
    code: str, name: str, override_dir: Path | None = None
) -> CountryFile | None:
    """The file ``name`` of the country; the operator's own where there are two."""
    # It becomes part of a path, and may come from outside.
    if not CODE.fullmatch(code):
        return None
    in_folder = f"{FOLDER}/{code}/{name}"
    candidates = [CountryFile(in_folder, SHIPPED / code / name)]
    if override_dir is not None:
        # The first that is there counts: the operator's, then what they named
        # as earlier versions did, then ours.
        own = CountryFile(in_folder, override_dir / in_folder)
        candidates = [
            own,
            *_former_file(code, name, override_dir),
            *candidates,
        ]
    for candidate in candidates:
        if candidate.path.is_file():
            return candidate
    return None


def list_codes_with(
    name: str, override_dir: Path | None = None
) -> tuple[str, ...]:
    """Codes of every country that has a file ``name``, shipped or the operator's own; sorted."""
    codes = {
        folder.name
        for root in _list_roots(override_dir)
        for folder in _country_folders(root)
        if (folder / name).is_file()
    }
    if override_dir is not None and name in FORMER_NAMES:
        codes |= set(_codes_by_former_name(name, override_dir / "data"))
    return tuple(sorted(codes))


def find_folder_faults(override_dir: Path | None = None) -> list[str]:
    """Folders and files that nothing reads, since their names are misspelt."""
    return [
        fault
        for root in _list_roots(override_dir)
        for fault in _faults_of_names(root)
    ]


def _list_roots(override_dir: Path | None) -> tuple[Path, ...]:
    if override_dir is None:
        return (SHIPPED,)
    return (SHIPPED, override_dir / FOLDER)


def _country_folders(root: Path) -> Iterator[Path]:
    if root.is_dir():
        for folder in sorted(root.iterdir()):
            if folder.is_dir() and CODE.fullmatch(folder.name):
                yield folder


def _former_file(
    code: str, name: str, override_dir: Path
) -> Iterator[CountryFile]:
    if name in FORMER_NAMES:
        former = FORMER_NAMES[name].format(code=code.lower())
        yield CountryFile(former, override_dir / "data" / former)


def _codes_by_former_name(name: str, folder: Path) -> Iterator[str]:
    pattern = re.compile(FORMER_NAMES[name].format(code="([a-z]{2})"))
    if folder.is_dir():
        for entry in folder.iterdir():
            match = pattern.fullmatch(entry.name)
            if match:
                yield match[1].upper()


def _faults_of_names(root: Path) -> Iterator[str]:
    if not root.is_dir():
        return
    for folder in sorted(root.iterdir()):
        if folder.is_dir() and not CODE.fullmatch(folder.name):
            yield f"Folder {folder}: {folder.name!r} is not the code of a country, e.g. AL."
    for folder in _country_folders(root):
        for path in sorted(folder.iterdir()):
            # A misspelt file would be read by nobody, and the law in it would
            # not count.
            if path.name not in KNOWN_NAMES:
                yield f"{path}: a country has no file of this name."
