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
)
from triage.availability.pages import ErrorPages, shipped_error_pages

#: Media that a fetch takes at most from a page; a page that fills it may hold more.
_MEDIA_LIMIT = 40

#: Statuses of a medium that say that it is not there any more.
_GONE = (404, 410)

#: Pictures of which no side is longer are icons and counters, on every page of a site.
_ICON = 64

#: Sources of addresses that a page names without showing what is there.
_UNSEEN = frozenset({"not_decodable", "out_of_time"})
"""Problems with which what was looked for may be what was not decoded."""
_ONLY_NAMED = ("direct", "jsonld", "og")

#: The JSON of a fetch report, and of one medium in it.
Report = Mapping[str, Any]
Medium = Mapping[str, Any]


def check_from_report(
    report: Report,
    *,
    control_ok: bool | None,
    vantage: Vantage,
    at: datetime,
    missing: Report | None = None,
    home: Report | None = None,
    media_limit: int = _MEDIA_LIMIT,
    signed_in: bool = False,
    error_pages: ErrorPages | None = None,
) -> Check:
    """From the JSON of a fetch report; ``missing`` is one of an address that cannot exist at that
    host, ``home`` one of its front page (both worth asking for where this one answered 2xx).
    ``control_ok``: did a probe of a place that is always there work over the same way at the same
    time? None where nobody asked: then no absence is believed.
    """
    page = _read_page(report)
    pages = error_pages or shipped_error_pages()
    meaning = pages.find_meaning(
        page, _reached_url(report), report["requested"]
    )
    hops = report.get("hops") or ()
    headers = report.get("headers") or {}
    return Check(
        at=at,
        requested=report["requested"],
        final_url=_reached_url(report),
        status=report.get("status"),
        error=report.get("error"),
        hops=tuple(hop["url"] for hop in hops),
        media=_media_of(report),
        media_complete=_is_complete(report, media_limit),
        page=page,
        headers=tuple(sorted(headers.items())),
        body_media_type=report.get("media_type"),
        control_ok=control_ok,
        vantage=vantage,
        missing_status=missing.get("status") if missing else None,
        missing=_read_page(missing),
        missing_media=_media_of(missing),
        home=_read_page(home),
        home_media=_media_of(home) if _is_another(home, report) else (),
        signed_in=signed_in,
        known_error_page=meaning,
    )


def _read_page(report: Report | None) -> Page | None:
    if not report:
        return None
    return Page.from_facts(report.get("page"))


def _media_of(report: Report | None) -> tuple[MediaHash, ...]:
    if not report:
        return ()
    return _read_hashes(report.get("media") or ())


def _is_another(home: Report | None, report: Report) -> bool:
    """Whether the front page is not itself what was reported: then all on it would be furniture."""
    if home is None:
        return False
    is_same_address = home["requested"] == report["requested"]
    return not is_same_address


def shows_a_part(report: Report, baseline: Baseline) -> bool:
    """Some of the material is there and some is not: then what is there may be the site's own
    furniture, and its front page is worth a look at its pictures."""
    media = _media_of(report)
    still_there = [
        any(medium.is_same_as(wanted) for medium in media)
        for wanted in baseline.media
    ]
    return any(still_there) and not all(still_there)


def _reached_url(report: Report) -> str:
    reached: str = report.get("final_url") or report["requested"]
    return reached


def baseline_from_report(
    report: Report, sha256: Iterable[str] | None = None
) -> Baseline:
    """What to look for later: the media of this report, or only those with one of ``sha256``."""
    listed = report.get("media") or ()
    # Icons stay when the material goes.
    without_icons = [medium for medium in listed if not _is_icon(medium)]
    media = _read_hashes(without_icons)
    # Where icons are all that there is, they are what was reported.
    if not media:
        media = _read_hashes(listed)
    if sha256 is not None:
        wanted = frozenset(sha256)
        chosen = [medium for medium in media if medium.sha256 in wanted]
        media = tuple(chosen)
    return Baseline(
        url=report["requested"],
        status=report.get("status"),
        media=media,
        page=_read_page(report),
    )


def _read_hashes(media: Iterable[Medium]) -> tuple[MediaHash, ...]:
    return tuple(
        MediaHash.from_fingerprint(medium["fingerprint"])
        for medium in media
        if medium.get("fingerprint") is not None
    )


def _is_icon(medium: Medium) -> bool:
    fingerprint = medium.get("fingerprint") or {}
    width = fingerprint.get("width") or 0
    height = fingerprint.get("height") or 0
    return 0 < max(width, height) <= _ICON


def _is_complete(report: Report, media_limit: int) -> bool:
    """Whether every medium that the page names was looked at or is surely not there."""
    media = report.get("media") or ()
    if report.get("error"):
        return False
    # What lies beyond the limit was not looked at, and may be what is missed.
    if len(media) >= media_limit:
        return False
    return all(_is_settled(medium) for medium in media)


def _is_settled(medium: Medium) -> bool:
    return _was_seen(medium) or _not_there(medium)


def _was_seen(medium: Medium) -> bool:
    """Hashed; a picture that nobody could decode may be the one that was looked for."""
    fingerprint = medium.get("fingerprint")
    if fingerprint is None:
        return False
    problems = fingerprint.get("problems") or ()
    return not _UNSEEN.intersection(problems)


def _not_there(medium: Medium) -> bool:
    """404 and 410; a counter's empty 204; a link that leads to a page. A page in place of a
    picture that the page itself shows may be a wall before the picture."""
    status = medium.get("status")
    error = medium.get("error")
    if status in _GONE:
        return True
    # Counters answer so to everybody; a picture that was there would have a body.
    if status == 204 and error == "empty":
        return True
    # What was assessed lay on the page itself; frames come and go with advertisements.
    if error == "frame_not_read":
        return True
    is_only_named = medium.get("source") in _ONLY_NAMED
    return error == "not_media" and is_only_named
