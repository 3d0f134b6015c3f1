"""What a worker process holds between jobs: context, fetcher, look-up, matcher, channels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from hotline.core.context import Context, build_context
from hotline.core.settings import Settings, load_settings
from partners.channels.base import Channels
from partners.channels.build import build_channels
from triage.fetching.client import Fetcher
from triage.hashlists.matcher import Matcher
from triage.hosting.build import build_cloudflare, build_lookup
from triage.hosting.cloudflare import CloudflareOrigin
from triage.hosting.lookup import Lookup
from triage.jurisdiction import load_rules
from triage.locations.catalogue import load_platforms
from workers.transport import Transport


@dataclass
class Tools:
    """Built once a process; each part is made when a job first asks for it."""

    context: Context

    @cached_property
    def fetcher(self) -> Fetcher:
        return Fetcher()

    @cached_property
    def lookup(self) -> Lookup:
        return build_lookup(self.context.settings, warm=True)

    @cached_property
    def matcher(self) -> Matcher:
        return Matcher(self.context)

    @cached_property
    def channels(self) -> Channels:
        return build_channels(self.context.settings)

    @cached_property
    def cloudflare(self) -> CloudflareOrigin | None:
        return build_cloudflare(self.context.settings)

    def prepare(self) -> None:
        """Make at the start what the first report would wait for: a process, tables, rules."""
        self.fetcher.prepare()
        for name in ("lookup", "matcher"):
            getattr(self, name)
        load_platforms(self.context.settings.data_dir)
        load_rules(self.context.settings.data_dir)

    def close(self) -> None:
        if "fetcher" in self.__dict__:
            self.fetcher.close()
        self.context.close()


def build_tools(settings: Settings) -> Tools:
    transport = Transport(settings)
    return Tools(build_context(settings, after_commit=transport.after_commit))


_current: list[Tools] = []


def use(tools: Tools) -> None:
    """Make ``tools`` this process's own. RQ calls jobs by name: there is no argument to pass."""
    _current[:] = [tools]


def current_tools() -> Tools:
    """This process's tools, built from the environment where ``use`` was not called."""
    if not _current:
        use(build_tools(load_settings()))
    return _current[0]
