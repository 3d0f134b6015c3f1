"""Who could take it down or keep its data, and never before the police let it go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from triage.hosting.kinds import HostingKind
from triage.jurisdiction.deciding.drafts import Draft
from triage.jurisdiction.messages import Reason
from triage.jurisdiction.situation import Situation
from triage.jurisdiction.vocabulary import (
    AssessmentClass,
    Destination,
    Gate,
    PlaceFact,
)


def draft_notices(
    situation: Situation, police: Draft | None
) -> Iterator[Draft]:
    """Rows 3, 5, 6 and 7: who can take it down; never before the police let it go."""
    facts = situation.facts
    yield from _draft_subscriber_request(situation, police)
    # Nobody to ask, nothing that lies anywhere, or nothing that could be
    # called illegal yet.
    if (
        situation.hidden
        or situation.in_words
        or facts.assessment is AssessmentClass.CANNOT_DETERMINE
    ):
        return
    if facts.hosting_kind is HostingKind.CDN:
        yield _draft_notice(
            situation, police, Destination.CDN_NOTICE, None, "cdn.notice"
        )
    if situation.on_platform:
        platform = situation.platform
        notice = _draft_notice(
            situation,
            police,
            Destination.PLATFORM,
            platform.seat if platform else None,
            "platform.channel",
        )
        yield replace(
            notice, name=platform.name if platform else facts.platform or ""
        )
    yield from _draft_host_notices(situation, police)


def _draft_subscriber_request(
    situation: Situation, police: Draft | None
) -> Iterator[Draft]:
    """Of an address that somebody used: its provider keeps what it has, if the police wish it."""
    facts = situation.facts
    place = facts.place(PlaceFact.SUSPECT_IP_COUNTRY)
    is_ours = facts.home is not None and place == facts.home
    if not (facts.is_person_s_address and is_ours):
        return
    request = _draft_notice(
        situation,
        police,
        Destination.PRESERVATION_REQUEST,
        place,
        "preservation.subscriber",
    )
    # Asking a provider warns whoever works there: the police have to wish it.
    yield replace(request, automatic=False)


def _draft_host_notices(
    situation: Situation, police: Draft | None
) -> Iterator[Draft]:
    home, place = situation.facts.home, situation.facts.stored_in
    if home is None or place is None or not situation.own_host:
        return
    if place == home:
        request = _draft_notice(
            situation,
            police,
            Destination.PRESERVATION_REQUEST,
            home,
            "preservation.first",
        )
        yield replace(request, automatic=False)
        yield _draft_notice(
            situation,
            police,
            Destination.PROVIDER_NOTICE,
            home,
            "provider.hosted_home",
        )
    # Where a hotline takes reports, it knows its hosts and law better than we do.
    elif not situation.reachable(place):
        yield _draft_notice(
            situation,
            police,
            Destination.PROVIDER_NOTICE,
            place,
            "provider.no_hotline",
        )


def _draft_notice(
    situation: Situation,
    police: Draft | None,
    to: Destination,
    country: str | None,
    key: str,
) -> Draft:
    reasons = [Reason(key, countries=(country,) if country else ())]
    after = None if situation.illegal else Gate.ASSESSMENT
    # A notice can warn an offender and destroy evidence, so it waits for them.
    if police:
        after = Gate.POLICE_RELEASE
        reasons.append(Reason("notice.hold"))
    return Draft(
        to,
        country,
        "",
        tuple(reasons),
        after=after,
        urgency=situation.urgency,
        automatic=situation.may_leave_by_itself,
    )
