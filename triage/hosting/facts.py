"""Facts about a host, kept as observations so that a disagreement is shown and never averaged away.

Pure values. A fact that could not be learnt is an observation with ``value=None``: unknown is an
answer of its own. It never means "foreign"; the rules of jurisdiction send it to a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

#: Every name that ``Observation.fact`` may take.
FACTS = frozenset(
    {
        "address",
        "cname",
        "dns_status",  # ok | nxdomain | no_address | servfail | timeout | refused | invalid
        "registrable_domain",
        "country",
        "registered_country",  # what the block's own registration says: shown, never decisive
        "asn",
        "as_name",
        "cdn",
        "network_name",
        "network_range",
        "abuse_contact",
        "registrar",
        "registrar_abuse_contact",
        "registry_status",  # why a registry gave nothing: not_found | rate_limited | timeout ...
        "origin_address",  # of the host behind a delivery network, as somebody told it
        "origin_request",  # what became of asking the delivery network for it
        "tls",  # valid | expired | wrong_host | self_signed | unknown_issuer | ... as fetched
    }
)

#: Kinds of location (triage.locations) that have no host anybody could send a notice to.
HOSTLESS = {
    "onion": "onion",
    "magnet": "p2p",
    "ed2k": "p2p",
    "ipfs": "p2p",
    "p2p": "p2p",
    "usenet": "p2p",
    "handle": "platform",
    "platform": "platform",
    "phone": "unknown",
    "email": "unknown",
    "hash": "unknown",
}


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that one source said at one time.

    ``subject`` is what it was said of where that is not the host itself (an address, a domain);
    ``confidence`` is 0..1 and orders sources that disagree: a registry's own answer 0.9 and more, a
    snapshot 0.6 to 0.8.
    """

    fact: str
    value: str | None
    source: str
    at: datetime
    confidence: float
    subject: str | None = None

    def __post_init__(self) -> None:
        if self.fact not in FACTS:
            raise ValueError(f"{self.fact!r} is not a fact that this project knows.")

    def to_json(self) -> dict[str, Any]:
        return {
            "fact": self.fact,
            "value": self.value,
            "source": self.source,
            "at": self.at.isoformat(),
            "confidence": self.confidence,
            "subject": self.subject,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Observation:
        return cls(**{**data, "at": datetime.fromisoformat(data["at"])})


@dataclass(frozen=True, slots=True)
class HostingFacts:
    """All observations of one look-up of one host. Derivations below are computed, never stored."""

    host: str | None
    observations: tuple[Observation, ...]
    at: datetime
    location_kind: str = "url"

    def of(self, fact: str) -> tuple[Observation, ...]:
        """Observations of ``fact`` that have a value, most trusted first (stable)."""
        known = [o for o in self.observations if o.fact == fact and o.value is not None]
        return tuple(sorted(known, key=lambda o: -o.confidence))

    def values(self, fact: str) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(o.value for o in self.of(fact) if o.value is not None)
        )

    def best(self, fact: str) -> str | None:
        """The most trusted value, or None where nobody knew."""
        values = self.values(fact)
        return values[0] if values else None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address the host resolves to, in the order in which the resolver gave them."""
        return tuple(
            dict.fromkeys(
                o.value for o in self.observations if o.fact == "address" and o.value
            )
        )

    @property
    def origins(self) -> tuple[str, ...]:
        """Addresses behind the delivery network, without those that are a network's own again."""
        if self.cdn is None:
            return ()
        passing = {o.subject for o in self.of("cdn")}
        return tuple(
            each for each in self.values("origin_address") if each not in passing
        )

    def _at_host(self, fact: str) -> tuple[Observation, ...]:
        """What is known of ``fact`` where the material is kept: behind a delivery network, only
        what was said of the origin; without one, everything."""
        if self.cdn is None or not self.origins:
            return self.of(fact)
        return tuple(o for o in self.of(fact) if o.subject in self.origins)

    @property
    def country(self) -> str | None:
        """ISO 3166-1 alpha-2 on which all sources and all addresses agree; None is unknown.

        An address of which no source knows the country makes the whole unknown: one foreign
        mirror of a domestic site must not decide where the domestic one goes, nor the reverse.
        A delivery network's address says where its nearest machine is registered, not where the
        material is kept; so behind one the country stays unknown until the origin is found.
        """
        if self.cdn is not None and not self.origins:
            return None
        found = self._at_host("country")
        placed = {o.subject for o in found}
        if len({o.value for o in found}) != 1:
            return None
        if any(address not in placed for address in self.origins or self.addresses):
            return None
        return found[0].value

    @property
    def countries(self) -> tuple[str, ...]:
        """Every country that any source named, most trusted first."""
        return self.values("country")

    @property
    def cdn(self) -> str | None:
        return self.best("cdn")

    @property
    def asn(self) -> str | None:
        """ "AS12345" on which all addresses agree, else None."""
        seen = {o.value for o in self._at_host("asn")}
        return seen.pop() if len(seen) == 1 else None

    @property
    def abuse_contact(self) -> str | None:
        found = self._at_host("abuse_contact")
        return found[0].value if found else None

    @property
    def registrable_domain(self) -> str | None:
        return self.best("registrable_domain")

    @property
    def dns_status(self) -> str | None:
        return self.best("dns_status")

    @property
    def disagreements(self) -> dict[str, tuple[Observation, ...]]:
        """fact -> its observations, where sources gave different values about the same subject.

        Several addresses or aliases of one host are not a disagreement; two countries are one
        even where each belongs to another address, because only one route can come of it.
        """
        found: dict[str, tuple[Observation, ...]] = {}
        several = {"address", "cname", "origin_address", "origin_request"}
        for fact in sorted({o.fact for o in self.observations} - several):
            known = self.of(fact)
            if fact == "country":
                known = (*self._at_host(fact), *self._at_host("registered_country"))
                differ = len({o.value for o in known}) > 1
            else:
                differ = any(len(values) > 1 for values in _by_subject(known).values())
            if differ:
                found[fact] = known
        return found

    @property
    def kind(self) -> str:
        """host | cdn | onion | p2p | platform | unknown."""
        if self.location_kind in ("onion", "platform"):
            return self.location_kind
        if self.host is None:
            return HOSTLESS.get(self.location_kind, "unknown")
        if self.cdn is not None:
            return "host" if self.origins else "cdn"
        return "host" if self.addresses else "unknown"

    def behind(self, origin: Observation, there: HostingFacts) -> HostingFacts:
        """These facts and, of the address that ``origin`` names, what was found ``there``."""
        of_origin = [o for o in there.observations if o.subject == origin.value]
        return replace(self, observations=(*self.observations, origin, *of_origin))

    def to_json(self) -> dict[str, Any]:
        return {
            "host": self.host,
            "kind": self.kind,
            "addresses": list(self.addresses),
            "country": self.country,
            "countries": list(self.countries),
            "asn": self.asn,
            "as_name": self.best("as_name"),
            "cdn": self.cdn,
            "origins": list(self.origins),
            "abuse_contact": self.abuse_contact,
            "registrable_domain": self.registrable_domain,
            "at": self.at.isoformat(),
            "disagreements": sorted(self.disagreements),
            "observations": [o.to_json() for o in self.observations],
        }


def _by_subject(
    observations: Iterable[Observation],
) -> dict[str | None, set[str | None]]:
    grouped: dict[str | None, set[str | None]] = {}
    for observation in observations:
        grouped.setdefault(observation.subject, set()).add(observation.value)
    return grouped


def tls_observation(
    tls: Mapping[str, Any] | None, host: str, now: datetime
) -> Observation | None:
    """From the ``tls`` of a fetch report's hop; None where it was no TLS connection."""
    if tls is None:
        return None
    value = "valid" if tls.get("verified") else str(tls.get("problem") or "invalid")
    return Observation("tls", value, "the fetch", now, 0.9, host)
