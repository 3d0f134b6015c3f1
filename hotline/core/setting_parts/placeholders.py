"""Settings that still hold an example: a letter with one in it leads its reader nowhere."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from hotline.core.settings import Settings

_WORDS_OF_LETTERS = (
    "contact_email",
    "mail_from",
    "hotline_domain",
    "public_url",
    "provider_url",
)
_EXAMPLE_NAMES = ("example", "invalid", "localhost", "test")
"""Top-level names that RFC 2606 and 6761 keep out of the world; so is ``example.com``."""


def list_placeholders(settings: Settings) -> list[str]:
    """Names of the settings that stand in letters and are examples; none in a sandbox."""
    if settings.sandbox:
        return []
    return [
        name
        for name in _WORDS_OF_LETTERS
        if is_example(_host_of(getattr(settings, name)))
    ]


def _host_of(value: str) -> str:
    if "://" in value:
        return urlsplit(value).hostname or ""
    return value.rpartition("@")[2]


def is_example(host: str) -> bool:
    """Whether nobody but this machine, or nobody at all, is reached by that name or address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        labels = host.rstrip(".").lower().split(".")
        return labels[-1] in _EXAMPLE_NAMES or (
            len(labels) > 1 and labels[-2] == "example"
        )
    return address.is_loopback or address.is_unspecified
