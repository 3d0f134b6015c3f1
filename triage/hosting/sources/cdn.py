"""Is this address the host's own, or a delivery network in front of it?

The difference decides who gets the notice: a delivery network cannot remove what it only passes on.
Evidence is the published ranges, the announcing AS, the alias a name points to, and headers.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from hotline.core.datafiles.files import read_toml
from hotline.core.datafiles.vocabulary import find_unknown
from hotline.core.errors import Misconfigured

#: How far each kind of evidence is believed. A header is the weakest: the origin writes it.
_CONFIDENCE = {
    "range": 0.95,
    "alias": 0.9,
    "asn": 0.85,
    "header": 0.7,
}
_LONGEST_HEADER = 500
_FIELDS = (
    "name",
    "source",
    "date",
    "ranges",
    "ranges_complete",
    "asns",
    "aliases",
    "headers",
)
_NEEDED = ("name", "source", "date")

Header = tuple[str, re.Pattern[str]]
"""A header's name in lower case, and what its value looks like."""


@dataclass(frozen=True, slots=True)
class Cdn:
    name: str
    source: str
    date: date
    ranges: tuple[str, ...]
    ranges_complete: bool
    asns: frozenset[int]
    aliases: tuple[str, ...]
    headers: tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class _Span:
    """A range of addresses as numbers; ``text`` is how the file writes it."""

    first: int
    last: int
    text: str
    cdn: Cdn


@dataclass(frozen=True, slots=True)
class Sighting:
    """``evidence``: "range 104.16.0.0/13", "asn AS57724", "alias b-cdn.net", "header cf-ray"."""

    name: str
    evidence: str
    source: str
    confidence: float
    subject: str | None


class CdnRanges:
    """The table of delivery networks, made for many look-ups."""

    def __init__(self, networks: Iterable[Cdn]) -> None:
        self._cdns = tuple(networks)
        self._by_asn = {asn: cdn for cdn in self._cdns for asn in cdn.asns}
        self._spans: dict[int, list[_Span]] = {4: [], 6: []}
        for cdn in self._cdns:
            for text in cdn.ranges:
                network = ip_network(text)
                first = int(network.network_address)
                last = int(network.broadcast_address)
                span = _Span(first, last, text, cdn)
                self._spans[network.version].append(span)
        self._firsts: dict[int, list[int]] = {}
        for version, spans in self._spans.items():
            spans.sort(key=lambda span: (span.first, span.last))
            self._firsts[version] = [span.first for span in spans]

    @classmethod
    def load_file(cls, override_dir: Path | None = None) -> CdnRanges:
        """From ``cdn.toml``; all faults of the file are named at once."""
        raw = read_toml("triage.hosting", "cdn.toml", override_dir)
        faults = find_unknown(raw, ("version", "cdn"))
        cdns = []
        for index, entry in enumerate(raw.get("cdn", [])):
            cdn = _read_cdn(entry, index, faults)
            if cdn is not None:
                cdns.append(cdn)
        # All of them at once: who mends a file wants to do it once.
        if faults:
            listed = "; ".join(faults)
            raise Misconfigured(f"Data file cdn.toml has faults: {listed}.")
        return cls(cdns)

    def detect_networks(
        self,
        addresses: Iterable[str],
        *,
        asns: Mapping[str, str] | None = None,
        aliases: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Sighting, ...]:
        """``asns`` maps an address to "AS12345"; ``headers`` are those of the answer, if any."""
        looked_up = tuple(addresses)
        sightings: list[Sighting] = []
        for address in looked_up:
            sightings += self._by_range(address)
        # Taken before the others are asked: a header is believed by ranges
        # alone.
        ranged = {sighting.name for sighting in sightings}
        for address, asn in (asns or {}).items():
            number = int(asn.removeprefix("AS"))
            cdn = self._by_asn.get(number)
            if cdn is not None:
                sightings.append(_make_sighting(cdn, "asn", asn, address))
        for alias in aliases:
            sightings += self._by_alias(alias)
        sightings += self._by_headers(headers or {}, looked_up, ranged)
        return tuple(sightings)

    def _by_range(self, address: str) -> list[Sighting]:
        parsed = ip_address(address)
        number = int(parsed)
        firsts = self._firsts[parsed.version]
        after = bisect_right(firsts, number)
        if after == 0:
            return []
        spans = self._spans[parsed.version]
        # Published ranges do not overlap, so that the one that begins last
        # before the address is the one.
        span = spans[after - 1]
        if number > span.last:
            return []
        return [_make_sighting(span.cdn, "range", span.text, address)]

    def _by_alias(self, alias: str) -> list[Sighting]:
        return [
            _make_sighting(cdn, "alias", end, None)
            for cdn in self._cdns
            for end in cdn.aliases
            if _is_under(alias, end)
        ]

    def _by_headers(
        self,
        headers: Mapping[str, str],
        addresses: tuple[str, ...],
        ranged: set[str],
    ) -> list[Sighting]:
        lower = {
            name.lower(): value.strip() for name, value in headers.items()
        }
        sightings = []
        for cdn in self._cdns:
            if cdn.ranges_complete and addresses and cdn.name not in ranged:
                continue  # forged or passed on from behind: the address says otherwise
            header = _find_header(cdn, lower)
            if header is not None:
                sighting = _make_sighting(cdn, "header", header, None)
                sightings.append(sighting)
        return sightings


def _is_under(alias: str, end: str) -> bool:
    return alias == end or alias.endswith(f".{end}")


def _find_header(cdn: Cdn, headers: Mapping[str, str]) -> str | None:
    """The first header that shows this network; ``headers`` have names in lower case."""
    for name, pattern in cdn.headers:
        value = headers.get(name)
        if value is None:
            continue
        # The value is a stranger's, and patterns may be slow on long ones.
        if pattern.fullmatch(value[:_LONGEST_HEADER]):
            return name
    return None


def _make_sighting(
    cdn: Cdn, kind: str, what: str, subject: str | None
) -> Sighting:
    evidence = f"{kind} {what}"
    day = cdn.date.isoformat()
    source = f"cdn.toml {day}: {evidence}"
    return Sighting(cdn.name, evidence, source, _CONFIDENCE[kind], subject)


def _read_cdn(
    entry: Mapping[str, Any], index: int, faults: list[str]
) -> Cdn | None:
    name = entry.get("name", "")
    where = f"cdn[{index}] {name!r}"
    own: list[str] = find_unknown(entry, _FIELDS)
    for key in _NEEDED:
        if not entry.get(key):
            own.append(f"{key} is missing")
    own += _check_ranges(entry)
    headers = _read_headers(entry, own)
    # Not used at all: half a network would tell a host's address for its own.
    if own:
        faults += [f"{where}: {fault}" for fault in own]
        return None
    aliases = [alias.lower() for alias in entry.get("aliases", ())]
    return Cdn(
        name=entry["name"],
        source=entry["source"],
        date=entry["date"],
        ranges=tuple(entry.get("ranges", ())),
        ranges_complete=bool(entry.get("ranges_complete", False)),
        asns=frozenset(entry.get("asns", ())),
        aliases=tuple(aliases),
        headers=tuple(headers),
    )


def _check_ranges(entry: Mapping[str, Any]) -> list[str]:
    faults = []
    for text in entry.get("ranges", []):
        try:
            ip_network(text)
        except ValueError as error:
            faults.append(str(error))
    return faults


def _read_headers(entry: Mapping[str, Any], faults: list[str]) -> list[Header]:
    headers = []
    for name, pattern in entry.get("headers", {}).items():
        try:
            compiled = re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            faults.append(f"header {name}: {error}")
        else:
            headers.append((name.lower(), compiled))
    return headers
