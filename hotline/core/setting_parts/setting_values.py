"""What single settings may say. A ``ValueError`` tells the operator what is wrong with a value."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from hotline.core.network.host_port import split_host_and_port

PROXIES = ("http://", "https://", "socks5h://")

Routes = TypeVar("Routes", bound=Mapping[str, SecretStr])


def require_closed_redis(value: SecretStr) -> SecretStr:
    """Whoever is let in there can delay all work: a socket's file rights or a password say who
    that is."""
    url = urlsplit(value.get_secret_value())
    # A socket's file rights say who is let in.
    if not url.scheme or url.scheme == "unix":
        return value
    if url.scheme not in ("redis", "rediss"):
        raise ValueError("must start with unix://, redis:// or rediss://")
    if not (url.password or parse_qs(url.query).get("password")):
        raise ValueError(
            "a Redis that is reached by TCP needs a password (redis://user:password@host:port);"
            " a unix:// socket needs none"
        )
    # The driver takes options out of the address, and these would switch the
    # check off.
    given = {name.lower() for name in parse_qs(url.query)}
    if given & {"ssl_cert_reqs", "ssl_check_hostname"}:
        raise ValueError(
            "the server's certificate is always verified; redis_ca_file names its authority"
        )
    return value


def is_by_tcp(value: SecretStr) -> bool:
    return value.get_secret_value().startswith(("redis://", "rediss://"))


def require_routes(routes: Routes, *, reserved: str) -> Routes:
    """Named proxies by which an item may be fetched."""
    for name, proxy in routes.items():
        if not re.fullmatch(r"[a-z0-9-]{1,40}", name) or name == reserved:
            raise ValueError(
                f"a route's name is of a-z, 0-9 and -, and not {reserved!r}"
            )
        if not proxy.get_secret_value().startswith(PROXIES):
            raise ValueError(
                f"route {name} must start with http://, https:// or socks5h://"
            )
    return routes


def require_contacts(contacts: tuple[str, ...]) -> tuple[str, ...]:
    """Of a security.txt: RFC 9116 wants URIs, and no web page without TLS."""
    for contact in contacts:
        if not re.fullmatch(r"(mailto:|https://|tel:)[!-~]+", contact):
            raise ValueError(
                f"{contact!r} must start with mailto:, https:// or tel:, and have no spaces"
            )
    return contacts


def require_host_and_port(value: str) -> str:
    """``name`` or ``name:port``; an IPv6 address with a port stands in brackets."""
    if value:
        split_host_and_port(value, 0)
    return value


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
