"""What a host name says by itself: address or name, registrable domain, platform. Cached.

A report list names the same few hosts over and over, so this is looked up once a host and not once
an address; the public suffix list costs more than the whole of the parsing.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

import ada_url
from publicsuffixlist import PublicSuffixList

from triage.locations.catalogue_values import Catalogue, Platform, Wrapper
from triage.locations.web import onion

_CACHED_HOSTS = 32_768
_MOST_LABELS = 20

_NAME = re.compile(r"[a-z0-9._-]+", re.ASCII)
"""The parser lets more through than any resolver does, partly in spellings that do not last."""

_LANGUAGE = re.compile(r"[a-z]{2}(?:-[a-z]{2,4})?")

SPECIAL_SUFFIXES = frozenset(
    (
        "onion",
        "i2p",
        "example",
        "test",
        "invalid",
        "localhost",
        "local",
        "internal",
        "bit",
        "eth",
    )
)
"""Top-level names outside the DNS root that people report or that RFC 6761 sets aside for tests."""


@dataclass(frozen=True, slots=True)
class Site:
    """``name`` is the host as it stands in a canonical URL (IPv6 in brackets)."""

    name: str
    host: str
    display: str
    kind: str
    registrable: str | None
    platform: Platform | None
    wrappers: tuple[Wrapper, ...]
    problems: tuple[str, ...]


@lru_cache(maxsize=1)
def load_suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def look_up_site(hostname: str, catalogue: Catalogue) -> Site | None:
    """The site of a host name as the WHATWG parser gives it; None where it names no host."""
    site: Site | None = catalogue.sites.get(hostname)
    if site is None:
        site = _describe_site(hostname, catalogue)
        if site is not None:
            # Bounded, since anybody can send any number of names.
            if len(catalogue.sites) >= _CACHED_HOSTS:
                catalogue.sites.clear()
            catalogue.sites[hostname] = site
    return site


def _describe_site(hostname: str, catalogue: Catalogue) -> Site | None:
    # A dot at the end stands for the root of the DNS: it is the same name.
    name = hostname[:-1] if hostname.endswith(".") else hostname
    if not name or name[-1] == "." or name[0] == "." or ".." in name:
        return None
    address = _parse_address(name)
    if address is not None:
        bare = str(address)
        shown = f"[{bare}]" if address.version == 6 else bare
        return Site(shown, bare, shown, "address", None, None, (), ())
    if not _NAME.fullmatch(name):
        return None
    if name.endswith(".onion"):
        return _describe_onion(name, catalogue)
    return _describe_named_site(name, catalogue)


def _describe_onion(name: str, catalogue: Catalogue) -> Site:
    """An onion service that is a platform's second door is the platform's own page."""
    names = _list_names_above(name, "onion")
    platform = _find_platform(names, catalogue)
    if platform is not None and _is_home(name, platform):
        return _describe_named_site(platform.home, catalogue)
    problems = onion.find_problems(name)
    return Site(name, name, name, "onion", None, platform, (), problems)


def _find_platform(names: list[str], catalogue: Catalogue) -> Platform | None:
    for name in names:
        if name in catalogue.by_host:
            return catalogue.by_host[name]
    return None


def _is_home(name: str, platform: Platform) -> bool:
    """Whether a host is the platform's main one under another name."""
    if not platform.home or name == platform.home:
        return False
    bare = name.removeprefix("www.")
    if name in platform.aliases or bare in platform.aliases:
        return True
    home = platform.home.removeprefix("www.")
    language, _, rest = name.partition(".")
    return bare == home or (
        platform.languages
        and _LANGUAGE.fullmatch(language) is not None
        and (rest == home or rest in platform.aliases)
    )


def _describe_named_site(name: str, catalogue: Catalogue) -> Site:
    suffix = load_suffixes().publicsuffix(name) or name
    above = _list_names_above(name, suffix)
    platform = _find_platform(above, catalogue)
    wrappers: list[Wrapper] = []
    for host in above:
        wrappers += catalogue.wrappers_by_host.get(host, ())
    if platform is not None and _is_home(name, platform):
        name = platform.home
        suffix = load_suffixes().publicsuffix(name) or name
    return Site(
        name=name,
        host=name,
        display=_spell_readably(name),
        kind="name",
        registrable=_find_registrable_domain(name, suffix),
        platform=platform,
        wrappers=tuple(dict.fromkeys(wrappers)),
        problems=() if "." in name else ("host_incomplete",),
    )


def _find_registrable_domain(name: str, suffix: str) -> str | None:
    """The suffix and one label more; None where the name is itself a suffix."""
    if name == suffix:
        return None
    return f"{name[: -len(suffix) - 1].rpartition('.')[2]}.{suffix}"


def _parse_address(
    name: str,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IPv4-mapped IPv6 address is the IPv4 address: both reach the same machine."""
    last = name[-1]
    # Cheaper than an exception for each name that is no address.
    if last != "]" and not last.isdigit():
        return None
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return None
    if (
        isinstance(address, ipaddress.IPv6Address)
        and address.ipv4_mapped is not None
    ):
        return address.ipv4_mapped
    return address


def _spell_readably(name: str) -> str:
    """A decoder may refuse what the parser let through; the name is then shown as it is."""
    if "xn--" not in name:
        return name
    try:
        return str(ada_url.idna_to_unicode(name)) or name
    except ValueError:
        return name


def _list_names_above(name: str, suffix: str) -> list[str]:
    """The name and the names above it, and the same with ``*`` for the suffix.

    ``www.google.com.al`` gives itself, google.com.al, com.al, al, www.google.* and google.*.
    """
    # All endings of a name of hundreds of labels would take the square of it.
    labels = name.split(".")[-_MOST_LABELS:]
    names = [".".join(labels[start:]) for start in range(len(labels))]
    tail = -len(suffix)
    return names + [
        f"{name[:tail]}*" for name in names if len(name) > len(suffix)
    ]
