"""A server as the settings name it: ``name``, ``name:port``, and the same of an address."""

from __future__ import annotations

import re

_SERVER = re.compile(
    r"\[(?P<six>[0-9A-Fa-f:.]+)\](?::(?P<six_port>[0-9]{1,5}))?"
    r"|(?P<name>[^:\[\]\s]+)(?::(?P<port>[0-9]{1,5}))?"
    r"|(?P<bare_six>[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)"
)


def split_host_and_port(value: str, default: int) -> tuple[str, int]:
    """Host and port; ``ValueError`` for what is neither. ``default``: where it names no port.

    An IPv6 address with a port stands in brackets: by itself it has colons enough. ::

        split_host_and_port("time.example", 123)  # ("time.example", 123)
        split_host_and_port("[2001:db8::1]:53", 53)  # ("2001:db8::1", 53)
    """
    match = _SERVER.fullmatch(value)
    if match is None:
        raise ValueError("must be name or name:port")
    port = match["six_port"] or match["port"]
    if port is not None and not 0 < int(port) < 65536:
        raise ValueError("must be name or name:port")
    host = match["six"] or match["name"] or match["bare_six"]
    return host, default if port is None else int(port)
