"""What the hotline itself knows of networks, before any look-up: ``known_networks.toml``.

A hotline knows the abuse desks of its own country's providers better than any registry. One entry
is a network with its country and, where known, AS number, name and abuse contact. The shipped file
is empty: whom a hotline trusts to answer is its own knowledge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file
from hotline.core.datafiles.vocabulary import CountryCode
from hotline.core.errors import Misconfigured
from triage.hosting.facts import FactName, HostingFacts, Observation
from triage.hosting.lookup import Lookup

FILE = "known_networks.toml"
SOURCE = "the hotline's own list of networks"


@dataclass(frozen=True, slots=True)
class KnownNetwork:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    network: str
    country: CountryCode
    asn: Annotated[str, Field(pattern=r"^(AS\d{1,10})?$")] = ""
    name: str = ""
    abuse_contact: str = ""


@dataclass(frozen=True, slots=True)
class _File:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    networks: tuple[KnownNetwork, ...] = ()


Networks = tuple[tuple[IPv4Network | IPv6Network, KnownNetwork], ...]


def load_known_networks(override_dir: Path | None = None) -> Networks:
    """Most specific network first."""
    table = files.read_toml("triage.hosting", FILE, override_dir)
    entries = parse_file(_File, FILE, table).networks
    try:
        networks = [(ip_network(entry.network), entry) for entry in entries]
    except ValueError as error:
        raise Misconfigured(f"Data file {FILE}: {error}.") from error
    # So that the first one that holds an address is the nearest.
    networks.sort(key=lambda pair: -pair[0].prefixlen)
    return tuple(networks)


class KnownFirst:
    """A look-up whose answer is led by what the hotline knows itself."""

    def __init__(self, inner: Lookup, networks: Networks) -> None:
        self._inner = inner
        self._networks = networks

    def observe(
        self,
        host: str | None,
        *,
        kind: str,
        now: datetime,
        headers: Mapping[str, str] | None = None,
    ) -> HostingFacts:
        """In a known network, a registry's guess at the country is dropped."""
        facts = self._inner.observe(
            host, kind=kind, now=now, headers=headers or {}
        )
        entries: dict[str, KnownNetwork] = {}
        for address in facts.addresses:
            entry = self._find_entry(address)
            if entry is not None:
                entries[address] = entry
        observations = [
            observation
            for observation in facts.observations
            if not _is_ours(entries, observation)
        ]
        for address, entry in entries.items():
            # For each address, as a look-up would have said it.
            observations += _make_observations(entry, address, now)
        return replace(facts, observations=tuple(observations))

    def _find_entry(self, address: str) -> KnownNetwork | None:
        parsed = ip_address(address)
        for network, entry in self._networks:
            is_comparable = parsed.version == network.version
            if is_comparable and parsed in network:
                return entry
        return None


def _list_values(entry: KnownNetwork) -> dict[FactName, str]:
    values = {
        FactName.COUNTRY: entry.country,
        FactName.ASN: entry.asn,
        FactName.NETWORK_NAME: entry.name,
        FactName.ABUSE_CONTACT: entry.abuse_contact,
    }
    return {fact: value for fact, value in values.items() if value}


def _is_ours(
    entries: Mapping[str, KnownNetwork], observation: Observation
) -> bool:
    """Whether the list itself says it, so that what somebody else said of it is dropped."""
    entry = entries.get(observation.subject or "")
    if entry is None:
        return False
    return observation.fact in _list_values(entry)


def _make_observations(
    entry: KnownNetwork, address: str, now: datetime
) -> list[Observation]:
    return [
        Observation(fact, value, SOURCE, now, 1.0, address)
        for fact, value in _list_values(entry).items()
    ]
