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
_CONFIDENCE = {"range": 0.95, "alias": 0.9, "asn": 0.85, "header": 0.7}


@dataclass(frozen=True, slots=True)
class Cdn:
    name: str
    source: str
    date: date
    ranges: tuple[str, ...]
    ranges_complete: bool
    asns: frozenset[int]
    aliases: tuple[str, ...]
    headers: tuple[tuple[str, re.Pattern[str]], ...]


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
        self._spans: dict[int, list[tuple[int, int, str, Cdn]]] = {
            4: [],
            6: [],
        }
        for cdn in self._cdns:
            for text in cdn.ranges:
                network = ip_network(text)
                first, last = (
                    int(network.network_address),
                    int(network.broadcast_address),
                )
                self._spans[network.version].append((first, last, text, cdn))
        for spans in self._spans.values():
            spans.sort(key=lambda span: span[:2])
        self._firsts = {
            v: [span[0] for span in spans] for v, spans in self._spans.items()
        }

    @classmethod
    def load_file(cls, override_dir: Path | None = None) -> CdnRanges:
        """From ``cdn.toml``; all faults of the file are named at once."""
        raw = read_toml("triage.hosting", "cdn.toml", override_dir)
        faults = find_unknown(raw, ("version", "cdn"))
        cdns = [
            _read_cdn(entry, index, faults)
            for index, entry in enumerate(raw.get("cdn", []))
        ]
        if faults:
            raise Misconfigured(
                f"Data file cdn.toml has faults: {'; '.join(faults)}."
            )
        return cls(cdn for cdn in cdns if cdn is not None)

    def detect_networks(
        self,
        addresses: Iterable[str],
        *,
        asns: Mapping[str, str] | None = None,
        aliases: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Sighting, ...]:
        """``asns`` maps an address to "AS12345"; ``headers`` are those of the answer, if any."""
        known = tuple(addresses)
        found = [s for address in known if (s := self._by_range(address))]
        for address, asn in (asns or {}).items():
            cdn = self._by_asn.get(int(asn.removeprefix("AS")))
            if cdn is not None:
                found.append(_make_sighting(cdn, "asn", asn, address))
        for alias in aliases:
            found += self._by_alias(alias)
        ranged = {
            sighting.name
            for sighting in found
            if sighting.evidence.startswith("range")
        }
        return (*found, *self._by_headers(headers or {}, known, ranged))

    def _by_range(self, address: str) -> Sighting | None:
        parsed = ip_address(address)
        index = bisect_right(self._firsts[parsed.version], int(parsed)) - 1
        if index < 0:
            return None
        _, last, text, cdn = self._spans[parsed.version][index]
        return (
            _make_sighting(cdn, "range", text, address)
            if int(parsed) <= last
            else None
        )

    def _by_alias(self, alias: str) -> list[Sighting]:
        return [
            _make_sighting(cdn, "alias", end, None)
            for cdn in self._cdns
            for end in cdn.aliases
            if alias == end or alias.endswith(f".{end}")
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
        found = []
        for cdn in self._cdns:
            if cdn.ranges_complete and addresses and cdn.name not in ranged:
                continue  # forged or passed on from behind: the address says otherwise
            for name, pattern in cdn.headers:
                if name in lower and pattern.fullmatch(lower[name][:500]):
                    found.append(_make_sighting(cdn, "header", name, None))
                    break
        return found


def _make_sighting(
    cdn: Cdn, kind: str, what: str, subject: str | None
) -> Sighting:
    source = f"cdn.toml {cdn.date.isoformat()}: {kind} {what}"
    return Sighting(
        cdn.name, f"{kind} {what}", source, _CONFIDENCE[kind], subject
    )


def _read_cdn(
    entry: Mapping[str, Any], index: int, faults: list[str]
) -> Cdn | None:
    where = f"cdn[{index}] {entry.get('name', '')!r}"
    known = {
        "name",
        "source",
        "date",
        "ranges",
        "ranges_complete",
        "asns",
        "aliases",
        "headers",
    }
    own: list[str] = find_unknown(entry, known)
    own += [
        f"{key} is missing"
        for key in ("name", "source", "date")
        if not entry.get(key)
    ]
    for text in entry.get("ranges", []):
        try:
            ip_network(text)
        except ValueError as error:
            own.append(str(error))
    headers = []
    for name, pattern in entry.get("headers", {}).items():
        try:
            headers.append((name.lower(), re.compile(pattern, re.IGNORECASE)))
        except re.error as error:
            own.append(f"header {name}: {error}")
    if own:
        faults += [f"{where}: {fault}" for fault in own]
        return None
    return Cdn(
        name=entry["name"],
        source=entry["source"],
        date=entry["date"],
        ranges=tuple(entry.get("ranges", ())),
        ranges_complete=bool(entry.get("ranges_complete", False)),
        asns=frozenset(entry.get("asns", ())),
        aliases=tuple(alias.lower() for alias in entry.get("aliases", ())),
        headers=tuple(headers),
    )
