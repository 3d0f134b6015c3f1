"""One look at where a host is: names, addresses, networks, registries, delivery networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Protocol

from publicsuffixlist import PublicSuffixList

from triage.hosting.facts import FactName, HostingFacts, Observation
from triage.hosting.sources.cdn import CdnRanges
from triage.hosting.sources.dns import Resolution, Resolver

# Databases of places and two HTTP clients hang on these: who asks loads them, not all who name
# the type of a look-up.
if TYPE_CHECKING:
    from triage.hosting.sources.geography import Geography
    from triage.hosting.sources.registries.rdap import Registry

Address = IPv4Address | IPv6Address

#: A name may resolve to dozens of addresses of one network; registries are asked about this many
#: that lie in different blocks. Country and ASN are local and are looked up for every address.
_NETWORKS_ASKED = 4

#: Addresses taken from one answer; the rest of a longer answer tells nothing new.
_ADDRESSES_KEPT = 32


@dataclass(frozen=True, slots=True)
class _Block:
    """Addresses that a registry gave to one holder."""

    first: Address
    last: Address

    def holds_address(self, address: Address) -> bool:
        if address.version != self.first.version:
            return False
        number = int(address)
        return int(self.first) <= number <= int(self.last)


class Lookup(Protocol):
    """What a service needs of this module (and what its tests replace)."""

    def observe(
        self,
        host: str | None,
        *,
        kind: str,
        now: datetime,
        headers: Mapping[str, str] = ...,
    ) -> HostingFacts: ...


def observe_behind(
    lookup: Lookup,
    host: str | None,
    *,
    kind: str,
    now: datetime,
    headers: Mapping[str, str],
    origins: Sequence[Observation],
) -> HostingFacts:
    """A look at ``host`` and, where a delivery network stands in front of it, at each origin that
    somebody told us of (``origins``: observations of ``origin_address``)."""
    facts = lookup.observe(host, kind=kind, now=now, headers=headers)
    # An origin that was told once is of no account where nothing stands in
    # front any more.
    if facts.cdn is None:
        return facts
    for origin in origins:
        there = lookup.observe(origin.value, kind="ip", now=now, headers={})
        facts = facts.add_origin(origin, there)
    return facts


class HostingLookup:
    """``registry=None`` asks nobody outside: abuse contact and registrar stay unknown."""

    def __init__(
        self,
        resolver: Resolver,
        geography: Geography,
        registry: Registry | None,
        cdn_ranges: CdnRanges,
    ) -> None:
        self._resolver = resolver
        self._geography = geography
        self._registry = registry
        self._cdn_ranges = cdn_ranges
        self._suffixes = PublicSuffixList()
        self._registries = PublicSuffixList(only_icann=True)

    def observe(
        self,
        host: str | None,
        *,
        kind: str,
        now: datetime,
        headers: Mapping[str, str] | None = None,
    ) -> HostingFacts:
        """Facts of ``host`` (None where the location has none); ``kind`` is the location's kind.

        ``headers`` are those of an answer that the fetcher had from this host, if any. Nothing is
        asked about onion services: a question to a public resolver would tell it what is looked at.
        """
        name = _bare_name(host)
        if name is None:
            return HostingFacts(host, (), now, kind)
        if name.endswith(".onion"):
            return HostingFacts(host, (), now, "onion")
        literal = _parse_literal(name)
        if literal is not None:
            resolution = Resolution(
                name, "ok", (str(literal),), (), "the location itself"
            )
        else:
            resolution = self._resolver.resolve(name)
        addresses = resolution.addresses[:_ADDRESSES_KEPT]
        observations = [*_observe_resolution(resolution, addresses, now)]
        for address in addresses:
            observations += self._geography.locate_address(address, now)
        observations += self._observe_delivery(
            addresses, resolution.aliases, observations, headers, now
        )
        observations += self._observe_networks(addresses, now)
        if literal is None:
            observations += self._observe_domain(name, now)
        return HostingFacts(name, tuple(observations), now, kind)

    def _observe_delivery(
        self,
        addresses: tuple[str, ...],
        aliases: tuple[str, ...],
        observations: list[Observation],
        headers: Mapping[str, str] | None,
        now: datetime,
    ) -> Iterator[Observation]:
        asns: dict[str, str] = {}
        for observation in observations:
            if observation.fact != FactName.ASN:
                continue
            if observation.subject and observation.value:
                asns[observation.subject] = observation.value
        sightings = self._cdn_ranges.detect_networks(
            addresses, asns=asns, aliases=aliases, headers=headers
        )
        for sighting in sightings:
            yield Observation(
                FactName.CDN,
                sighting.name,
                sighting.source,
                now,
                sighting.confidence,
                sighting.subject,
            )

    def _observe_networks(
        self, addresses: tuple[str, ...], now: datetime
    ) -> list[Observation]:
        if self._registry is None:
            return []
        observations: list[Observation] = []
        blocks: list[_Block] = []
        asked = 0
        for address in addresses:
            parsed = ip_address(address)
            if any(block.holds_address(parsed) for block in blocks):
                continue
            # Large sites name dozens of addresses, and each question costs a registry's patience.
            if asked == _NETWORKS_ASKED:
                break
            asked += 1
            facts = self._registry.observe_network(address, now)
            blocks += _read_blocks(facts)
            observations += facts
        return observations

    def _observe_domain(self, name: str, now: datetime) -> list[Observation]:
        """The registrable domain by the public suffix list: ``x.com.al``, never ``com.al``."""
        domain = self._suffixes.privatesuffix(name)
        registrable = Observation(
            FactName.REGISTRABLE_DOMAIN,
            domain,
            "public suffix list",
            now,
            1.0,
            name,
        )
        # A registry knows only the name that was bought of it; by the whole
        # list, two tenants of one blog host are two.
        bought = self._registries.privatesuffix(name)
        if self._registry is None or not bought:
            return [registrable]
        return [registrable, *self._registry.observe_domain(bought, now)]


def _observe_resolution(
    resolution: Resolution, addresses: tuple[str, ...], now: datetime
) -> Iterator[Observation]:
    source = resolution.source
    yield Observation(FactName.DNS_STATUS, resolution.status, source, now, 1.0)
    for alias in resolution.aliases:
        yield Observation(FactName.CNAME, alias, source, now, 0.9)
    for address in addresses:
        yield Observation(FactName.ADDRESS, address, source, now, 0.9)
    # That there is none is a fact, too, and is kept.
    if not addresses:
        yield Observation(FactName.ADDRESS, None, source, now, 0.9)


def _bare_name(host: str | None) -> str | None:
    """Lower case, without the root's dot or an IPv6 literal's brackets."""
    plain = (host or "").strip().lower()
    name = plain.rstrip(".")
    return name.removeprefix("[").removesuffix("]") or None


def _parse_literal(name: str) -> Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


def _read_blocks(facts: Iterable[Observation]) -> Iterator[_Block]:
    for observation in facts:
        if observation.fact == FactName.NETWORK_RANGE and observation.value:
            first, _, last = observation.value.partition("-")
            yield _Block(ip_address(first), ip_address(last))
