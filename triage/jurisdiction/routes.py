"""Whom to tell: one small rule for each kind of addressee, advisory and additive.

``after`` names what must have happened first: ``assessment`` by an analyst, a ``person``'s
decision, ``police`` having been told, the ``police_release`` of a hold, the provider's
``notice_deadline``. ``automatic`` means that a route may start without anybody choosing it; the
approvals of the referral itself still hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from triage.jurisdiction.messages import Reason
from triage.jurisdiction.rules import To
from triage.jurisdiction.situation import Situation


@dataclass(frozen=True, slots=True)
class Draft:
    """A route before it is put into words. ``country``: whose addressee this is."""

    to: To
    country: str | None
    name: str
    reasons: tuple[Reason, ...]
    after: str | None = None
    urgency: str = "normal"
    automatic: bool = False


def drafts(now: Situation) -> tuple[Draft, ...]:
    """All routes, in the order in which a person should read them; never empty."""
    police = _police(now)
    found = [*_support(now), *([police] if police else [])]
    if not now.lawful:
        found += _across_borders(now, police)
        found += _notices(now, police)
    found += _closing(now)
    found += _review(now, found)
    order = {rule: place for place, rule in enumerate(ORDER)}
    return tuple(
        sorted((_guarded(now, draft) for draft in found), key=lambda one: order[one.to])
    )


ORDER: tuple[To, ...] = (
    "emergency",
    "helpline",
    "child_protection_unit",
    "manual_review",
    "police",
    "interpol_ncb",
    "hotline",
    "iccam",
    "ncmec",
    "preservation_request",
    "cdn_notice",
    "platform",
    "provider_notice",
    "regulator",
    "close",
    "signpost",
)


def _support(now: Situation) -> Iterator[Draft]:
    """Row 1 and the child's path: help comes before everything else and waits for nobody."""
    home, rules, victim = now.facts.home, now.home_rules, now.facts.victim
    if now.danger:
        place = home or victim.country
        there = now.rules.countries.get(place or "")
        number = there.names.emergency if there else ""
        yield Draft(
            "emergency",
            place,
            number,
            (Reason("emergency.danger"),),
            urgency="immediate",
            automatic=True,
        )
    if now.child:
        name = rules.names.helpline if rules else ""
        yield Draft(
            "helpline",
            home,
            name,
            (Reason("helpline.child"),),
            urgency=now.urgency,
            automatic=True,
        )
    known = victim.known_identity is True or victim.municipality is not None
    near = "victim.municipality" in now.nexus or (
        home is not None and home in {victim.country, victim.residence}
    )
    if known and near and (now.danger or not now.lawful) and rules:
        unit = rules.names.child_protection_unit
        if unit:
            name = f"{unit}, {victim.municipality}" if victim.municipality else unit
            yield Draft(
                "child_protection_unit",
                home,
                name,
                (Reason("unit.known_child"),),
                after="person",
                urgency=now.urgency,
            )


def _police(now: Situation) -> Draft | None:
    """Rows 1, 2, 3, 5, 8 and 9: the police of home, by whatever leads there."""
    reasons = tuple(_police_reasons(now))
    home = now.facts.home or (now.facts.victim.country if now.danger else None)
    if not reasons or (home is None and not now.danger):
        return None
    sure = any(reason.key != "police.host_unknown" for reason in reasons)
    if now.danger:
        after = None
    elif now.child or not sure:
        after = "person"
    else:
        after = None if now.illegal else "assessment"
    if now.child:
        reasons += (Reason("police.child_danger" if now.danger else "police.child"),)
    rules = now.rules.countries.get(home or "")
    return Draft(
        "police",
        home,
        rules.names.police if rules else "",
        reasons,
        after=after,
        urgency=now.urgency,
        automatic=after is None,
    )


def _police_reasons(now: Situation) -> Iterator[Reason]:
    if now.danger:
        yield Reason("police.danger")
    if now.lawful:
        return
    home = (now.facts.home,) if now.facts.home else ()
    if now.nexus:
        yield Reason("police.nexus", facts=now.nexus, countries=home)
    if now.hosted_home:
        yield Reason("police.hosted_home", countries=home)
    if now.hidden:
        yield Reason("police.hidden")
    unreached = tuple(place for place in now.foreign_hosts if not now.reachable(place))
    if unreached:
        yield Reason("police.no_hotline", countries=unreached)
    if now.abroad:
        yield Reason("police.abroad", facts=now.abroad)
    if (
        now.foreign_hosts
        and now.home_rules
        and now.home_rules.foreign_hosting_to_police
    ):
        yield Reason("police.law", countries=home)
    if now.host_unknown:
        yield Reason("police.host_unknown", countries=home)


def _across_borders(now: Situation, police: Draft | None) -> Iterator[Draft]:
    """Rows 4, 5, 6 and 9: those who can act where the material or a person is."""
    places = {now.facts.place(path) for path in now.abroad}
    unreached = {place for place in now.foreign_hosts if not now.reachable(place)}
    if police and now.home_rules and (now.abroad or unreached):
        reasons = [Reason("ncb.abroad", facts=now.abroad)] if now.abroad else []
        if unreached:
            reasons.append(Reason("ncb.no_hotline", countries=tuple(sorted(unreached))))
        free = not any(now.stops(place) for place in places | unreached)
        yield Draft(
            "interpol_ncb",
            now.facts.home,
            now.home_rules.names.interpol_ncb,
            tuple(reasons),
            after="police" if free else "person",
            urgency=now.urgency,
            automatic=police.automatic and free,
        )
    for place in now.foreign_hosts:
        yield from _partners(now, place)
    if (
        now.hosted_home
        and now.illegal
        and now.facts.home
        and now.hotlines(now.facts.home)
    ):
        reason = Reason("iccam.own_record", countries=(now.facts.home,))
        yield _partner(now, "iccam", now.facts.home, now.rules.network.exchange, reason)


def _partners(now: Situation, place: str) -> Iterator[Draft]:
    house = now.rules.network.clearing_houses.get(place)
    if house is not None:
        yield _partner(
            now, "ncmec", place, house, Reason("ncmec.takes", countries=(place,))
        )
    elif now.hotlines(place):
        names = " / ".join(one.name for one in now.hotlines(place))
        yield _partner(
            now, "hotline", place, names, Reason("hotline.there", countries=(place,))
        )
    if now.hotlines(place) and now.facts.home and now.hotlines(now.facts.home):
        exchange = now.rules.network.exchange
        yield _partner(
            now, "iccam", place, exchange, Reason("iccam.exchange", countries=(place,))
        )


def _partner(now: Situation, to: To, place: str, name: str, reason: Reason) -> Draft:
    free = now.illegal and not now.child
    after = None if free else "person" if now.child else "assessment"
    return Draft(to, place, name, (reason,), after, now.urgency, automatic=free)


def _notices(now: Situation, police: Draft | None) -> Iterator[Draft]:
    """Rows 3, 5, 6 and 7: who can take it down; never before the police let it go."""
    if now.facts.assessment == "cannot_determine" or now.hidden:
        return
    place = now.facts.stored_in

    def notice(to: To, country: str | None, name: str, key: str) -> Draft:
        gate = "police_release" if police else None if now.illegal else "assessment"
        free = now.illegal and not now.child
        reasons = [Reason(key, countries=(country,) if country else ())]
        if police:
            reasons.append(Reason("notice.hold"))
        return Draft(
            to, country, name, tuple(reasons), gate, now.urgency, automatic=free
        )

    if now.facts.hosting_kind == "cdn":
        yield notice("cdn_notice", None, "", "cdn.notice")
    if now.on_platform:
        seat = now.platform.seat if now.platform else None
        name = now.platform.name if now.platform else now.facts.platform or ""
        yield notice("platform", seat, name, "platform.channel")
    home = now.facts.home
    if place is not None and home is not None and now.own_host:
        if place == home:
            request = notice("preservation_request", home, "", "preservation.first")
            yield replace(request, automatic=False)
            yield notice("provider_notice", home, "", "provider.hosted_home")
        elif not now.reachable(place):
            yield notice("provider_notice", place, "", "provider.no_hotline")
    if now.hosted_home and now.home_rules and now.home_rules.names.regulator:
        yield Draft(
            "regulator",
            home,
            now.home_rules.names.regulator,
            (Reason("regulator.late"),),
            after="notice_deadline",
        )


def _closing(now: Situation) -> Iterator[Draft]:
    """Row 13, and what was never this hotline's field."""
    if now.lawful and not now.danger:
        yield Draft(
            "close", now.facts.home, "", (Reason("close.not_illegal"),), automatic=True
        )
    elsewhere = now.facts.kind in now.rules.network.signpost_kinds
    if now.lawful or elsewhere:
        key = "signpost.not_illegal" if now.lawful else "signpost.other_kind"
        yield Draft(
            "signpost", now.facts.home, "", (Reason(key),), automatic=now.lawful
        )


def _review(now: Situation, found: list[Draft]) -> Iterator[Draft]:
    """Rows 7, 11 and 12: whatever cannot be said for sure is a person's to decide."""
    reasons = [Reason(key) for key, holds in REVIEW.items() if holds(now)]
    reasons += [
        Reason("review.stop_list", countries=(stop.country,), text=stop.reason)
        for stop in now.stopped
    ]
    if not found and not reasons:
        reasons = [Reason("review.nothing_applies")]
    if reasons:
        urgency = "high" if now.stopped and now.urgency == "normal" else now.urgency
        yield Draft(
            "manual_review",
            now.facts.home,
            "",
            tuple(reasons),
            urgency=urgency,
            automatic=True,
        )


REVIEW: dict[str, Callable[[Situation], bool]] = {
    "review.home_unknown": lambda now: now.facts.home is None,
    "review.no_rules": lambda now: (
        now.facts.home is not None and now.home_rules is None
    ),
    "review.child": lambda now: now.child and not now.lawful,
    "review.unassessed": lambda now: now.facts.assessment == "unassessed",
    "review.cannot_determine": lambda now: now.facts.assessment == "cannot_determine",
    "review.list_disagrees": lambda now: now.lawful and now.listed,
    "review.danger_disagrees": lambda now: now.lawful and now.danger,
    "review.find_origin": lambda now: (
        now.facts.hosting_kind == "cdn" and not now.lawful
    ),
    "review.platform_seat": lambda now: (
        now.on_platform and now.platform is None and not now.lawful
    ),
    "review.host_unknown": lambda now: (
        now.host_unknown
        and not now.on_platform
        and now.facts.hosting_kind != "cdn"
        and not now.lawful
    ),
}


def _guarded(now: Situation, draft: Draft) -> Draft:
    """Row 11: what would reach a country of the stop list waits for a person, release or not."""
    at_home = draft.country == now.facts.home
    if at_home or not now.stops(draft.country) or draft.to in {"emergency", "helpline"}:
        return draft
    return replace(
        draft,
        after="person",
        automatic=False,
        reasons=(
            *draft.reasons,
            Reason("stop.waits", countries=(draft.country or "",)),
        ),
    )
