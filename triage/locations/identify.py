"""The two verbs: every location in a text, or the first one. Neither raises on any text."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote

from triage.locations.catalogue import load_platforms
from triage.locations.catalogue_values import Catalogue, Wrapper
from triage.locations.location import (
    Location,
    make_key,
    shorten_text,
    unknown_location,
)
from triage.locations.others.contact import has_known_suffix
from triage.locations.text.repair import scrub_text, trim_end
from triage.locations.text.scan import MAX_LOCATIONS, Scan, order_locations
from triage.locations.text.spoken import join_spoken_address
from triage.locations.text.tokens import (
    ORDINARY,
    find_web_addresses,
    join_breaks,
    repair_text,
    settle_url,
)
from triage.locations.web import wrappers
from triage.locations.web.parts import OTHER, WEB, Parts, parse_address
from triage.locations.web.weburl import identify_parts

MAX_TEXT = 1 << 20
"""Characters of one text that are read. What the cut would break in two is left out whole."""

MAX_SHOWN = 8_000
"""Characters of ``input`` that are kept."""

MAX_DEPTH = 4
"""Wrappers inside wrappers that are opened."""

_SPACE = re.compile(r"\s")
_FOUR_NUMBERS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_HOST_AND_PORT = re.compile(
    r"(?i)(https?:[/\\]{1,3})([^/?#\\:@\[\]]{1,300})(:[^/?#\\@]{0,20})?(?=[/?#\\]|$)"
)
_START_OF_NAME = re.compile(
    r"(?i)(?:https?:/*)?([^\s/?#:@]{1,253}\.[^\s/?#:@]{2,63})(?=[/?#:]|$)"
)


def identify_locations(
    text: str, region: str | None = None, *, catalogue: Catalogue | None = None
) -> list[Location]:
    """Every location in ``text``, in order, each once; one of kind ``unknown`` where there is none.

    ``region`` (ISO 3166-1) is whose national phone numbers are understood; ``catalogue`` the
    platform data, the shipped one by default.
    """
    catalogue = catalogue if catalogue is not None else load_platforms()
    # Lists come as one plain address each: these go past all of the repair.
    if len(text) <= MAX_TEXT and ORDINARY.fullmatch(text):
        location = _locate_web_address(text, text, catalogue, 0)
        if location is not None:
            return [
                location
                if location.userinfo is None
                else _remove_userinfo(location)
            ]
    return _repair_and_search(text, region, catalogue)


def identify_one(
    text: str, region: str | None = None, *, catalogue: Catalogue | None = None
) -> Location:
    """The first location of ``text``; kind ``unknown`` where there is none."""
    return identify_locations(text, region, catalogue=catalogue)[0]


def is_shortener(
    location: Location, catalogue: Catalogue | None = None
) -> bool:
    """Whether the fetcher must resolve this address to learn what it names."""
    catalogue = catalogue if catalogue is not None else load_platforms()
    if location.host is None or location.kind != "url":
        return False
    # Where a platform's rule has read the content, nothing is left to resolve.
    if location.host in catalogue.shorteners and location.content_id is None:
        return True
    rest = location.canonical.partition("://")[2]
    return catalogue.shortener_paths.match(rest) is not None


def _repair_and_search(
    text: str, region: str | None, catalogue: Catalogue
) -> list[Location]:
    notes: list[str] = []
    whole = scrub_text(text)
    # One that was pasted as such is no repair of ours.
    if "\ufffd" in whole and "\ufffd" not in text:
        notes.append("invalid_characters")
    if len(whole) > MAX_TEXT:
        whole, notes = _cut_to_limit(whole), [*notes, "truncated_input"]
    cleaned, noticed = repair_text(whole.strip())
    notes += noticed
    joined = join_breaks(cleaned, _can_stand_alone)
    if joined is not None:
        cleaned = joined
        notes.append("whitespace_removed")
    spoken = join_spoken_address(cleaned, _is_host)
    if spoken != cleaned:
        cleaned = spoken
        notes.append("defanged")
    notes = list(dict.fromkeys(notes))
    if not cleaned.strip():
        return [
            unknown_location(
                whole,
                *notes,
                "empty" if not whole.strip() else "not_a_location",
            )
        ]
    placed = _read_one_address(cleaned, catalogue) or _search_text(
        cleaned, region, catalogue
    )
    return _finish_locations(placed, whole, notes)


def _read_one_address(
    text: str, catalogue: Catalogue
) -> list[tuple[int, Location]]:
    """The short way for what the repair has made one ordinary address."""
    address = trim_end(text)
    if not ORDINARY.fullmatch(address):
        return []
    location = _locate_web_address(address, address, catalogue, 0)
    return [] if location is None else [(0, location)]


def _search_text(
    text: str, region: str | None, catalogue: Catalogue
) -> list[tuple[int, Location]]:
    scan = Scan(
        text,
        catalogue,
        region,
        lambda url, raw: _locate_web_address(url, raw, catalogue, 0),
    )
    scan.read_before_web()
    spans: list[tuple[int, int]] = []
    for written in find_web_addresses(scan.text):
        if len(spans) >= MAX_LOCATIONS:
            break
        location = _locate_web_address(
            written.text, written.text, catalogue, 0
        ) or _mend_address(written.text, catalogue)
        if written.cut:
            location = _add_notes(location, [written.cut])
        scan.found.append((written.start, location))
        spans.append((written.start, written.start + len(written.text)))
    # Also what stayed unknown: no later pattern may find a piece of it.
    scan.blank_spans(spans)
    scan.read_after_web()
    return scan.found


def _mend_address(address: str, catalogue: Catalogue) -> Location:
    """An address whose host has dots too many or whose port is none."""
    match = _HOST_AND_PORT.match(address)
    if match is not None:
        scheme, host, port = match.groups("")
        mended = f"{scheme}{host.rstrip('.')}{address[match.end() :]}"
        location = _locate_web_address(mended, address, catalogue, 0)
        if location is not None:
            problems = ("port_invalid",) if port else ()
            return replace(location, problems=(*problems, *location.problems))
    # Unknown as a whole: its host alone would make one of many addresses.
    return unknown_location(address, "not_a_location")


def _finish_locations(
    placed: list[tuple[int, Location]], whole: str, notes: list[str]
) -> list[Location]:
    locations = list(order_locations(placed))
    if len(placed) >= MAX_LOCATIONS:
        locations = locations[:MAX_LOCATIONS]
        notes = [*notes, "too_many_locations"]
    if not locations:
        # Nothing with a key, so all are unknown: the first says what was
        # wrong.
        if placed:
            return [_add_notes(placed[0][1], notes)]
        return [unknown_location(whole, *notes, "not_a_location")]
    first = locations[0]
    is_only_one = len(locations) == 1 and not first.via
    if is_only_one and not _SPACE.search(whole.strip()):
        # All of the text is this location: what was typed is shown, not its repaired form.
        typed = shorten_text(whole, MAX_SHOWN)
        locations = [replace(first, input=typed)]
    if notes:
        locations = [_add_notes(location, notes) for location in locations]
    return [_remove_userinfo(location) for location in locations]


def _add_notes(location: Location, notes: list[str]) -> Location:
    return replace(location, problems=(*notes, *location.problems))


def _cut_to_limit(text: str) -> str:
    """To the last whole word before the limit; a word that the cut would break is left out."""
    if _SPACE.match(text[MAX_TEXT]):
        return text[:MAX_TEXT]
    last = max(text.rfind(mark, 0, MAX_TEXT) for mark in " \n\t\r")
    return text[: max(last, 0)]


def _is_host(text: str) -> bool:
    return has_known_suffix(text) or _FOUR_NUMBERS.fullmatch(text) is not None


def _can_stand_alone(text: str) -> bool:
    match = _START_OF_NAME.match(text[:320])
    if match is not None:
        return (
            has_known_suffix(match[1]) or match[1].replace(".", "").isdigit()
        )
    return text[:1] in "@+" or "@" in text


def _locate_web_address(
    text: str, original: str, catalogue: Catalogue, depth: int
) -> Location | None:
    """The location of one address with its scheme, taken out of what it is wrapped in."""
    parts = parse_address(text, catalogue)
    if parts is None or (
        parts.scheme not in WEB and parts.scheme not in OTHER
    ):
        return None
    if parts.site.wrappers:
        wrapped = wrappers.find_wrapper(parts, parts.query)
        if wrapped is not None:
            location = _locate_target(
                wrapped, parts, original, catalogue, depth
            )
            if location is not None:
                return location
    location = identify_parts(parts, catalogue, original)
    hidden = (
        "tracking_removed" in location.problems and location.content_id is None
    )
    if parts.site.wrappers and hidden and depth < MAX_DEPTH:
        # What was removed may have stood before the address inside.
        again = _locate_web_address(
            location.canonical, original, catalogue, MAX_DEPTH
        )
        return location if again is None else _add_problems(location, again)
    return location


def _add_problems(first: Location, again: Location) -> Location:
    problems = tuple(dict.fromkeys((*first.problems, *again.problems)))
    return replace(
        again, problems=problems, userinfo=first.userinfo or again.userinfo
    )


def _locate_target(
    wrapped: tuple[Wrapper, str, str],
    parts: Parts,
    original: str,
    catalogue: Catalogue,
    depth: int,
) -> Location | None:
    wrapper, text, time = wrapped
    if depth >= MAX_DEPTH:
        parts.problems.append("wrapper_too_deep")
        return None
    target = _locate_web_address(text, text, catalogue, depth + 1)
    if target is None:
        return None
    # Its input may hold a child's password, and ``wraps`` would keep that.
    target = _remove_userinfo(target)
    if wrapper.role == "archive":
        return _locate_archived_copy(wrapper, target, time, parts, original)
    outside = identify_parts(parts, catalogue, original)
    problem = "onion_proxy" if target.kind == "onion" else "unwrapped"
    return replace(
        target,
        input=original,
        problems=tuple(
            dict.fromkeys((*outside.problems, problem, *target.problems))
        ),
        userinfo=parts.userinfo or target.userinfo,
        wraps=(target,),
        via=(outside.canonical, *target.via),
    )


def _locate_archived_copy(
    wrapper: Wrapper, target: Location, time: str, parts: Parts, original: str
) -> Location:
    """A copy has a place of its own; what it copies is compared by its key, so that the copy of
    ``http://x`` and of ``https://x`` at one moment are one."""
    inside = target.canonical
    if "?" in wrapper.canonical:
        inside = quote(inside, safe="")
    canonical = settle_url(wrapper.canonical.format(time=time, target=inside))
    identity = wrapper.canonical.format(
        time=time, target=target.key
    ).partition(":")[2]
    site = parts.site
    return Location(
        input=original,
        kind="url",
        canonical=canonical,
        key=make_key("url", identity),
        display=shorten_text(canonical.partition("://")[2]),
        platform=site.platform.id if site.platform is not None else None,
        host=site.host,
        registrable_domain=site.registrable,
        problems=tuple(dict.fromkeys((*parts.problems, "archived_copy"))),
        userinfo=parts.userinfo or target.userinfo,
        wraps=(target,),
        fetchable=True,
    )


def _remove_userinfo(location: Location) -> Location:
    """The input without what stands before the ``@``: it may be a child's password.

    Also inside a wrapper, where it may be encoded in a way that cannot be cut out of the text:
    then the canonical form stands in for what was typed.
    """
    if location.userinfo is None:
        return location
    shown = re.sub(r"(?<=[/\\])[^/\\?#]*@", "", location.input, count=1)
    if location.wraps or shown == location.input:
        shown = location.canonical
    return replace(
        location, input=shown, via=() if location.wraps else location.via
    )
