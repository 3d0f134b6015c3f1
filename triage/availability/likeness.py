"""Whether what a look brought back is what it is compared with: media by hash, pages by text."""

from __future__ import annotations

from collections.abc import Iterable

from triage.availability.model import (
    PDQ_UNRELATED,
    Baseline,
    Check,
    MediaHash,
    Page,
    page_distance,
)
from triage.availability.pages import ENOUGH_TEXT, SAME_TEXT


def is_among(medium: MediaHash, media: Iterable[MediaHash]) -> bool:
    return any(medium.is_same_as(other) for other in media)


def any_same(
    shown: Iterable[MediaHash], wanted: tuple[MediaHash, ...]
) -> bool:
    return any(is_among(medium, wanted) for medium in shown)


def any_similar(
    shown: Iterable[MediaHash], wanted: tuple[MediaHash, ...]
) -> bool:
    """Near, but not near enough to be called the same: a crop, a banner over it, another frame."""
    for medium in shown:
        for other in wanted:
            distance = medium.distance_to(other)
            if distance is not None and distance < PDQ_UNRELATED:
                return True
    return False


def is_only_furniture(check: Check, baseline: Baseline) -> bool:
    """Part of what was there is there, and all of it is on the site's other pages too: its logo
    does not say that the material is still up."""
    still_there = [
        medium for medium in check.media if is_among(medium, baseline.media)
    ]
    furniture = (*check.home_media, *check.missing_media)
    for medium in still_there:
        if not is_among(medium, furniture):
            return False
    # All of it is there: then a site that shows it everywhere still shows it.
    missing = [
        wanted
        for wanted in baseline.media
        if not any_same(still_there, (wanted,))
    ]
    return bool(missing)


def is_same_page(page: Page, other: Page) -> bool:
    """Enough text on both, almost the same words, and not half of it missing."""
    short = min(page.length, other.length)
    long = max(page.length, other.length)
    if short < ENOUGH_TEXT:
        return False
    if short * 2 < long:
        return False
    if page.title != other.title:
        return False
    return page_distance(page, other) <= SAME_TEXT


def is_like_missing(check: Check) -> bool:
    """Does the host answer an impossible address with the very same?"""
    if check.direct_media:
        return _shows_stand_in(check)
    if check.page is None or check.missing is None:
        return False
    return is_same_page(check.page, check.missing)


def _shows_stand_in(check: Check) -> bool:
    """By the exact bytes: a host serves its stand-in picture unchanged."""
    stand_ins = set()
    for medium in check.missing_media:
        if medium.sha256:
            stand_ins.add(medium.sha256)
    return any(medium.sha256 in stand_ins for medium in check.media)
