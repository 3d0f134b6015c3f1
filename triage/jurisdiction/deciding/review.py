"""What cannot be said for sure, and so is a person's to decide, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from triage.hosting.kinds import HostingKind
from triage.jurisdiction.deciding.drafts import Draft
from triage.jurisdiction.messages import Reason
from triage.jurisdiction.situation import Situation
from triage.jurisdiction.vocabulary import (
    AssessmentClass,
    Destination,
    Urgency,
)


def draft_review(situation: Situation, drafts: list[Draft]) -> Iterator[Draft]:
    """Rows 7, 11 and 12: whatever cannot be said for sure is a person's to decide."""
    reasons = [
        Reason(key)
        for key, holds in REVIEW_REASONS.items()
        if holds(situation)
    ]
    for stop in situation.stopped:
        reasons.append(
            Reason(
                "review.stop_list", countries=(stop.country,), text=stop.reason
            )
        )
    if not drafts and not reasons:
        # Silence would look as if all were done.
        reasons.append(Reason("review.nothing_applies"))
    if not reasons:
        return
    urgency = situation.urgency
    # A stop holds everything up until a person has looked, so that person should look soon.
    if situation.stopped and urgency is Urgency.NORMAL:
        urgency = Urgency.HIGH
    yield Draft(
        Destination.MANUAL_REVIEW,
        situation.facts.home,
        "",
        tuple(reasons),
        urgency=urgency,
        automatic=True,
    )


def _lacks_home(situation: Situation) -> bool:
    return situation.facts.home is None


def _lacks_rules(situation: Situation) -> bool:
    return situation.facts.home is not None and situation.home_rules is None


def _concerns_child(situation: Situation) -> bool:
    is_about_child = situation.child or situation.child_is_cared_for
    return is_about_child and not situation.lawful


def _concerns_child_who_acted(situation: Situation) -> bool:
    return situation.child_acted and not situation.lawful


def _is_unassessed(situation: Situation) -> bool:
    return situation.facts.assessment is AssessmentClass.UNASSESSED


def _is_undetermined(situation: Situation) -> bool:
    return situation.facts.assessment is AssessmentClass.CANNOT_DETERMINE


def _contradicts_list(situation: Situation) -> bool:
    # Either the list or the people are wrong, and a list is used for many
    # cases.
    return situation.lawful and situation.listed


def _contradicts_danger(situation: Situation) -> bool:
    return situation.lawful and situation.danger


def _hides_origin(situation: Situation) -> bool:
    is_cdn = situation.facts.hosting_kind is HostingKind.CDN
    # What stands in front of a host is no host; who is behind it has to be
    # asked.
    return is_cdn and not situation.lawful


def _lacks_platform_seat(situation: Situation) -> bool:
    is_unknown = situation.on_platform and situation.platform is None
    return is_unknown and not situation.lawful


def _lacks_host(situation: Situation) -> bool:
    if situation.lawful or situation.on_platform:
        return False
    is_cdn = situation.facts.hosting_kind is HostingKind.CDN
    return situation.host_unknown and not is_cdn


REVIEW_REASONS: dict[str, Callable[[Situation], bool]] = {
    "review.home_unknown": _lacks_home,
    "review.no_rules": _lacks_rules,
    "review.child": _concerns_child,
    "review.child_acted": _concerns_child_who_acted,
    "review.unassessed": _is_unassessed,
    "review.cannot_determine": _is_undetermined,
    "review.list_disagrees": _contradicts_list,
    "review.danger_disagrees": _contradicts_danger,
    "review.find_origin": _hides_origin,
    "review.platform_seat": _lacks_platform_seat,
    "review.host_unknown": _lacks_host,
}
