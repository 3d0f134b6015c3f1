"""What a worker process holds between jobs: context, fetcher, look-up, matcher, channels.

Each part is imported and made where a job of the process's pool needs it: together they are large.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from hotline.core.context import Context, build_context
from hotline.core.jobs.asked_servers import SharedStandings
from hotline.core.setting_parts.placeholders import list_placeholders
from hotline.core.settings import Settings
from workers.queues.pools import Pool
from workers.queues.transport import Transport

if TYPE_CHECKING:
    from partners.channels.base import Channels
    from triage.fetching.process.client import Fetcher
    from triage.hashlists.search.matcher import Matcher
    from triage.hosting.lookup import Lookup
    from triage.hosting.sources.cloudflare import CloudflareOrigin
    from triage.rulebook.in_force import RuleKeeper

# These look at files and hosts, and hold what that takes.
_LOOKERS = frozenset({Pool.LOOKING, Pool.WATCHING})


@dataclass
class Tools:
    """Built once a process; each part is made when a job first asks for it."""

    context: Context

    @cached_property
    def rules(self) -> RuleKeeper:
        from triage.rulebook.in_force import RuleKeeper

        return RuleKeeper(self.context)

    @cached_property
    def fetcher(self) -> Fetcher:
        from triage.fetching.process.client import Fetcher

        return Fetcher()

    @cached_property
    def lookup(self) -> Lookup:
        from triage.hosting.build import build_lookup

        return build_lookup(
            self.context.settings,
            warm=True,
            standings=SharedStandings(self.context.database),
        )

    @cached_property
    def matcher(self) -> Matcher:
        from triage.hashlists.search.matcher import Matcher

        return Matcher(self.context)

    @cached_property
    def channels(self) -> Channels:
        from partners.channels.base import build_channels
        from workers.closed_channels import close_channels

        settings = self.context.settings
        channels = build_channels(settings)
        examples = list_placeholders(settings)
        return close_channels(channels, examples) if examples else channels

    @cached_property
    def duty_ways(self) -> Channels:
        from partners.duty.ways import open_ways

        return open_ways(self.context.settings)

    @cached_property
    def cloudflare(self) -> CloudflareOrigin | None:
        from triage.hosting.build import build_cloudflare

        return build_cloudflare(self.context.settings)

    def prepare(self, pools: Iterable[Pool]) -> None:
        """Make at the start what the first report would wait for: a process, tables, rules."""
        wanted = set(pools)
        if wanted & _LOOKERS:
            from triage import matching

            # Machine code is made or loaded now, not while a report waits.
            matching.warm_up()
            self.fetcher.start_child()
            for name in ("lookup", "matcher"):
                getattr(self, name)
        if wanted & (_LOOKERS | {Pool.INTAKE}):
            from triage.jurisdiction import load_rules
            from triage.locations.catalogue import load_platforms

            load_platforms(self.context.settings.data_dir)
            load_rules(self.context.settings.data_dir)

    def keep_watch(self, pools: Iterable[Pool]) -> None:
        """What goes on beside the jobs: say that this machine lives, keep its index new."""
        from hotline.core.storage.servers.presence import Presence

        Presence(self.context).start()
        if set(pools) & _LOOKERS:
            from triage.hashlists.search.index_building import IndexKeeper

            IndexKeeper(self.context).start()

    def close(self) -> None:
        # To ask for it would start a child process in order to end it.
        if "fetcher" in self.__dict__:
            self.fetcher.close()
        self.context.close()


def build_tools(settings: Settings) -> Tools:
    transport = Transport(settings)
    return Tools(build_context(settings, after_commit=transport.after_commit))
