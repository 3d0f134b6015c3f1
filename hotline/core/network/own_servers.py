"""Connections to servers that an operator names in the settings, such as the mail server.

Their names are looked up once, the addresses are checked, and the connection goes to a checked one.
Whoever writes a private address into a setting means it; a *name* that leads to one could be
somebody else's doing, so its networks have to be allowed by name.
"""

from __future__ import annotations

import socket
import time
from dataclasses import replace

from hotline.core.network.addresses import parse_address, refuse_address
from hotline.core.network.client import reach_of
from hotline.core.network.resolve import Names, Reach
from hotline.core.settings import Settings


class ForbiddenAddress(OSError):
    """A server's name leads to addresses only that must not be visited."""


def reach_of_mail(settings: Settings) -> Reach:
    """How far connections to the operator's own mail servers go."""
    reach = reach_of(settings)
    networks = (*reach.allowed_networks, *settings.mail_networks)
    return replace(reach, allowed_networks=networks)


def open_connection(
    host: str, port: int, *, reach: Reach, seconds: float
) -> socket.socket:
    """A TCP connection to ``host``, made within ``seconds``, which is each read's limit too.

    Raises ``ForbiddenAddress``, or another ``OSError`` for what the network does.
    """
    deadline = time.monotonic() + seconds
    failure: OSError | None = None
    for address in resolve_server(host, port, reach, seconds):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            # Nought would make a socket that does not wait at all.
            connection.settimeout(max(deadline - time.monotonic(), 0.01))
            connection.connect((address, port))
        except OSError as error:
            connection.close()
            failure = error
        else:
            # The connecting is over; each read has the whole time again.
            connection.settimeout(seconds)
            return connection
    raise failure or OSError("the name has no address")


def resolve_server(
    host: str, port: int, reach: Reach, seconds: float
) -> list[str]:
    literal = parse_address(host)
    if literal is not None:
        # Written into the settings by the operator, and so meant.
        return [str(literal)]
    if host == "localhost":
        return ["127.0.0.1", "::1"]
    if reach.resolver or host in reach.hosts:
        resolved = Names(reach).resolve(host, seconds=seconds)
        # Dropped by the public rule: the networks of this server are asked about below.
        candidates = [*resolved.usable, *resolved.dropped]
    else:
        candidates = _ask_system(host, port)
    allowed = [
        address
        for address in candidates
        if refuse_address(address, reach.allowed_networks) is None
    ]
    if candidates and not allowed:
        raise ForbiddenAddress(
            "the name leads to an address that must not be visited"
        )
    return allowed


def _ask_system(host: str, port: int) -> list[str]:
    """As every program on this machine asks: its own hosts file and search domains included."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))
