"""What a platform's rules read out of an address: which content or account it names."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from triage.locations.catalogue_values import Catalogue, Platform, Rule
from triage.locations.location import Location, make_key, shorten_text
from triage.locations.text.tokens import settle_url
from triage.locations.web.parts import Parts, drop_empty_pieces, parse_whatwg
from triage.locations.web.percent import normalise_path, normalise_query
from triage.locations.web.site import Site, look_up_site

_APP = re.compile(r"[a-z.+-]+:/{0,3}([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.S)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a rule read: its groups, and the parameters that are kept, as a query spells them."""

    values: dict[str, str]
    inside: str
    opens: str


def locate_by_rules(
    platform: Platform,
    parts: Parts,
    raw_query: str,
    catalogue: Catalogue,
    original: str,
) -> Location | None:
    """By the first rule that reads the address; None where none does."""
    for form in (parts, _decode_hash_mark(parts, platform)):
        if form is None:
            continue
        for rule in platform.rules:
            reading = _read_by_rule(rule, platform, form, raw_query)
            if reading is not None:
                return _locate(
                    rule, reading, platform, form, catalogue, original
                )
    return None


def _decode_hash_mark(parts: Parts, platform: Platform) -> Parts | None:
    """A "#" that a program encoded on the way, where what follows it addresses content."""
    if not platform.fragments or parts.fragment or "%23" not in parts.path:
        return None
    path, _, fragment = parts.path.partition("%23")
    return replace(parts, path=path, fragment=fragment)


def _read_by_rule(
    rule: Rule, platform: Platform, parts: Parts, raw_query: str
) -> Reading | None:
    """None where a pattern of the rule does not match, or a name is a word of the site's own."""
    host = parts.site.host
    if parts.scheme not in rule.schemes or (
        rule.hosts and host not in rule.hosts
    ):
        return None
    match = rule.path.fullmatch(parts.path)
    if match is None:
        return None
    values = match.groupdict("")
    given: dict[str, str] = {}
    if raw_query and (rule.query or rule.inside or rule.opens):
        given = _read_first_values(raw_query)
    checks = [
        (rule.host, host),
        (rule.fragment, parts.fragment),
        (rule.bare, raw_query),
    ]
    checks += [(pattern, given.get(name, "")) for name, pattern in rule.query]
    for pattern, subject in checks:
        if pattern is not None:
            match = pattern.fullmatch(subject)
            if match is None:
                return None
            values.update(match.groupdict(""))
    if _is_reserved(values, platform):
        return None
    for name in rule.lower:
        values[name] = values[name].lower()
    return Reading(
        values=values,
        inside=_spell_inside(rule, values, given),
        opens=_spell_query({name: given.get(name, "") for name in rule.opens}),
    )


def _is_reserved(values: dict[str, str], platform: Platform) -> bool:
    """An identifier is compared with its case: few are words, and those are all lower case."""
    return (
        values.get("name", "").lower() in platform.reserved
        or values.get("id", "") in platform.reserved
    )


def _read_first_values(query: str) -> dict[str, str]:
    # From the last on, so that of a repeated name the first value stays.
    pairs = [piece.partition("=") for piece in reversed(query.split("&"))]
    return {name: value for name, _, value in pairs}


def _spell_inside(
    rule: Rule, values: dict[str, str], given: dict[str, str]
) -> str:
    """A path may name the comment as well as a parameter does; then it has a group so named."""
    named = {}
    for name, pattern in rule.inside:
        value = values.get(name) or given.get(name, "")
        named[name] = value if pattern.fullmatch(value) else ""
    return _spell_query(named)


def _spell_query(named: dict[str, str]) -> str:
    return "&".join(
        f"{name}={value}" for name, value in named.items() if value
    )


def _add_query(url: str, query: str) -> str:
    if not query:
        return url
    page, hash_mark, fragment = url.partition("#")
    mark = "&" if "?" in page else "?"
    return f"{page}{mark}{query}{hash_mark}{fragment}"


def _locate(
    rule: Rule,
    reading: Reading,
    platform: Platform,
    parts: Parts,
    catalogue: Catalogue,
    original: str,
) -> Location:
    owner = catalogue.platforms[rule.of] if rule.of else platform
    values = reading.values
    content = _add_query(rule.content.format_map(values), reading.inside)
    named = _add_query(rule.canonical.format_map(values), reading.inside)
    if rule.kind == "account":
        key = make_key("account", f"{owner.id}:{content}")
    elif rule.key:
        identity = _add_query(rule.key.format_map(values), reading.inside)
        key = make_key("url", f"//{identity}")
    else:
        # Without the scheme: by http and by https it is the same thing.
        key = make_key("url", settle_url(named).partition(":")[2])
    canonical = _add_query(named, reading.opens)
    if rule.keep_query:
        canonical = _add_query(canonical, parts.query)
    canonical = settle_url(canonical)
    web = canonical.startswith("https://")
    site = look_up_site(canonical.split("/", 3)[2], catalogue) if web else None
    return Location(
        input=original,
        kind=rule.kind,
        canonical=canonical,
        key=key,
        display=shorten_text(
            f"{content} ({owner.name})"
            if rule.kind == "account"
            else canonical[8:]
        ),
        platform=owner.id if owner.seat else None,
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
    url = parse_whatwg(text)
    if url is not None:
        start = f"/{url.hostname}" if url.hostname else ""
        path, query, fragment = (
            start + url.pathname,
            url.search[1:],
            url.hash[1:],
        )
    else:  # "at://did:plc:…" has no host and no port that the standard would take
        match = _APP.fullmatch(text)
        if match is None:
            return None
        path, query, fragment = f"/{match[1]}", match[2] or "", match[3] or ""
    site = Site("", "", "", "app", None, platform, (), ())
    # An "&" for none, since the first and the last sign are looked at.
    query = drop_empty_pieces(normalise_query(query) or "&")
    parts = Parts(
        scheme=scheme,
        site=site,
        port="",
        path=normalise_path(path) or "/",
        query=query,
        fragment=normalise_query(fragment),
        userinfo=None,
        problems=[],
    )
    return locate_by_rules(platform, parts, query, catalogue, text)
