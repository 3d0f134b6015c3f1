"""The location of a web address: by a platform's rule, or as a page.

http and https name the same location: the key leaves the scheme out (and a default port with it),
the canonical form keeps it. ``www.`` is part of the name unless the platform's data says otherwise.
"""

from __future__ import annotations

import re
from dataclasses import replace

from triage.locations.catalogue_values import (
    Catalogue,
    Platform,
    Tracking,
)
from triage.locations.location import Location, make_key, shorten_text
from triage.locations.text.tokens import settle_url
from triage.locations.web import ipfs
from triage.locations.web.parts import WEB, Parts
from triage.locations.web.percent import shield_text
from triage.locations.web.rules import locate_by_rules

_ROUTE = re.compile(r"!?/[^/]|![^/]")
"""Fragments by which scripts choose what is shown: ``#!x``, ``#!/x``, ``#/x``."""


def identify_parts(
    parts: Parts, catalogue: Catalogue, original: str
) -> Location:
    """The location of one parsed address that no wrapper has been taken off."""
    if (gateway := ipfs.read_gateway(parts.site.host, parts.path)) is not None:
        return replace(
            ipfs.locate_address(gateway, original),
            host=parts.site.host,
            registrable_domain=parts.site.registrable,
            problems=tuple(parts.problems),
            userinfo=parts.userinfo,
            via=(f"{parts.scheme}://{parts.authority}{parts.path}",),
        )
    platform = parts.site.platform
    raw = parts.query
    if raw:
        parts.query = _clean_query(raw, parts, catalogue)
    if platform is not None:
        location = locate_by_rules(platform, parts, raw, catalogue, original)
        if location is not None:
            return location
    return _locate_page(parts, platform, original)


def _locate_page(
    parts: Parts, platform: Platform | None, original: str
) -> Location:
    rest = parts.path
    if parts.query:
        rest += f"?{parts.query}"
    fragment = parts.fragment
    if fragment and (
        _ROUTE.match(fragment) or (platform is not None and platform.fragments)
    ):
        rest += f"#{fragment}"
    site = parts.site
    canonical = settle_url(f"{parts.scheme}://{parts.authority}{rest}")
    behind_name = canonical[len(parts.scheme) + 3 + len(site.name) :]
    web = parts.scheme in WEB
    kind = "onion" if site.kind == "onion" else "url"
    # http and https lead to the same page; of no other schemes is that so.
    identity = canonical.partition(":")[2] if web else canonical
    return Location(
        input=original,
        kind=kind,
        canonical=canonical,
        key=make_key(kind, identity),
        display=shorten_text(site.display + behind_name),
        platform=platform.id if platform and platform.seat else None,
        host=site.host,
        registrable_domain=site.registrable,
        problems=tuple(parts.problems),
        userinfo=parts.userinfo,
        fetchable=web,
    )


def _clean_query(raw: str, parts: Parts, catalogue: Catalogue) -> str:
    """Without what tracks, in the order of names unless a name is repeated or order matters."""
    tracking, platform = catalogue.tracking, parts.site.platform
    drop: frozenset[str] = (
        platform.drop if platform is not None else frozenset()
    )
    kept: list[tuple[str, str]] = []
    names: set[str] = set()
    for piece in raw.split("&"):
        name, _, value = piece.partition("=")
        low = name.lower()
        if (
            low in tracking.names
            or low.startswith(tracking.prefixes)
            or name in drop
        ):
            problem = "tracking_removed"
        elif _is_session(low, value, parts.path, tracking):
            problem = "session_id_removed"
        else:
            kept.append((name, piece))
            names.add(name)
            continue
        if problem not in parts.problems:
            parts.problems.append(problem)
    if (
        len(kept) > 1
        and len(names) == len(kept)
        and not (platform and platform.query_order)
    ):
        kept.sort(key=_sorting_name)
    return "&".join([piece for _, piece in kept])


def _is_session(name: str, value: str, path: str, tracking: Tracking) -> bool:
    session = tracking.sessions.get(name)
    if session is None:
        # Away from a forum's scripts, this name may say which recording is
        # meant.
        session = tracking.forum_sessions.get(name)
        if session is None or not tracking.forum_path.fullmatch(path):
            return False
    return session.fullmatch(value) is not None


def _sorting_name(pair: tuple[str, str]) -> str:
    """The order stays the same when ``settle_url`` has to encode more of the address."""
    name = pair[0]
    return name if name.isidentifier() else shield_text(name)
