"""From a fetch report's JSON to the evidence that a verdict is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from triage.availability.model import (
    Baseline,
    Check,
    MediaHash,
    Page,
    Vantage,
    VerdictName,
)
from triage.availability.pages import ErrorPages, shipped_error_pages

#: Media that a fetch takes at most from a page; a page that fills it may hold more.
_MEDIA_LIMIT = 40

#: Statuses of a medium that say that it is not there any more.
_GONE = (404, 410)

#: Pictures of which no side is longer are icons and counters, on every page of a site.
_ICON = 64


def check_from_report(
    report: Mapping[str, Any],
    *,
    control_ok: bool | None,
    vantage: Vantage,
    at: datetime,
    missing: Mapping[str, Any] | None = None,
    home: Mapping[str, Any] | None = None,
    media_limit: int = _MEDIA_LIMIT,
    signed_in: bool = False,
    error_pages: ErrorPages | None = None,
) -> Check:
    """From the JSON of a fetch report; ``missing`` is one of an address that cannot exist at that
    host, ``home`` one of its front page (both worth asking for where this one answered 2xx).
    ``control_ok``: did a probe of a place that is always there work over the same way at the same
    time? None where nobody asked: then no absence is believed.
    """
    page = Page.from_facts(report.get("page"))
    return Check(
        at=at,
        requested=report["requested"],
        final_url=report["final_url"],
        status=report.get("status"),
        error=report.get("error"),
        hops=tuple(hop["url"] for hop in report.get("hops") or ()),
        media=_media_of(report),
        media_complete=_is_complete(report, media_limit),
        page=page,
        headers=tuple(sorted((report.get("headers") or {}).items())),
        body_media_type=report.get("media_type"),
        control_ok=control_ok,
        vantage=vantage,
        missing_status=(missing or {}).get("status"),
        missing=Page.from_facts((missing or {}).get("page")),
        missing_media=_media_of(missing),
        home=Page.from_facts((home or {}).get("page")),
        home_media=_media_of(home) if _is_another(home, report) else (),
        signed_in=signed_in,
        known_error_page=_meaning(
            report, page, error_pages or shipped_error_pages()
        ),
    )


def _meaning(
    report: Mapping[str, Any], page: Page | None, pages: ErrorPages
) -> VerdictName | None:
    return pages.find_meaning(page, report["final_url"], report["requested"])


def _media_of(report: Mapping[str, Any] | None) -> tuple[MediaHash, ...]:
    return _read_hashes(report.get("media") or ()) if report else ()


def _is_another(
    home: Mapping[str, Any] | None, report: Mapping[str, Any]
) -> bool:
    """Whether the front page is not itself what was reported: then all on it would be furniture."""
    return home is not None and home["requested"] != report["requested"]


def shows_a_part(report: Mapping[str, Any], baseline: Baseline) -> bool:
    """Some of the material is there and some is not: then what is there may be the site's own
    furniture, and its front page is worth a look at its pictures."""
    media = _media_of(report)
    still_there = [
        any(medium.is_same_as(wanted) for medium in media)
        for wanted in baseline.media
    ]
    return any(still_there) and not all(still_there)


def baseline_from_report(
    report: Mapping[str, Any], sha256: Iterable[str] | None = None
) -> Baseline:
    """What to look for later: the media of this report, or only those with one of ``sha256``.

    Icons are left out where there is anything else: they stay when the material goes.
    """
    wanted = None if sha256 is None else frozenset(sha256)
    listed = report.get("media") or ()
    without_icons = [medium for medium in listed if not _is_icon(medium)]
    media = _read_hashes(without_icons) or _read_hashes(listed)
    return Baseline(
        url=report["requested"],
        status=report.get("status"),
        media=tuple(
            medium
            for medium in media
            if wanted is None or medium.sha256 in wanted
        ),
        page=Page.from_facts(report.get("page")),
    )


def _read_hashes(media: Iterable[Mapping[str, Any]]) -> tuple[MediaHash, ...]:
    return tuple(
        MediaHash.from_fingerprint(medium["fingerprint"])
        for medium in media
        if medium.get("fingerprint") is not None
    )


def _is_icon(medium: Mapping[str, Any]) -> bool:
    fingerprint = medium.get("fingerprint") or {}
    width = fingerprint.get("width") or 0
    height = fingerprint.get("height") or 0
    return 0 < max(width, height) <= _ICON


def _is_complete(report: Mapping[str, Any], media_limit: int) -> bool:
    """Whether every medium that the page names was looked at or is surely not there."""
    media = report.get("media") or ()
    if len(media) >= media_limit or report.get("error"):
        return False
    return all(_was_seen(medium) or _not_there(medium) for medium in media)


def _was_seen(medium: Mapping[str, Any]) -> bool:
    """Hashed; a picture that nobody could decode may be the one that was looked for."""
    fingerprint = medium.get("fingerprint")
    if fingerprint is None:
        return False
    problems = fingerprint.get("problems") or ()
    return "not_decodable" not in problems


def _not_there(medium: Mapping[str, Any]) -> bool:
    """404 and 410; a counter's empty 204; a link that leads to a page. A page in place of a
    picture that the page itself shows may be a wall before the picture."""
    status, error = medium.get("status"), medium.get("error")
    if status in _GONE or (status == 204 and error == "empty"):
        return True
    is_only_named = medium.get("source") in ("direct", "jsonld", "og")
    return error == "not_media" and is_only_named
