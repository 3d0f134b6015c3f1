"""What a look at a location rests on: what was read, what could not be looked at, and why.

That nothing was found is said only where something was looked at; a failure says nothing about
what is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from hotline.core.storage.outbox import OutboxEntry
from triage.cases.pages.words import OUTCOMES, Words, show_place, word_for
from triage.items.models import Item, Visit

FAILURES: Words = {
    "bad_encoding": lazy_gettext("its answer could not be unpacked"),
    "bad_response": lazy_gettext("its answer could not be understood"),
    "bad_scheme": lazy_gettext("it is no web address"),
    "bad_url": lazy_gettext("it is no address that can be visited"),
    "blocked_address": lazy_gettext("its address must not be visited"),
    "cancelled": lazy_gettext("the visit was broken off here"),
    "connection_lost": lazy_gettext("the connection was lost"),
    "dns_nxdomain": lazy_gettext("its name does not exist"),
    "dns_failure": lazy_gettext("its name could not be looked up"),
    "dns_no_address": lazy_gettext("its name has no address"),
    "empty_reply": lazy_gettext("it answered with nothing"),
    "fetcher_crashed": lazy_gettext("reading it failed here"),
    "fetcher_failed": lazy_gettext("reading it failed here"),
    "onion_needs_tor": lazy_gettext("onion services need Tor, which is off"),
    "out_of_memory": lazy_gettext("too large to be read here"),
    "proxy_failure": lazy_gettext("our own way to it failed"),
    "refused": lazy_gettext("it refused the connection"),
    "timeout": lazy_gettext("it did not answer in time"),
    "tls_failed": lazy_gettext("no encrypted connection came about"),
    "tls_invalid": lazy_gettext("its certificate is not valid"),
    "too_large": lazy_gettext("its answer is too large to be read"),
    "too_many_redirects": lazy_gettext("it sends visitors round in circles"),
    "truncated": lazy_gettext("it hung up in the middle of its answer"),
    "unreachable": lazy_gettext("no way leads to it"),
}
"""Why a visit saw nothing."""

MISSED: Words = {
    "bad_manifest": lazy_gettext("a stream that cannot be read"),
    "decoder_crashed": lazy_gettext("decoding it failed here"),
    "empty": lazy_gettext("empty"),
    "empty_manifest": lazy_gettext("a stream without pictures"),
    "encrypted": lazy_gettext("an encrypted stream"),
    "drawing": lazy_gettext("a drawing (SVG), which has no pixels"),
    "frame_not_read": lazy_gettext("a page within the page"),
    "http_error": lazy_gettext("answered with an error"),
    "not_media": lazy_gettext("no picture or video"),
    "not_reached": lazy_gettext("the time was up before"),
    "out_of_memory": lazy_gettext("too large to decode here"),
    "out_of_time": lazy_gettext("decoding took too long"),
    "timeout": lazy_gettext("its host was too slow"),
    "too_large": lazy_gettext("too large to be read"),
    "undecodable": lazy_gettext("cannot be decoded"),
}
"""Why one of the media that a page names was not compared."""

PARTLY: Words = {
    "page_too_complex": lazy_gettext(
        "the page was too complex and was only searched as text"
    ),
    "timeout": lazy_gettext("the page was read in part: its time was up"),
    "too_large": lazy_gettext("the page was read in part: it is too large"),
    "truncated": lazy_gettext("the page was read in part: its host hung up"),
}


@dataclass(frozen=True, slots=True)
class Looked:
    """``finding``: what the newest visit saw, in one sentence; ``left_out``: what it did not look
    at, and why; ``second``: a sentence about another look. Empty where there is nothing to say."""

    display: str
    at: datetime | None
    finding: str
    left_out: Sequence[str] = ()
    second: str = ""
    second_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SharedLook:
    """What the looks at several locations have in common; ``numbers`` are those locations."""

    looked: Looked
    numbers: Sequence[int]


def sum_up_looks(looks: Iterable[tuple[int, Looked]]) -> list[SharedLook]:
    """Looks that say the same of their locations are told once, with the newest of their times."""
    together: dict[tuple[object, ...], list[tuple[int, Looked]]] = {}
    for number, looked in looks:
        said = (looked.finding, *looked.left_out, looked.second)
        together.setdefault(said, []).append((number, looked))
    return [
        SharedLook(
            # As text, since one that was never looked at has no time.
            max(alike, key=lambda each: str(each[1].at or ""))[1],
            [number for number, _ in alike],
        )
        for alike in together.values()
    ]


def describe_look(
    item: Item, visits: Sequence[Visit], again: OutboxEntry | None
) -> Looked:
    """``again``: the newest work of looking at the item a second time."""
    if not visits:
        return Looked(show_place(item), None, _describe_absence(item))
    visit = visits[0]
    second = ""
    if again is not None:
        second = (
            gettext("What ran out of time is looked at again:")
            if again.done_at is None
            else gettext("What had run out of time was looked at again:")
        )
    return Looked(
        show_place(item),
        visit.at,
        describe_finding(visit),
        list_left_out(visit),
        second,
        # When it was, or when it will be.
        None if again is None else again.done_at or again.due_at,
    )


def _describe_absence(item: Item) -> str:
    if item.examined_at is None:
        return str(gettext("It has not been looked at yet."))
    return str(
        gettext("It was not visited: nothing is known of what is there.")
    )


def describe_finding(visit: Visit) -> str:
    """One sentence, true also where nothing could be seen."""
    # From what was seen least to what was seen most.
    if visit.outcome in ("failed", "refused"):
        why = word_for(FAILURES, visit.error or visit.outcome)
        return str(
            gettext(
                "It could not be looked at (%(why)s). That says nothing about what is there.",
                why=why,
            )
        )
    if visit.outcome == "http_error":
        return str(
            gettext(
                "It answered with status %(status)s; pictures of such an answer are not looked at.",
                status=visit.status or "?",
            )
        )
    media = _media_of(visit)
    compared = sum(1 for each in media if each.get("fingerprint"))
    if compared:
        return str(
            ngettext(
                "One picture or video was read and compared.",
                "%(num)s pictures and videos were read and compared.",
                compared,
            )
        )
    if media:
        return str(
            ngettext(
                "It names one picture or video, which could not be compared.",
                "It names %(num)s pictures and videos, none of which could be compared.",
                len(media),
            )
        )
    return str(
        gettext(
            "It was read (%(outcome)s), and names no picture or video.",
            outcome=word_for(OUTCOMES, visit.outcome),
        )
    )


def list_left_out(visit: Visit) -> list[str]:
    """What a visitor may be shown there and the visit did not look at, and why."""
    said = []
    # An answer that came, but not to its end.
    if visit.outcome == "ok" and visit.error:
        said.append(word_for(PARTLY, visit.error))
    missed = Counter(
        str(each["error"])
        for each in _media_of(visit)
        if each.get("error") and not each.get("fingerprint")
    )
    for slug, count in sorted(missed.items()):
        said.append(f"{count} × {word_for(MISSED, slug)}")
    beyond = visit.report.get("left_out", 0)
    if beyond:
        said.append(
            ngettext(
                "one more address than one visit looks at",
                "%(num)s more addresses than one visit looks at",
                beyond,
            )
        )
    page: dict[str, Any] = visit.report.get("page") or {}
    if page.get("styles"):
        said.append(
            ngettext(
                "one style sheet was not opened",
                "%(num)s style sheets were not opened",
                page["styles"],
            )
        )
    if page.get("scripts"):
        said.append(
            gettext("scripts were not run, nor what only they show looked at")
        )
    return said


def _media_of(visit: Visit) -> Sequence[Mapping[str, object]]:
    media: Sequence[Mapping[str, object]] = visit.report.get("media") or []
    return media
