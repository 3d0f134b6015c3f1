"""What a URL asks us to connect to, read once, by the parser that browsers follow.

The same normal form is checked and handed to curl, so that the two cannot disagree about the host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import ada_url

MAX_URL = 8_192
"""Longer addresses are cut in reports: a URL is a name, not a place to carry data in."""

_LONGEST_NAME = 1_000
"""Characters of user name, host and port, where some are not ASCII: a host has 253 at most, and
writing a longer one in Punycode costs the square of its length."""
_AUTHORITY = re.compile(r"[\w+.\-\s]*+:?[/\\\s]*+([^/\\?#]*+)")

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """``href`` goes to curl; ``shown`` goes into reports: no user-info, no fragment, and of
    schemes that are not fetched only their name (a ``data:`` URL would be content)."""

    href: str
    shown: str
    scheme: str
    host: str
    port: int

    @property
    def onion(self) -> bool:
        return self.host.rstrip(".").endswith(".onion")

    @property
    def fetchable(self) -> bool:
        return self.scheme in DEFAULT_PORTS and bool(self.host)


def parse_target(text: str, base: str | None = None) -> Target | None:
    """``text`` as a target, relative to ``base``; None where it is no URL or too long for one."""
    if len(text) > MAX_URL or _has_endless_name(text):
        return None
    try:
        url = ada_url.URL(text, base=base) if base else ada_url.URL(text)
    except ValueError:
        return None
    scheme = url.protocol.rstrip(":")
    if scheme not in DEFAULT_PORTS:
        return Target(
            href=url.href,
            shown=f"{scheme[:32]}:",
            scheme=scheme,
            host="",
            port=0,
        )
    # The user name stays in what curl gets, and in nothing that is shown.
    url.hash = ""
    href = url.href
    url.username = url.password = ""
    port = int(url.port) if url.port else DEFAULT_PORTS[scheme]
    return Target(href, url.href, scheme, url.hostname, port)


def _has_endless_name(text: str) -> bool:
    if len(text) <= _LONGEST_NAME or text.isascii():
        return False
    match = _AUTHORITY.match(text)
    return match is not None and len(match[1]) > _LONGEST_NAME
