"""What time another machine says it is: one question of SNTP (RFC 4330), nothing is set by it."""

from __future__ import annotations

import socket
import struct
import time

from hotline.core.errors import Unavailable
from hotline.core.network.host_port import split_host_and_port
from hotline.core.network.own_servers import resolve_server
from hotline.core.network.resolve import Reach

PORT = 123
SECONDS = 4.0
_REQUEST = bytes([0b00_100_011]) + bytes(47)
"""No warning, version 4, from a client; all else is the server's to fill in."""
_BEFORE_1970 = 2_208_988_800
"""Seconds from 1900, where NTP begins to count."""
_FROM_A_SERVER = 4
_TRANSMITTED = slice(40, 48)
_NOT_SYNCHRONISED = 3


class NoTime(Unavailable):
    """The server gave no time that could be used."""


def ask_offset(server: str, reach: Reach) -> float:
    """How many seconds ``server`` (``name``, ``name:port``) is ahead of this machine.

    Good to half the time of the way there and back, a second at the very most on a bad line.
    """
    host, port = split_host_and_port(server, PORT)
    sent = time.time()
    answer = _exchange(host, port, reach)
    arrived = time.time()
    mode, warning = answer[0] & 7, answer[0] >> 6
    if mode != _FROM_A_SERVER or warning == _NOT_SYNCHRONISED:
        raise NoTime(
            "The time server does not know the time itself.",
            hint="Let time_server name another one.",
        )
    seconds, fraction = struct.unpack("!II", answer[_TRANSMITTED])
    said = seconds - _BEFORE_1970 + fraction / 2**32
    # The server wrote its answer half-way, if both ways took equally long.
    return float(said - (sent + arrived) / 2)


def _exchange(host: str, port: int, reach: Reach) -> bytes:
    try:
        addresses = resolve_server(host, port, reach, SECONDS)
        if not addresses:
            raise OSError("the name has no address")
        address = addresses[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as link:
            link.settimeout(SECONDS)
            # Connected, so that the system takes answers from this address
            # alone.
            link.connect((address, port))
            link.send(_REQUEST)
            answer = link.recv(1024)
    except OSError as error:
        raise NoTime(
            f"The time server does not answer ({type(error).__name__}).",
            hint="Look whether time_server is right, and whether UDP gets through to it.",
        ) from None
    if len(answer) < len(_REQUEST):
        raise NoTime("The time server's answer is no time.", hint="")
    return answer
