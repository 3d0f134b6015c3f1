"""Web addresses: parsed by WHATWG, brought to one spelling, read by the platforms' rules.

http and https name the same location: the key leaves the scheme out (and a default port with it),
the canonical form keeps it. ``www.`` is part of the name unless the platform's data says otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import ada_url
import can_ada

from triage.locations.catalogue_values import (
    Catalogue,
    Platform,
    Rule,
    Tracking,
)
from triage.locations.location import Location, make_key, shorten_text
from triage.locations.text.tokens import settle_url
from triage.locations.web import ipfs
from triage.locations.web.percent import (
    normalise_path,
    normalise_query,
    shield_text,
)
from triage.locations.web.site import Site, look_up_site

WEB = frozenset(("http", "https"))
OTHER = frozenset(
    (
        "ftp",
        "ftps",
        "sftp",
        "ws",
        "wss",
        "rtsp",
        "rtmp",
        "gopher",
        "gemini",
        "mms",
    )
)
"""Schemes with a host that are identified like the web's but never fetched."""

_ENTITY = re.compile(r"(?:amp;)+")
_ROUTE = re.compile(r"!?/[^/]|![^/]")
"""Fragments by which scripts choose what is shown: ``#!x``, ``#!/x``, ``#/x``."""


@dataclass(slots=True)
class Parts:
    """A parsed address in normal form; ``query`` and ``fragment`` are without their marks."""

    scheme: str
    site: Site
    port: str
    path: str
    query: str
    fragment: str
    userinfo: str | None
    problems: list[str]

    @property
    def authority(self) -> str:
        return f"{self.site.name}:{self.port}" if self.port else self.site.name


def parse_address(text: str, catalogue: Catalogue) -> Parts | None:
    """None where the text is no address or names no host."""
    url = _parse_whatwg(text)
    if url is None or not url.hostname:
        return None
    if url.hostname in WEB:  # "http://https//…" is a slip
        return None
    site = look_up_site(url.hostname, catalogue)
    if site is None:
        return None
    userinfo = None
    problems: list[str] = [*site.problems] if site.problems else []
    if url.username or url.password:
        userinfo = url.username
        if url.password:
            userinfo += f":{url.password}"
        problems.append("userinfo_removed")
    path = normalise_path(url.pathname) or "/"
    if (";" in path or "(" in path) and catalogue.tracking.session_path.search(
        path
    ):
        cut = catalogue.tracking.session_path.sub("", path)
        again = parse_address(
            f"{url.protocol}//{url.host}{cut or '/'}{url.search}{url.hash}",
            catalogue,
        )
        if again is None:
            return None
        again.userinfo = userinfo
        again.problems = [
            *dict.fromkeys((*problems, "session_id_removed", *again.problems))
        ]
        return again
    query, fragment = url.search[1:], url.hash[1:]
    return Parts(
        scheme=url.protocol[:-1],
        site=site,
        port=url.port,
        path=path,
        query=_drop_empty_pieces(normalise_query(query)) if query else "",
        fragment=normalise_query(fragment) if fragment else "",
        userinfo=userinfo,
        problems=problems,
    )


def _drop_empty_pieces(query: str) -> str:
    """Without empty parameters, and without the ``amp;`` of a link copied out of HTML source."""
    if "&&" in query or "amp;" in query or query[0] == "&" or query[-1] == "&":
        pieces = [_ENTITY.sub("", piece) for piece in query.split("&")]
        return "&".join([piece for piece in pieces if piece])
    return query


def _parse_whatwg(text: str) -> Any:
    try:
        return can_ada.parse(text)
    except (ValueError, TypeError):
        # The fast parser refuses some names that the standard lets through (http://xn--/).
        try:
            return ada_url.URL(text)
        except (ValueError, UnicodeError):
            return None


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
        for rule in platform.rules:
            values = _match_rule(rule, parts, raw)
            if values is not None:
                return _locate_by_rule(
                    rule, values, parts, catalogue, original
                )
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
    identity = canonical.partition(":")[2] if web else canonical
    return Location(
        input=original,
        kind=kind,
        canonical=canonical,
        key=make_key(kind, identity),
        display=shorten_text(site.display + behind_name),
        platform=platform.id if platform is not None else None,
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
        session = tracking.forum_sessions.get(name)
        if session is None or not tracking.forum_path.fullmatch(path):
            return False
    return session.fullmatch(value) is not None


def _sorting_name(pair: tuple[str, str]) -> str:
    """The order stays the same when ``settle_url`` has to encode more of the address."""
    name = pair[0]
    return name if name.isidentifier() else shield_text(name)


def _match_rule(
    rule: Rule, parts: Parts, raw_query: str
) -> dict[str, str] | None:
    """The groups of every pattern of the rule; None where one of them does not match."""
    host = parts.site.host
    if parts.scheme not in rule.schemes or (
        rule.hosts and host not in rule.hosts
    ):
        return None
    match = rule.path.fullmatch(parts.path)
    if match is None:
        return None
    values = match.groupdict("")
    checks = [(rule.host, host), (rule.fragment, parts.fragment)]
    if rule.query:
        pairs = [_split_pair(piece) for piece in raw_query.split("&")]
        first_values = dict(reversed(pairs))
        for name, wanted in rule.query:
            checks.append((wanted, first_values.get(name, "")))
    for pattern, subject in checks:
        if pattern is not None:
            match = pattern.fullmatch(subject)
            if match is None:
                return None
            values.update(match.groupdict(""))
    for name in rule.lower:
        values[name] = values[name].lower()
    return values


def _split_pair(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return name, value


def _locate_by_rule(
    rule: Rule,
    values: dict[str, str],
    parts: Parts,
    catalogue: Catalogue,
    original: str,
) -> Location:
    platform = parts.site.platform
    assert platform is not None
    canonical = settle_url(rule.canonical.format_map(values))
    content = rule.content.format_map(values)
    if rule.kind == "account":
        key = make_key("account", f"{platform.id}:{content}")
    elif rule.key:
        key = make_key("url", "//" + rule.key.format_map(values))
    else:
        key = make_key("url", canonical.partition(":")[2])
    if rule.keep_query and parts.query:
        mark = "&" if "?" in canonical else "?"
        canonical = settle_url(f"{canonical}{mark}{parts.query}")
    web = canonical.startswith("https://")
    site = look_up_site(canonical.split("/", 3)[2], catalogue) if web else None
    return Location(
        input=original,
        kind=rule.kind,
        canonical=canonical,
        key=key,
        display=shorten_text(
            f"{content} ({platform.name})"
            if rule.kind == "account"
            else canonical[8:]
        ),
        platform=platform.id,
        content_id=content,
        host=site.host if site else None,
        registrable_domain=site.registrable if site else None,
        problems=tuple(parts.problems),
        userinfo=parts.userinfo,
        fetchable=web,
    )


def locate_app_link(
    text: str, scheme: str, catalogue: Catalogue
) -> Location | None:
    """``tg://resolve?domain=x`` and its like; None where no rule of the platform reads it."""
    platform = catalogue.by_scheme[scheme]
    url = _parse_whatwg(text)
    if url is None:
        return None
    start = f"/{url.hostname}" if url.hostname else ""
    path = normalise_path(start + url.pathname) or "/"
    site = Site("", "", "", "app", None, platform, (), ())
    query = _drop_empty_pieces(normalise_query(url.search[1:]) or "&")
    parts = Parts(
        scheme, site, "", path, query, normalise_query(url.hash[1:]), None, []
    )
    for rule in platform.rules:
        values = _match_rule(rule, parts, query)
        if values is not None:
            return _locate_by_rule(rule, values, parts, catalogue, text)
    return None
