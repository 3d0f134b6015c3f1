"""The ways out: names, the real fetcher, and the registries."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from hotline.core.network.addresses import parse_address
from hotline.core.network.client import reach_of
from hotline.core.network.resolve import Names
from hotline.core.setting_parts.placeholders import is_example
from hotline.core.settings import Settings
from triage.fetching.process.client import Fetcher
from triage.fetching.report import FetchRequest
from triage.hosting.facts import FactName
from triage.hosting.sources.registries.rdap import Registry
from workers.doctor.finding import Finding, find_failed, find_well, warn_of
from workers.doctor.installation import Installation

NAME_SECONDS = 4.0
ADDRESS_OF_A_REGISTRY = "193.0.0.1"
"""Of RIPE NCC itself: its registry is asked for the networks of this part of the world."""
REGISTRY_SECONDS = 10.0
_RESOLVER = "Look at dns_server, or at /etc/resolv.conf where it is empty."


def look_at_names(installation: Installation) -> Finding:
    """Whether our own names have addresses, and a name that nobody has does not."""
    settings = installation.settings
    names = Names(reach_of(settings))
    # Nobody can have this name (RFC 6761), and no cache knows the answer.
    nobodys = f"{secrets.token_hex(8)}.invalid"
    answer = names.resolve(nobodys, seconds=NAME_SECONDS)
    # Some providers answer for every name, with a page of advertisements.
    if answer.usable or answer.dropped:
        return find_failed(
            "The name server answers for names that do not exist.",
            "Use one that does not: every page that is gone would seem to be there. "
            + _RESOLVER,
        )
    if answer.error == "dns_failure":
        return find_failed("The name server does not answer.", _RESOLVER)
    missing = [
        own.host
        for own in list_own_names(settings)
        if not _has_address(names, own.host)
    ]
    if missing:
        return find_failed(
            f"These names of ours have no address: {', '.join(missing)}.",
            "Correct them in the settings, or enter them with whoever keeps the domain.",
        )
    return find_well("Names are resolved, and one that does not exist is not.")


@dataclass(frozen=True, slots=True)
class OwnName:
    setting: str
    host: str


def list_own_names(settings: Settings) -> list[OwnName]:
    """The names that the settings lead to; no address, no example and no name twice."""
    urls = (
        *("public_url", "provider_url", "console_url"),
        *("control_url", "sms_url", "push_url"),
    )
    # By host: several settings may lead to one server, which is asked once.
    hosts = {
        urlsplit(getattr(settings, name)).hostname or "": name for name in urls
    }
    hosts |= {
        getattr(settings, name): name for name in ("smtp_host", "imap_host")
    }
    return [
        OwnName(name, host)
        for host, name in hosts.items()
        if host and parse_address(host) is None and not is_example(host)
    ]


def _has_address(names: Names, host: str) -> bool:
    """A private one, too: whether it may be visited is another question."""
    answer = names.resolve(host, seconds=NAME_SECONDS)
    return bool(answer.usable or answer.dropped)


def look_at_fetching(installation: Installation) -> Finding:
    """The real fetcher fetches the control page."""
    settings = installation.settings
    if not settings.control_url:
        return warn_of(
            "No control_url is set, so it cannot be told whether a page can be fetched.",
            "Set it to a page of your own that is always there: without it no removal is verified.",
        )
    request = FetchRequest(
        url=settings.control_url,
        allowed_networks=settings.fetch_allowed_networks,
        resolver=settings.dns_server or None,
        hosts=dict(settings.fetch_hosts),
        user_agent=settings.user_agent,
        # Only whether it answers; nothing on it is of interest.
        want_media=False,
    )
    # Through the very sandbox in which reported pages are fetched: a curl from
    # the shell would show less.
    with Fetcher() as fetcher:
        report = fetcher.fetch(request)
    if report.outcome == "ok":
        return find_well("The control page was fetched.")
    return find_failed(
        f"The control page cannot be fetched: {report.error or report.outcome}.",
        "Look whether control_url is right and its server runs, and whether this machine may "
        "connect to others on port 443.",
    )


def look_at_registries(installation: Installation) -> Finding:
    settings = installation.settings
    if not settings.rdap_enabled:
        return warn_of(
            "Registries are not asked, as rdap_enabled is off.",
            "Switch it on: hosts' abuse contacts and networks' holders come from there.",
        )
    registry = Registry(
        override_dir=settings.data_dir,
        reach=reach_of(settings),
        timeout=REGISTRY_SECONDS,
    )
    facts = registry.observe_network(ADDRESS_OF_A_REGISTRY, installation.now)
    for fact in facts:
        if fact.fact == FactName.REGISTRY_STATUS:
            return find_failed(
                f"The registry was asked by RDAP and gave no answer: {fact.value}.",
                "Look whether this machine may connect to rdap.db.ripe.net on port 443.",
            )
    return find_well("The registry answers.")
