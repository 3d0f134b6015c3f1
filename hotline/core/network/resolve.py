"""Names to addresses that may be visited: every address is checked before one is connected to.

A name may have public and forbidden addresses at once (a mistake, or an attempt to reach inwards).
The forbidden ones are dropped and recorded, the others are used; a name that has only forbidden
ones is refused. Refusing on *any* forbidden address would let a host hide by adding one.
Answers are kept for one exchange or fetch, so a second, different answer (DNS rebinding) is never
asked for.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import dns.exception
import dns.name
import dns.resolver

from hotline.core.network.addresses import parse_address, refuse_address
from hotline.core.network.host_port import split_host_and_port

DNS_PORT = 53
_LOOPBACK = ["127.0.0.1", "::1"]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far our own requests go, and how names are looked up for them.

    ``allowed_networks``: CIDR networks that may be visited although they are not public.
    ``resolver``: ``address:port`` of a DNS server, None for the system's own. ``hosts``: host name
    -> address, asked before DNS; the address is checked like any other.
    """

    allowed_networks: tuple[str, ...] = ()
    resolver: str | None = None
    hosts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolved:
    """``usable`` addresses in order; ``dropped`` forbidden ones; ``error`` a slug if none is left.

    Slugs: dns_nxdomain, dns_no_address, dns_failure, blocked_address.
    """

    usable: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    error: str | None = None


class Names:
    """Resolves for one fetch or exchange, by static hosts, a resolver or the system's servers."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._answers: dict[str, Resolved] = {}
        self._resolver: dns.resolver.Resolver | None = None

    def resolve(self, host: str, *, seconds: float) -> Resolved:
        """Addresses of ``host`` (as the URL parser writes it), within ``seconds``."""
        if host not in self._answers:
            self._answers[host] = self._look_up(host, seconds)
        return self._answers[host]

    def forbidden_literal(self, host: str) -> bool:
        """Whether ``host`` writes an address that must not be visited (by whatever way)."""
        if parse_address(host) is None:
            return False
        return bool(refuse_address(host, self._reach.allowed_networks))

    def _look_up(self, host: str, seconds: float) -> Resolved:
        literal = parse_address(host)
        if literal is not None:
            return self._check_addresses([str(literal)])
        name = host.rstrip(".")
        if static := self._reach.hosts.get(name):
            return self._check_addresses([static])
        if name == "localhost" or name.endswith(".localhost"):
            # Never a question for DNS (RFC 6761).
            return self._check_addresses(_LOOPBACK)
        return self._ask_servers(name, seconds)

    def _ask_servers(self, name: str, seconds: float) -> Resolved:
        deadline = time.monotonic() + seconds
        addresses: list[str] = []
        errors: list[str] = []
        for record_type in ("A", "AAAA"):
            try:
                remaining = deadline - time.monotonic()
                addresses += self._ask_record(name, record_type, remaining)
            except dns.resolver.NXDOMAIN:
                # There is no such name, so it has no records of another type
                # either.
                return Resolved(error="dns_nxdomain")
            except dns.resolver.NoAnswer:
                errors.append("dns_no_address")
            except (dns.exception.DNSException, OSError, ValueError):
                errors.append("dns_failure")
        if addresses:
            return self._check_addresses(addresses)
        # A server that failed for one family leaves open whether the name has an address.
        return Resolved(
            error="dns_failure" if "dns_failure" in errors else errors[0]
        )

    def _ask_record(
        self, name: str, record_type: str, seconds: float
    ) -> list[str]:
        if self._resolver is None:
            self._resolver = make_resolver(self._reach.resolver)
        answer = self._resolver.resolve(
            # With the final dot, and no search domains: the host's name is whole as it stands.
            dns.name.from_text(f"{name}."),
            record_type,
            lifetime=max(seconds, 0.01),
            search=False,
        )
        return [record.address for record in answer]

    def _check_addresses(self, addresses: list[str]) -> Resolved:
        allowed = self._reach.allowed_networks
        dropped = tuple(
            address
            for address in addresses
            if refuse_address(address, allowed)
        )
        usable = tuple(
            address for address in addresses if address not in dropped
        )
        return Resolved(usable, dropped, None if usable else "blocked_address")


def make_resolver(server: str | None) -> dns.resolver.Resolver:
    """``server`` is an address, with a port or without; none asks the system's servers."""
    if not server:
        return dns.resolver.Resolver()
    address, port = split_host_and_port(server, DNS_PORT)
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [address]
    resolver.port = port
    return resolver
