"""Country and autonomous system of an address, from data on this machine: no question leaves it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import iptocc
import maxminddb

from hotline.core.datafiles.files import read_bytes
from hotline.core.errors import Misconfigured
from triage.hosting.facts import FactName, Observation
from triage.hosting.sources import asn as asn_table

#: Registry data name the country of *assignment*; about 95% of IPv4 agrees with a located database
#: (Zander 2012, as cited by iptocc). An MMDB that an operator chose is trusted more.
_REGISTRY_CONFIDENCE = 0.7
_MMDB_CONFIDENCE = 0.85
_SNAPSHOT_CONFIDENCE = 0.6


@dataclass(frozen=True, slots=True)
class _Source:
    """Whose answer it is, and how far it is believed."""

    name: str
    confidence: float

    def observe_fact(
        self, fact: FactName, value: str | None, address: str, now: datetime
    ) -> Observation:
        return Observation(
            fact, value, self.name, now, self.confidence, address
        )


class Geography:
    """``mmdb``: country (and ASN where it has one); ``asn_mmdb``: ASN; ``asn_csv``: a CSV file or a
    directory with ``*ipv4.csv`` and ``*ipv6.csv``. What is not given comes from what is shipped.

    Where the operator's MMDB knows the country, its answer stands alone: the registry's country of
    assignment is another thing (a block assigned in AL and used in DE), not a second opinion.
    """

    def __init__(
        self,
        mmdb: Path | None = None,
        asn_csv: Path | None = None,
        *,
        asn_mmdb: Path | None = None,
        override_dir: Path | None = None,
    ) -> None:
        self._country_db = _open_database(mmdb) if mmdb else None
        self._asn_db = (
            # Some suppliers have both in one file.
            _open_database(asn_mmdb) if asn_mmdb else self._country_db
        )
        self._asn_csv = asn_csv
        self._override_dir = override_dir
        self._table: asn_table.AsnTable | None = None
        self._lock = threading.Lock()
        self._registry_source = (
            f"iptocc {version('iptocc')} (registry assignment)"
        )

    def load_tables(self) -> None:
        """Load the tables now (half a second), where somebody would wait for the first answer."""
        # Any question loads its table; this address is nobody's.
        iptocc.country_code("192.0.2.1")
        if self._asn_db is None:
            self._loaded_table()

    def locate_address(
        self, address: str, now: datetime
    ) -> tuple[Observation, ...]:
        """Always a country and an ASN observation, with value None where nothing is known."""
        return (
            self._observe_country(address, now),
            *self._observe_asn(address, now),
        )

    def _observe_country(self, address: str, now: datetime) -> Observation:
        if self._country_db is not None:
            country = _country_of(_find_record(self._country_db, address))
            # Else the registry's word, with less trust: unknown to one is not
            # unknown.
            if country:
                source = _Source(
                    _describe_source(self._country_db), _MMDB_CONFIDENCE
                )
                return source.observe_fact(
                    FactName.COUNTRY, country, address, now
                )
        registry = _Source(self._registry_source, _REGISTRY_CONFIDENCE)
        country = iptocc.country_code(address)
        return registry.observe_fact(FactName.COUNTRY, country, address, now)

    def _observe_asn(
        self, address: str, now: datetime
    ) -> tuple[Observation, ...]:
        if self._asn_db is not None:
            record = _find_record(self._asn_db, address)
            number, name = _asn_of(record)
            if number:
                source = _Source(
                    _describe_source(self._asn_db), _MMDB_CONFIDENCE
                )
                return _asn_facts(number, name, address, now, source)
        table = self._loaded_table()
        source = _Source(
            f"ASN table of {table.date} (RouteViews, NRO, DB-IP)",
            _SNAPSHOT_CONFIDENCE,
        )
        system = table.find_system(ip_address(address))
        if system is None:
            return (source.observe_fact(FactName.ASN, None, address, now),)
        number, name = system
        return _asn_facts(number, name, address, now, source)

    def _loaded_table(self) -> asn_table.AsnTable:
        """Loaded at the first question, once a process: most commands never ask."""
        with self._lock:
            if self._table is None:
                self._table = self._load_table()
            return self._table

    def _load_table(self) -> asn_table.AsnTable:
        if self._asn_csv is None:
            data = read_bytes(
                "triage.hosting", "asn.npz.xz", self._override_dir
            )
            return asn_table.unpack_table(data)
        path = self._asn_csv
        files = [path]
        if path.is_dir():
            files = sorted(path.glob("*ipv[46].csv"))
        are_there = all(file.is_file() for file in files)
        if not files or not are_there:
            raise Misconfigured(
                f"There is no ASN table at {path.name}.",
                hint="Name a CSV file, or a directory with *ipv4.csv and *ipv6.csv.",
            )
        # The file has no date in it; of two, the newer one.
        changed = max(file.stat().st_mtime for file in files)
        return asn_table.from_csv(files, _day_of(changed))


def _asn_facts(
    number: int, name: str, address: str, now: datetime, source: _Source
) -> tuple[Observation, ...]:
    asn = source.observe_fact(FactName.ASN, f"AS{number}", address, now)
    if not name:
        return (asn,)
    return asn, source.observe_fact(FactName.AS_NAME, name, address, now)


def _open_database(path: Path) -> maxminddb.Reader:
    try:
        return maxminddb.open_database(path)
    except (OSError, ValueError) as error:
        raise Misconfigured(
            f"The address database {path.name} cannot be opened."
        ) from error
    except maxminddb.InvalidDatabaseError as error:
        raise Misconfigured(
            f"{path.name} is not an MMDB file.", hint="Download it again."
        ) from error


def _find_record(
    database: maxminddb.Reader, address: str
) -> Mapping[str, Any]:
    try:
        record = database.get(address)
    except ValueError:  # an IPv6 address in a database of IPv4 only
        return {}
    return record if isinstance(record, dict) else {}


def _describe_source(database: maxminddb.Reader) -> str:
    about = database.metadata()
    built = _day_of(about.build_epoch)
    return f"MMDB {about.database_type} of {built}"


def _day_of(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.date().isoformat()


def _country_of(record: Mapping[str, Any]) -> str | None:
    """MaxMind and DB-IP nest ``country.iso_code``; ip-location-db and IPinfo are flat."""
    country = record.get("country")
    if isinstance(country, dict):
        code = country.get("iso_code")
    else:
        code = record.get("country_code")
        if code is None:
            code = country
    # Formats differ from supplier to supplier: only two letters are taken for a country.
    if isinstance(code, str) and len(code) == 2:
        return code.upper()
    return None


def _asn_of(record: Mapping[str, Any]) -> tuple[int, str]:
    number = record.get("autonomous_system_number", record.get("asn", 0))
    name = record.get(
        "autonomous_system_organization", record.get("as_name", "")
    )
    holder = str(name or "")
    # Some write 64500, others AS64500.
    digits = str(number).upper().removeprefix("AS")
    if not digits.isdigit():
        return 0, holder
    return int(digits), holder
