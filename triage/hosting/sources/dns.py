"""Names to addresses. "There is no such name" and "the server failed" are different facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import dns.exception
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

from hotline.core.errors import Misconfigured
from hotline.core.network.resolve import make_resolver


@dataclass(frozen=True, slots=True)
class Resolution:
    """``status``: ok | nxdomain | no_address | servfail | refused | timeout | invalid.

    Only ``nxdomain`` and ``no_address`` are statements about the name; the others are about the
    way to it and must never be read as "gone". ``aliases`` is the CNAME chain, targets only.
    """

    host: str
    status: str
    addresses: tuple[str, ...]
    aliases: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class _Reply:
    """To one question, of one family of addresses."""

    status: str
    addresses: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)


class Resolver(Protocol):
    """The seam at which tests put a local server or a table."""

    def resolve(self, host: str) -> Resolution: ...


class DnsResolver:
    """Asks ``server`` ("192.0.2.53", "[2001:db8::53]:5353", "192.0.2.53:5353") or the system's own.

    ``static`` answers for the names it has and is asked first; ``timeout`` in seconds is for each
    of the two questions (A, AAAA).
    """

    def __init__(
        self,
        server: str | None = None,
        timeout: float = 5.0,
        static: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self._static: dict[str, tuple[str, ...]] = {}
        for name, addresses in (static or {}).items():
            self._static[_plain_name(name)] = addresses
        self._server = server
        self._timeout = timeout
        self._resolver: dns.resolver.Resolver | None = None
        if server is not None:
            self._resolver = make_resolver(server)

    def resolve(self, host: str) -> Resolution:
        name = _plain_name(host)
        if name in self._static:
            return Resolution(
                name, "ok", self._static[name], (), "static table"
            )
        source = f"DNS {self._server or 'of the system'}"
        aliases: dict[str, None] = {}
        addresses: list[str] = []
        statuses: list[str] = []
        for family in (dns.rdatatype.A, dns.rdatatype.AAAA):
            reply = self._ask_server(name, family)
            statuses.append(reply.status)
            addresses += reply.addresses
            aliases.update(dict.fromkeys(reply.aliases))
            if reply.status == "nxdomain":
                break
        return Resolution(
            name,
            _combine_statuses(statuses),
            tuple(addresses),
            tuple(aliases),
            source,
        )

    def _ask_server(
        self, name: str, family: dns.rdatatype.RdataType
    ) -> _Reply:
        """Of one question; no exception of the network leaves it."""
        # An absolute name: a search list would ask for another one.
        try:
            answer = self._ready_resolver().resolve(
                dns.name.from_text(name),
                family,
                raise_on_no_answer=False,
                lifetime=self._timeout,
            )
        except dns.resolver.NXDOMAIN as error:
            return _Reply("nxdomain", aliases=_aliases_of_missing(error))
        except dns.resolver.NoNameservers as error:
            return _Reply(_name_failure(error))
        except dns.exception.Timeout:
            return _Reply("timeout")
        except (dns.exception.DNSException, UnicodeError, OSError):
            return _Reply("invalid")
        aliases: list[str] = []
        for rrset in answer.chaining_result.cnames:
            aliases += _read_targets(rrset)
        if not answer.rrset:
            return _Reply("no_address", aliases=aliases)
        addresses = [record.address for record in answer.rrset]
        return _Reply("ok", addresses, aliases)

    def _ready_resolver(self) -> dns.resolver.Resolver:
        if self._resolver is None:
            try:
                self._resolver = dns.resolver.Resolver()
            except dns.resolver.NoResolverConfiguration as error:
                raise Misconfigured(
                    "This machine has no name server configured.",
                    hint="Set the name server that the service shall ask.",
                ) from error
        return self._resolver


def _plain_name(host: str) -> str:
    return host.lower().rstrip(".")


def _read_targets(rrset: dns.rrset.RRset) -> list[str]:
    """Where the aliases of one name lead."""
    targets = []
    for record in rrset:
        target = record.target.to_text(omit_final_dot=True)
        targets.append(target.lower())
    return targets


def _combine_statuses(statuses: list[str]) -> str:
    """One address is enough; without any, a failed question outweighs an empty answer."""
    if "ok" in statuses:
        return "ok"
    # The name's own server said so, which outweighs a question that failed.
    if "nxdomain" in statuses:
        return "nxdomain"
    failed = [status for status in statuses if status != "no_address"]
    return failed[0] if failed else "no_address"


def _name_failure(error: dns.resolver.NoNameservers) -> str:
    for attempt in error.kwargs.get("errors", ()):
        # (server, by TCP, port, error, response); without an answer there is no response.
        response = attempt[4] if len(attempt) > 4 else None
        if response is None:
            continue
        # A server that will not answer us is another thing than one that
        # cannot.
        if response.rcode() == dns.rcode.REFUSED:
            return "refused"
    return "servfail"


def _aliases_of_missing(error: dns.resolver.NXDOMAIN) -> list[str]:
    """The chain up to the name that is missing: which alias dangles matters to a reader."""
    chain: list[str] = []
    responses = error.kwargs.get("responses") or {}
    for response in responses.values():
        for rrset in response.answer:
            if rrset.rdtype == dns.rdatatype.CNAME:
                chain += _read_targets(rrset)
    return chain
