"""Facts about a host, kept as observations so that a disagreement is shown and never averaged away.

Pure values. A fact that could not be learnt is an observation with ``value=None``: unknown is an
answer of its own. It never means "foreign"; the rules of jurisdiction send it to a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from hotline.core.network.tls import TlsFacts
from triage.hosting.kinds import HostingKind


class FactName(StrEnum):
    """What an observation is about. The values are stored with every observation."""

    ADDRESS = "address"
    CNAME = "cname"
    DNS_STATUS = "dns_status"
    """ok, nxdomain, no_address, servfail, timeout, refused or invalid."""
    REGISTRABLE_DOMAIN = "registrable_domain"
    COUNTRY = "country"
    REGISTERED_COUNTRY = "registered_country"
    """What the block's own registration says: shown, never decisive."""
    ASN = "asn"
    AS_NAME = "as_name"
    CDN = "cdn"
    NETWORK_NAME = "network_name"
    NETWORK_RANGE = "network_range"
    ABUSE_CONTACT = "abuse_contact"
    REGISTRAR = "registrar"
    REGISTRAR_ABUSE_CONTACT = "registrar_abuse_contact"
    REGISTRY_STATUS = "registry_status"
    """Why a registry gave nothing: not_found, rate_limited, timeout ..."""
    ORIGIN_ADDRESS = "origin_address"
    """Of the host behind a delivery network, as somebody told it."""
    ORIGIN_REQUEST = "origin_request"
    """What became of asking the delivery network for it."""
    TLS = "tls"
    """As fetched: valid, expired, wrong_host, self_signed, unknown_issuer ..."""


SEVERAL_VALUES = frozenset(
    {
        FactName.ADDRESS,
        FactName.CNAME,
        FactName.ORIGIN_ADDRESS,
        FactName.ORIGIN_REQUEST,
    }
)
"""Of these a host may have several values without a disagreement."""

HOSTLESS = {
    "onion": HostingKind.ONION,
    "magnet": HostingKind.P2P,
    "ed2k": HostingKind.P2P,
    "ipfs": HostingKind.P2P,
    "p2p": HostingKind.P2P,
    "usenet": HostingKind.P2P,
    "handle": HostingKind.PLATFORM,
    "platform": HostingKind.PLATFORM,
    "phone": HostingKind.NONE,
    "email": HostingKind.NONE,
    "narrative": HostingKind.NONE,
    "hash": HostingKind.UNKNOWN,
}
"""Kinds of location (triage.locations) that have no host anybody could send a notice to."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that one source said at one time.

    ``subject`` is what it was said of where that is not the host itself (an address, a domain);
    ``confidence`` is 0..1 and orders sources that disagree: a registry's own answer 0.9 and more, a
    snapshot 0.6 to 0.8.
    """

    fact: FactName
    value: str | None
    source: str
    at: datetime
    confidence: float
    subject: str | None = None

    def __post_init__(self) -> None:
        """A stored name becomes the member that it names; ``ValueError`` where there is none."""
        object.__setattr__(self, "fact", FactName(self.fact))

    def to_json(self) -> dict[str, Any]:
        return {
            "fact": str(self.fact),
            "value": self.value,
            "source": self.source,
            "at": self.at.isoformat(),
            "confidence": self.confidence,
            "subject": self.subject,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Observation:
        at = datetime.fromisoformat(data["at"])
        return cls(**{**data, "at": at})


@dataclass(frozen=True, slots=True)
class HostingFacts:
    """All observations of one look-up of one host. Derivations below are computed, never stored."""

    host: str | None
    observations: tuple[Observation, ...]
    at: datetime
    location_kind: str = "url"

    def observations_of(self, fact: FactName) -> tuple[Observation, ...]:
        """Observations of ``fact`` that have a value, most trusted first (stable)."""
        stated = [
            observation
            for observation in self.observations
            if observation.fact == fact and observation.value is not None
        ]
        stated.sort(key=lambda observation: -observation.confidence)
        return tuple(stated)

    def values_of(self, fact: FactName) -> tuple[str, ...]:
        """Each value once, the most trusted first."""
        stated = [
            observation.value for observation in self.observations_of(fact)
        ]
        values = [value for value in stated if value is not None]
        return tuple(dict.fromkeys(values))

    def best_value(self, fact: FactName) -> str | None:
        """The most trusted value, or None where nobody knew."""
        values = self.values_of(fact)
        return values[0] if values else None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address the host resolves to, in the order in which the resolver gave them."""
        resolved = [
            observation.value
            for observation in self.observations
            # Not ``values_of``, which orders by trust: these stay in the
            # resolver's order.
            if observation.fact is FactName.ADDRESS
        ]
        addresses = [address for address in resolved if address]
        return tuple(dict.fromkeys(addresses))

    @property
    def origins(self) -> tuple[str, ...]:
        """Addresses behind the delivery network, without those that are a network's own again."""
        if self.cdn is None:
            return ()
        passing = {
            observation.subject
            for observation in self.observations_of(FactName.CDN)
        }
        addresses = self.values_of(FactName.ORIGIN_ADDRESS)
        return tuple(
            address for address in addresses if address not in passing
        )

    def _at_host(self, fact: FactName) -> tuple[Observation, ...]:
        """What is known of ``fact`` where the material is kept: behind a delivery network, only
        what was said of the origin; without one, everything."""
        observations = self.observations_of(fact)
        # Behind a network whose origin nobody told, everything there is about
        # the network; ``country`` says so by itself.
        if self.cdn is None or not self.origins:
            return observations
        origins = self.origins
        of_origins = [
            observation
            for observation in observations
            if observation.subject in origins
        ]
        return tuple(of_origins)

    @property
    def country(self) -> str | None:
        """ISO 3166-1 alpha-2 on which all sources and all addresses agree; None is unknown."""
        # A delivery network's address says where its nearest machine is
        # registered, not where the material is kept.
        if self.cdn is not None and not self.origins:
            return None
        observations = self._at_host(FactName.COUNTRY)
        countries = {observation.value for observation in observations}
        if len(countries) != 1:
            return None
        placed = {observation.subject for observation in observations}
        addresses = self.origins or self.addresses
        # One foreign mirror of a domestic site must not decide where the
        # domestic one goes, nor the reverse.
        if any(address not in placed for address in addresses):
            return None
        return observations[0].value

    @property
    def countries(self) -> tuple[str, ...]:
        """Every country that any source named, most trusted first."""
        return self.values_of(FactName.COUNTRY)

    @property
    def cdn(self) -> str | None:
        return self.best_value(FactName.CDN)

    @property
    def asn(self) -> str | None:
        """ "AS12345" on which all addresses agree, else None."""
        numbers = {
            observation.value for observation in self._at_host(FactName.ASN)
        }
        # Two networks would be two providers to tell: a person has to look.
        if len(numbers) != 1:
            return None
        return numbers.pop()

    @property
    def abuse_contact(self) -> str | None:
        contacts = self._at_host(FactName.ABUSE_CONTACT)
        return contacts[0].value if contacts else None

    @property
    def registrable_domain(self) -> str | None:
        return self.best_value(FactName.REGISTRABLE_DOMAIN)

    @property
    def dns_status(self) -> str | None:
        return self.best_value(FactName.DNS_STATUS)

    @property
    def disagreements(self) -> dict[str, tuple[Observation, ...]]:
        """fact -> its observations, where sources gave different values about the same subject.

        Several addresses or aliases of one host are not a disagreement; two countries are one
        even where each belongs to another address, because only one route can come of it.
        """
        disagreements: dict[str, tuple[Observation, ...]] = {}
        facts = {observation.fact for observation in self.observations}
        for fact in sorted(facts - SEVERAL_VALUES):
            observations = self._find_contradictions(fact)
            if observations:
                disagreements[fact] = observations
        return disagreements

    def _find_contradictions(self, fact: FactName) -> tuple[Observation, ...]:
        """All observations of a fact of which sources say different things; else none."""
        if fact is FactName.COUNTRY:
            places = (
                *self._at_host(fact),
                *self._at_host(FactName.REGISTERED_COUNTRY),
            )
            countries = {observation.value for observation in places}
            return places if len(countries) > 1 else ()
        observations = self.observations_of(fact)
        # Of each subject by itself: two addresses may rightly lie in two
        # networks.
        by_subject = _group_by_subject(observations).values()
        if any(len(values) > 1 for values in by_subject):
            return observations
        return ()

    @property
    def kind(self) -> HostingKind:
        """Whom a notice could reach. A delivery network with a known origin is a host."""
        # Before the host: a platform has one as well, and is reached by its
        # own channel all the same; behind the domain of an e-mail address there
        # is a mail service, and nothing that it could take down.
        if self.location_kind in ("onion", "platform", "email", "phone"):
            return HOSTLESS[self.location_kind]
        if self.host is None:
            return HOSTLESS.get(self.location_kind, HostingKind.UNKNOWN)
        if self.cdn is not None:
            return HostingKind.HOST if self.origins else HostingKind.CDN
        return HostingKind.HOST if self.addresses else HostingKind.UNKNOWN

    def add_origin(
        self, origin: Observation, there: HostingFacts
    ) -> HostingFacts:
        """These facts and, of the address that ``origin`` names, what was found ``there``."""
        of_origin = [
            observation
            for observation in there.observations
            # Only what was said of the address: the look there also gives its
            # own status of names.
            if observation.subject == origin.value
        ]
        return replace(
            self, observations=(*self.observations, origin, *of_origin)
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "host": self.host,
            "kind": str(self.kind),
            "addresses": list(self.addresses),
            "country": self.country,
            "countries": list(self.countries),
            "asn": self.asn,
            "as_name": self.best_value(FactName.AS_NAME),
            "cdn": self.cdn,
            "origins": list(self.origins),
            "abuse_contact": self.abuse_contact,
            "registrable_domain": self.registrable_domain,
            "at": self.at.isoformat(),
            "disagreements": sorted(self.disagreements),
            "observations": [each.to_json() for each in self.observations],
        }


def _group_by_subject(
    observations: Iterable[Observation],
) -> dict[str | None, set[str | None]]:
    grouped: dict[str | None, set[str | None]] = {}
    for observation in observations:
        values = grouped.setdefault(observation.subject, set())
        values.add(observation.value)
    return grouped


def tls_observation(
    tls: TlsFacts | None, host: str, now: datetime
) -> Observation | None:
    """From the ``tls`` of a fetch report's hop; None where it was no TLS connection."""
    if tls is None:
        return None
    value = "valid" if tls.verified else tls.problem or "invalid"
    return Observation(FactName.TLS, value, "the fetch", now, 0.9, host)
