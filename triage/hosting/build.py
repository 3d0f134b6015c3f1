"""The hosting look-up, and the delivery network's API, that the settings describe."""

from __future__ import annotations

from hotline.core.jobs.asked_servers import Standings
from hotline.core.network.client import reach_of
from hotline.core.settings import Settings
from triage.hosting.lookup import HostingLookup, Lookup
from triage.hosting.sources.cdn import CdnRanges
from triage.hosting.sources.cloudflare import CloudflareOrigin
from triage.hosting.sources.dns import DnsResolver
from triage.hosting.sources.known import KnownFirst, load_known_networks


def build_cloudflare(settings: Settings) -> CloudflareOrigin | None:
    """The delivery network's API; None where no account of the hotline's is set."""
    token = settings.cloudflare_token.get_secret_value()
    if not (settings.cloudflare_account and token):
        return None
    return CloudflareOrigin(
        settings.cloudflare_account, token, reach=reach_of(settings)
    )


def build_lookup(
    settings: Settings,
    *,
    warm: bool = False,
    standings: Standings | None = None,
) -> Lookup:
    """One a process: it caches what registries answered. ``warm``: with all tables loaded.

    ``standings``: how the registries stand, for all who share it; else for this process alone.
    """
    # Here, since the tables and clients behind them cost a process that only
    # names a look-up.
    from triage.hosting.sources.budget import Budget
    from triage.hosting.sources.geography import Geography
    from triage.hosting.sources.registries.rdap import Registry

    data_dir = settings.data_dir
    geography = Geography(
        settings.country_mmdb,
        settings.asn_csv,
        asn_mmdb=settings.asn_mmdb,
        override_dir=data_dir,
    )
    if warm:
        geography.load_tables()
    registry = (
        Registry(
            override_dir=data_dir,
            reach=reach_of(settings),
            budget=Budget(standings=standings),
        )
        if settings.rdap_enabled
        else None
    )
    lookup = HostingLookup(
        DnsResolver(
            server=settings.dns_server or None,
            static={
                host: (address,)
                for host, address in settings.fetch_hosts.items()
            },
        ),
        geography,
        registry,
        CdnRanges.load_file(data_dir),
    )
    # Outermost: what the hotline knows itself leads whatever was looked up.
    return KnownFirst(lookup, load_known_networks(data_dir))
