"""Names to addresses that may be visited: every address is checked before one is connected to.

A name may have public and forbidden addresses at once (a mistake, or an attempt to reach inwards).
The forbidden ones are dropped and recorded, the others are used; a name that has only forbidden
ones is refused. Refusing on *any* forbidden address would let a host hide by adding one.
Answers are kept for one fetch, so a second, different answer (DNS rebinding) is never asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import dns.exception
import dns.name
import dns.resolver

from triage.fetching.network.addresses import parse_address, refusal
from triage.fetching.report import FetchRequest


@dataclass(frozen=True, slots=True)
class Resolved:
    """``usable`` addresses in order; ``dropped`` forbidden ones; ``error`` a slug if none is left.

    Slugs: dns_nxdomain, dns_no_address, dns_failure, blocked_address.
    """

    usable: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    error: str | None = None


class Names:
    """Resolves for one fetch, by the request's static hosts, its resolver or the system's."""

    def __init__(self, request: FetchRequest) -> None:
        self._request = request
        self._known: dict[str, Resolved] = {}
        self._resolver: dns.resolver.Resolver | None = None

    def resolve(self, host: str, *, seconds: float) -> Resolved:
        """Addresses of ``host`` (as the URL parser writes it), within ``seconds``."""
        if host not in self._known:
            self._known[host] = self._look_up(host, seconds)
        return self._known[host]

    def forbidden_literal(self, host: str) -> bool:
        """Whether ``host`` writes an address that must not be visited (by whatever way)."""
        literal = parse_address(host)
        return literal is not None and bool(
            refusal(host, self._request.allowed_networks)
        )

    def _look_up(self, host: str, seconds: float) -> Resolved:
        literal = parse_address(host)
        if literal is not None:
            return self._check([str(literal)])
        if static := self._request.hosts.get(host.rstrip(".")):
            return self._check([static])
        found: list[str] = []
        errors: list[str] = []
        for kind in ("A", "AAAA"):
            try:
                found += self._ask(host, kind, seconds)
            except dns.resolver.NXDOMAIN:
                return Resolved(error="dns_nxdomain")
            except dns.resolver.NoAnswer:
                errors.append("dns_no_address")
            except (dns.exception.DNSException, OSError, ValueError):
                errors.append("dns_failure")
        if found:
            return self._check(found)
        # A server that failed for one family leaves open whether the name has an address.
        return Resolved(error="dns_failure" if "dns_failure" in errors else errors[0])

    def _ask(self, host: str, kind: str, seconds: float) -> list[str]:
        if self._resolver is None:
            self._resolver = _resolver(self._request.resolver)
        name = dns.name.from_text(host.rstrip(".") + ".")
        answer = self._resolver.resolve(
            name, kind, lifetime=max(seconds, 0.01), search=False
        )
        return [record.address for record in answer]

    def _check(self, addresses: list[str]) -> Resolved:
        allowed = self._request.allowed_networks
        dropped = tuple(address for address in addresses if refusal(address, allowed))
        usable = tuple(address for address in addresses if address not in dropped)
        return Resolved(usable, dropped, None if usable else "blocked_address")


def _resolver(server: str | None) -> dns.resolver.Resolver:
    """``server`` is ``address:port`` or ``[v6]:port``; None asks the system's servers."""
    if server is None:
        return dns.resolver.Resolver()
    address, _, port = server.rpartition(":")
    if not address:
        address, port = server, "53"
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [address.strip("[]")]
    resolver.port = int(port)
    return resolver
