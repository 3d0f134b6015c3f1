"""How other people's hash services are asked: by HTTPS, never redirected, with bounded answers.

Redirects are not followed and the environment's proxies are not used: the credentials and the
hashes go to the one address that a person wrote down. Answers are read up to a limit.
"""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

import httpx

from hotline.core.errors import Forbidden, InvalidInput, NoAnswer, Unavailable

# A second try may work after these; another 4xx says that the question itself is wrong.
RETRY_STATUS = frozenset({408, 425, 429})


def checked_url(url: str) -> str:
    """``url`` without a slash at its end. Raises InvalidInput where a password or a hash would
    travel in the clear: plain HTTP is for this very machine only (tests, a tunnel's end)."""
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidInput(
            "The address of a hash service has no password, query or fragment."
        )
    if parts.hostname and (
        parts.scheme == "https"
        or (parts.scheme == "http" and _is_loopback(parts.hostname))
    ):
        return url.rstrip("/")
    raise InvalidInput(f"{url[:200]!r} is not an https:// address.", hint="Use HTTPS.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def ask(
    client: httpx.Client, method: str, url: str, *, limit: int, **sent: Any
) -> bytes:
    """The answer's body, at most ``limit`` bytes.

    Raises Unavailable where trying again may help, Forbidden where the credentials are refused and
    InvalidInput where the question is.
    """
    try:
        with client.stream(method, url, **sent) as answer:
            _check(answer.status_code)
            body = bytearray()
            for block in answer.iter_bytes():
                body += block
                if len(body) > limit:
                    raise InvalidInput(f"The answer is larger than {limit:,} bytes.")
            return bytes(body)
    except httpx.HTTPError as error:
        raise NoAnswer(f"The hash service failed: {type(error).__name__}.") from None


def _check(status: int) -> None:
    if status == 200:
        return
    if status in (401, 403):
        raise Forbidden(
            f"The hash service refused the credentials ({status}).",
            hint="Check the user name, the password, and whether this address is allowed there.",
        )
    told = f"The hash service answered {status}."
    if status >= 500 or status in RETRY_STATUS:
        raise Unavailable(told)
    raise InvalidInput(told, hint="Check the address.")
