"""Which addresses may be connected to: an explicit list, because others choose them for us.

``ipaddress.is_global`` is not used: it depends on the Python release and calls several wrapped or
retired ranges global (2002::/16, 64:ff9b::/96, 3fff::/20, 192.88.99.0/24, 224.0.0.0/4 ...).
Ranges: IANA IPv4 and IPv6 Special-Purpose Address Registries, RFC 6890 and the RFCs named there,
read in 2026; IPv6 is allowed only inside the one block that is handed out, 2000::/3 (RFC 4291).
Addresses that carry an IPv4 address inside (mapped, NAT64, 6to4, Teredo) are refused as a whole:
a public web host has an address of its own, and what is wrapped is a way around this list.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

import ada_url

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_REFUSED: tuple[tuple[str, str], ...] = (
    # The first that fits names the reason, so the narrow ones stand first.
    ("169.254.169.254/32", "metadata"),
    # Azure's host agent answers on this public address.
    ("168.63.129.16/32", "metadata"),
    ("100.100.100.200/32", "metadata"),  # Alibaba Cloud
    ("192.0.0.192/32", "metadata"),  # Oracle Cloud
    ("fd00:ec2::254/128", "metadata"),  # Amazon EC2 over IPv6
    ("0.0.0.0/8", "this_network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link_local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "reserved"),
    ("192.52.193.0/24", "reserved"),
    ("192.88.99.0/24", "reserved"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "reserved"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("::1/128", "loopback"),
    ("::/128", "this_network"),
    ("::ffff:0:0/96", "wrapped_ipv4"),
    ("::/96", "wrapped_ipv4"),
    ("64:ff9b::/96", "nat64"),
    ("64:ff9b:1::/48", "nat64"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link_local"),
    ("fec0::/10", "private"),
    ("ff00::/8", "multicast"),
    ("2001::/32", "wrapped_ipv4"),  # Teredo
    ("2001::/23", "reserved"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "wrapped_ipv4"),  # 6to4
    ("2620:4f:8000::/48", "reserved"),
    ("3ffe::/16", "reserved"),
    ("3fff::/20", "documentation"),
)
_TABLE: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), reason) for network, reason in _REFUSED
)
_HANDED_OUT = IPv6Network("2000::/3")


def parse_address(text: str) -> Address | None:
    """The address that ``text`` writes, in any notation a browser takes; None for a name.

    Brackets and zone are dropped; ``0x7f.1``, ``2130706433``, ``0177.0.0.1`` and full-width digits
    are read by the WHATWG host parser, as the fetcher itself would read them.
    """
    plain = text.strip().strip("[]").split("%", 1)[0]
    try:
        return ip_address(plain)
    except ValueError:
        pass
    # With such a sign it would be more than a host to the parser, and the host another one.
    if any(sign in "/\\?#@:" for sign in text):
        return None
    try:
        return ip_address(
            ada_url.URL(f"http://{text.strip()}/").hostname.strip("[]")
        )
    except ValueError:
        return None


def refuse_address(
    address: str, allowed_networks: Iterable[str]
) -> str | None:
    """Why ``address`` must not be visited (a slug), or None where it may.

    An allowed network counts for addresses written in its own family only: 127.0.0.0/8 does not
    allow ::ffff:127.0.0.1. What is no address at all is refused as ``not_an_address``.
    """
    parsed = parse_address(address)
    if parsed is None:
        return "not_an_address"
    if any(
        parsed in network
        for network in _parse_networks(tuple(allowed_networks))
    ):
        return None
    for network, reason in _TABLE:
        if parsed in network:
            return reason
    if parsed.version == 6 and parsed not in _HANDED_OUT:
        return "reserved"
    return None


@lru_cache(maxsize=64)
def _parse_networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(text, strict=False) for text in texts)
