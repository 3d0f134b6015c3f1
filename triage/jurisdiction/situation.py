"""What the facts amount to, worked out once, so that each routing rule reads like its row.

Nothing here decides whom to tell. Unknown stays None, False or empty, and is never taken for
"abroad": ``hosted_abroad`` needs both a known home and a known, different place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from triage.jurisdiction.facts import Facts
from triage.jurisdiction.rules import CountryRules, PartnerHotline, Rules, Stop
from triage.locations.catalogue import Platform

NEXUS = (
    "victim.country",
    "victim.nationality",
    "victim.residence",
    "suspect.country",
    "suspect.nationality",
    "suspect.residence",
    "suspect.ip_country",
    "generated_in",
)
ABROAD = (
    "victim.country",
    "victim.residence",
    "suspect.country",
    "suspect.residence",
    "suspect.ip_country",
)


@dataclass(frozen=True)
class Situation:
    """The facts, the rules, and what follows from both."""

    facts: Facts
    rules: Rules

    @cached_property
    def home_rules(self) -> CountryRules | None:
        return self.rules.countries.get(self.facts.home or "")

    @cached_property
    def danger(self) -> bool:
        return self.facts.victim.at_immediate_risk is True

    @cached_property
    def child(self) -> bool:
        """A child reports, or it is a child's own picture: support comes first."""
        return self.facts.reporter_is_child is True or self.facts.own_material is True

    @cached_property
    def illegal(self) -> bool:
        return self.facts.assessment in {"baseline", "national"}

    @cached_property
    def lawful(self) -> bool:
        return self.facts.assessment == "not_illegal"

    @cached_property
    def listed(self) -> bool:
        """In a known list, whatever the list calls its class."""
        return bool(self.facts.known_list)

    @cached_property
    def urgent_kind(self) -> bool:
        """Of a kind in which somebody is in contact with a child."""
        return self.facts.kind in self.rules.network.urgent_kinds

    @cached_property
    def urgency(self) -> str:
        if self.danger:
            return "immediate"
        sure = self.facts.assessment == "baseline"
        high = self.child or self.listed or self.urgent_kind or sure
        return "high" if high else "normal"

    @cached_property
    def hidden(self) -> bool:
        """There is no host to ask: an onion service or peers."""
        return self.facts.hosting_kind in {"onion", "p2p"}

    @cached_property
    def on_platform(self) -> bool:
        return self.facts.hosting_kind == "platform" or (
            self.facts.platform is not None and not self.hidden
        )

    @cached_property
    def own_host(self) -> bool:
        """A host stands behind it whom a notice can reach, platform or not."""
        kind = self.facts.hosting_kind
        return kind == "host" or (kind == "unknown" and not self.on_platform)

    @cached_property
    def platform(self) -> Platform | None:
        return self.rules.platforms.get((self.facts.platform or "").casefold())

    @cached_property
    def hosted_home(self) -> bool:
        home = self.facts.home
        seat_home = (
            self.platform is not None
            and self.platform.seat == home
            and self.on_platform
        )
        return home is not None and (self.facts.stored_in == home or seat_home)

    @cached_property
    def foreign_hosts(self) -> tuple[str, ...]:
        """Countries, other than home, whose hotline could act: of the host, of the platform."""
        home = self.facts.home
        seat = self.platform.seat if self.platform and self.on_platform else None
        places = dict.fromkeys(filter(None, (self.facts.stored_in, seat)))
        return tuple(place for place in places if home is not None and place != home)

    @cached_property
    def host_unknown(self) -> bool:
        """Whose host it is cannot be said yet, so it may well be home's."""
        seat_known = self.on_platform and self.platform is not None
        return not (self.hidden or self.facts.stored_in or seat_known)

    @cached_property
    def nexus(self) -> tuple[str, ...]:
        """Facts that lead to home; a municipality is home's unless the child is elsewhere."""
        victim = self.facts.victim
        local = victim.municipality is not None and victim.country in {
            None,
            self.facts.home,
        }
        found = self._where(NEXUS, at_home=True)
        return (*found, "victim.municipality") if local and self.facts.home else found

    @cached_property
    def abroad(self) -> tuple[str, ...]:
        return self._where(ABROAD, at_home=False)

    @cached_property
    def stopped(self) -> tuple[Stop, ...]:
        """Stop-list entries for any country that the facts, or the platform's seat, name."""
        if self.home_rules is None:
            return ()
        named = {country for _, country in self.facts.places()} | set(
            self.foreign_hosts
        )
        return tuple(
            stop for stop in self.home_rules.stop_list if stop.country in named
        )

    def hotlines(self, country: str) -> tuple[PartnerHotline, ...]:
        return self.rules.hotlines.get(country, ())

    def reachable(self, country: str) -> bool:
        """Whether a hotline or a clearing house takes reports of what that country hosts."""
        return (
            bool(self.hotlines(country))
            or country in self.rules.network.clearing_houses
        )

    def stops(self, country: str | None) -> bool:
        return any(stop.country == country for stop in self.stopped)

    def _where(self, paths: tuple[str, ...], *, at_home: bool) -> tuple[str, ...]:
        home = self.facts.home
        if home is None:
            return ()
        known = ((path, self.facts.place(path)) for path in paths)
        return tuple(
            path for path, place in known if place and (place == home) == at_home
        )
