"""What the facts amount to, worked out once, so that each routing rule reads like its row.

Nothing here decides whom to tell. Unknown stays None, False or empty, and is never taken for
"abroad": ``abroad`` needs both a known home and a known, different place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from triage.hosting.kinds import HostingKind
from triage.jurisdiction.facts import Facts
from triage.jurisdiction.rules import CountryRules, PartnerHotline, Rules, Stop
from triage.jurisdiction.vocabulary import AssessmentClass, PlaceFact, Urgency
from triage.locations.catalogue_values import Platform

LEADING_HOME = (
    PlaceFact.VICTIM_COUNTRY,
    PlaceFact.VICTIM_NATIONALITY,
    PlaceFact.VICTIM_RESIDENCE,
    PlaceFact.SUSPECT_COUNTRY,
    PlaceFact.SUSPECT_NATIONALITY,
    PlaceFact.SUSPECT_RESIDENCE,
    PlaceFact.SUSPECT_IP_COUNTRY,
    PlaceFact.GENERATED_IN,
)
"""Facts that make a case home's own. Where it is hosted is judged apart."""

LEADING_ABROAD = (
    PlaceFact.VICTIM_COUNTRY,
    PlaceFact.VICTIM_RESIDENCE,
    PlaceFact.SUSPECT_COUNTRY,
    PlaceFact.SUSPECT_RESIDENCE,
    PlaceFact.SUSPECT_IP_COUNTRY,
)
"""Facts by which the police of another country are concerned: where somebody is, not who."""


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
        return self.facts.is_child_reporting

    @cached_property
    def child_is_cared_for(self) -> bool:
        """A parent or a teacher reports what was done to a child: support comes first, too."""
        is_cared_for = self.facts.reporter_cares_for_child is True
        is_a_child = self.facts.victim.is_adult is not True
        return is_cared_for and is_a_child and not self.child

    @cached_property
    def child_acted(self) -> bool:
        """The reported person is a child who displayed harmful behaviour."""
        return self.facts.suspect.is_child is True

    @cached_property
    def support_comes_first(self) -> bool:
        """Whatever else is done waits for a person, because a child may be harmed by it."""
        return self.child or self.child_is_cared_for or self.child_acted

    @cached_property
    def child_is_taken_to_be_here(self) -> bool:
        """A child of whom a country's hotline is told is in that country, unless it is said to be
        elsewhere: a foreign platform does not make the child's case a foreign one.

        It tells of itself, or somebody does who looks after it, or it is being acted against.
        """
        said_elsewhere = self.facts.child_said_elsewhere is True
        return self._child_may_be_here and not said_elsewhere

    @cached_property
    def child_is_said_elsewhere(self) -> bool:
        """A report gives another country as the child's; a person reads which, and notes it."""
        said_elsewhere = self.facts.child_said_elsewhere is True
        return self._child_may_be_here and said_elsewhere

    @cached_property
    def _child_may_be_here(self) -> bool:
        is_told_of = self.child or self.child_is_cared_for or self.urgent_kind
        is_noted = self.facts.victim.country is not None
        return is_told_of and self.facts.home is not None and not is_noted

    @cached_property
    def illegal(self) -> bool:
        return self.facts.assessment.is_illegal

    @cached_property
    def lawful(self) -> bool:
        return self.facts.assessment is AssessmentClass.NOT_ILLEGAL

    @cached_property
    def may_leave_by_itself(self) -> bool:
        """Assessed as illegal, and no child reports or acted: nobody needs to be asked."""
        return self.illegal and not self.support_comes_first

    @cached_property
    def listed(self) -> bool:
        """In a known list, whatever the list calls its class."""
        return bool(self.facts.known_list)

    @cached_property
    def urgent_kind(self) -> bool:
        """Of a kind in which somebody is in contact with a child."""
        return self.facts.is_child_in_contact

    @cached_property
    def urgency(self) -> Urgency:
        if self.danger:
            return Urgency.IMMEDIATE
        is_worst = self.facts.assessment is AssessmentClass.BASELINE
        is_for_child = self.support_comes_first or self.urgent_kind
        # Also of what people found to be a video: the stream that it comes from may go on.
        is_pressing = self.facts.time_presses is True and not self.lawful
        is_high = is_for_child or is_pressing or self.listed or is_worst
        return Urgency.HIGH if is_high else Urgency.NORMAL

    @cached_property
    def hidden(self) -> bool:
        """There is no host to ask: an onion service, peers, or the address of a person."""
        facts = self.facts
        return facts.hosting_kind.is_hidden or facts.is_person_s_address

    @cached_property
    def in_words(self) -> bool:
        """Nothing lies anywhere: there is no host whose country could be looked for."""
        return self.facts.hosting_kind is HostingKind.NONE

    @cached_property
    def on_platform(self) -> bool:
        if self.facts.hosting_kind is HostingKind.PLATFORM:
            return True
        return self.facts.platform is not None and not self.hidden

    @cached_property
    def own_host(self) -> bool:
        """A host stands behind it whom a notice can reach, platform or not."""
        if self.facts.hosting_kind is HostingKind.UNKNOWN:
            return not self.on_platform
        return self.facts.hosting_kind is HostingKind.HOST

    @cached_property
    def platform(self) -> Platform | None:
        return self.rules.platforms.get((self.facts.platform or "").casefold())

    @cached_property
    def seat(self) -> str | None:
        """Where the company has its seat on whose platform it lies; None = none, or unknown."""
        return (
            self.platform.seat if self.platform and self.on_platform else None
        )

    @cached_property
    def child_is_met_on_foreign_platform(self) -> bool:
        """Somebody acts against a child, of whom nobody said that it is elsewhere, on a platform
        that is none of home's; or it is told in words alone, and may be on one.

        A platform whose seat nobody knows may be a foreign one.
        """
        home = self.facts.home
        may_be_here = self.facts.victim.country in {None, home}
        return (
            self.urgent_kind
            and home is not None
            and may_be_here
            and (self.in_words or bool(self._foreign_platforms))
        )

    @cached_property
    def _foreign_platforms(self) -> tuple[str, ...]:
        """Of this place and of the others of its case: what is decided of a child is one."""
        here = (self.facts.platform or "unknown",) if self.on_platform else ()
        return tuple(
            name
            for name in (*here, *self.facts.case_platforms)
            if self._seat_of(name) != self.facts.home
        )

    def _seat_of(self, name: str) -> str | None:
        platform = self.rules.platforms.get(name.casefold())
        return platform.seat if platform else None

    @cached_property
    def hosted_home(self) -> bool:
        home = self.facts.home
        return home is not None and home in {self.facts.stored_in, self.seat}

    @cached_property
    def foreign_hosts(self) -> tuple[str, ...]:
        """Countries, other than home, whose hotline could act: of the host, of the platform."""
        home = self.facts.home
        if home is None:
            return ()
        # A dict keeps the order: the host's own country is named first.
        places = dict.fromkeys((self.facts.stored_in, self.seat))
        return tuple(place for place in places if place and place != home)

    @cached_property
    def unreached_hosts(self) -> tuple[str, ...]:
        """Of these, the countries in which nobody takes reports of what they host."""
        return tuple(
            place for place in self.foreign_hosts if not self.reachable(place)
        )

    @cached_property
    def host_unknown(self) -> bool:
        """Whose host it is cannot be said yet, so it may well be home's."""
        is_nowhere = self.hidden or self.in_words
        return not (is_nowhere or self.facts.stored_in or self.seat)

    @cached_property
    def nexus(self) -> tuple[str, ...]:
        """Facts that lead to home; a municipality is home's unless the child is elsewhere."""
        home, victim = self.facts.home, self.facts.victim
        leading = tuple(
            path for path, place in self._known(LEADING_HOME) if place == home
        )
        is_local = victim.municipality is not None
        # The country's folder knows home's municipalities only, so a name of one points home.
        may_be_home = victim.country is None or victim.country == home
        if home and is_local and may_be_home:
            return (*leading, "victim.municipality")
        return leading

    @cached_property
    def abroad(self) -> tuple[str, ...]:
        home = self.facts.home
        return tuple(
            path
            for path, place in self._known(LEADING_ABROAD)
            if place != home
        )

    @cached_property
    def stopped(self) -> tuple[Stop, ...]:
        """Stop-list entries for any country that the facts, or the platform's seat, name."""
        if self.home_rules is None:
            return ()
        named = {country for _, country in self.facts.places()}
        named.update(self.foreign_hosts)
        # Of an address that somebody used, the registry's country counts too.
        named.add(self.facts.hosting_country or "")
        stop_list = self.home_rules.stop_list
        return tuple(stop for stop in stop_list if stop.country in named)

    def hotlines(self, country: str) -> tuple[PartnerHotline, ...]:
        return self.rules.hotlines.get(country, ())

    def reachable(self, country: str) -> bool:
        """Whether a hotline or a clearing house takes reports of what that country hosts."""
        has_clearing_house = country in self.rules.network.clearing_houses
        return has_clearing_house or bool(self.hotlines(country))

    def stops(self, country: str | None) -> bool:
        return any(stop.country == country for stop in self.stopped)

    def _known(
        self, paths: tuple[PlaceFact, ...]
    ) -> list[tuple[PlaceFact, str]]:
        """(path, country) of those facts that are known; nothing where home itself is not."""
        if self.facts.home is None:
            return []
        places = [(path, self.facts.place(path)) for path in paths]
        return [(path, place) for path, place in places if place is not None]
