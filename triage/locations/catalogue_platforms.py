"""Reading ``platforms.toml``: services, their hosts, and the rules that read their addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hotline.core.datafiles.vocabulary import (
    country_codes,
    describe_unknown,
    find_unknown,
)
from triage.locations.catalogue_reader import Reader, list_tables
from triage.locations.catalogue_values import Handle, Platform, Rule

_KNOWN = ("dated", "reserved", "platform", "site")


@dataclass(slots=True)
class Services:
    """What is read: ``platforms`` by id, and also the sites without a seat by host."""

    platforms: dict[str, Platform] = field(default_factory=dict)
    by_host: dict[str, Platform] = field(default_factory=dict)
    by_scheme: dict[str, Platform] = field(default_factory=dict)


def read_platforms(document: Mapping[str, Any], faults: list[str]) -> Services:
    """A ``[[site]]`` is read like a platform, but nobody knows who operates it or where."""
    services = Services()
    for fault in find_unknown(document, _KNOWN):
        faults.append(f"platforms.toml: {fault}")
    head = Reader(document, "platforms.toml", faults)
    dated = head.read_day("dated") or date.min
    reserved = frozenset(head.read_texts("reserved"))
    # A file without any site is a file; without any platform it is a mistake.
    sites = list_tables(document, "site", "platforms.toml", faults, least=0)
    tables = list_tables(document, "platform", "platforms.toml", faults)
    ids: set[str] = set()
    for kind, number, table in (
        *(
            ("platform", number, table)
            for number, table in enumerate(tables, 1)
        ),
        *(("site", number, table) for number, table in enumerate(sites, 1)),
    ):
        reader = Reader(table, f"platforms.toml [[{kind}]] {number}", faults)
        platform = _read_platform(reader, dated, reserved, kind == "platform")
        reader.note_unknown_entries()
        if platform.id in ids:
            reader.note_fault(f"repeats the id {platform.id!r}")
        ids.add(platform.id)
        if platform.seat:
            services.platforms[platform.id] = platform
        _claim_names(platform, services, reader)
    # After all were read: a rule may name a platform that stands further down.
    _check_owners(services.platforms, faults)
    return services


def _claim_names(
    platform: Platform, services: Services, reader: Reader
) -> None:
    for names, owners in (
        (platform.hosts, services.by_host),
        (sorted(platform.schemes), services.by_scheme),
    ):
        for name in names:
            owner = owners.setdefault(name, platform)
            if owner is not platform and owner.id != platform.id:
                reader.note_fault(f"claims {name!r}, which {owner.id} has")


def _check_owners(
    platforms: Mapping[str, Platform], faults: list[str]
) -> None:
    for platform in platforms.values():
        for rule in platform.rules:
            if rule.of and rule.of not in platforms:
                fault = describe_unknown(rule.of, platforms)
                faults.append(f"platforms.toml ({platform.id}) 'of': {fault}")


def _read_platform(
    reader: Reader, dated: date, reserved: frozenset[str], has_seat: bool
) -> Platform:
    identifier = reader.read_text("id", required=True)
    reader.where += f" ({identifier or '?'})"  # so that faults name it
    seat = reader.read_text("seat", required=True) if has_seat else ""
    if has_seat and seat not in country_codes():
        fault = describe_unknown(seat, country_codes())
        reader.note_fault(f"'seat' is no ISO 3166-1 code: {fault}")
    url = reader.read_text("report_url")
    email = reader.read_text("report_email")
    if url and not url.startswith("https://"):
        reader.note_fault("'report_url' must begin with https://")
    if email and "@" not in email:
        reader.note_fault("'report_email' is no address")
    # Perhaps nobody looked this one up since the file was dated.
    checked = reader.read_day("seat_checked")
    rules: list[Any] = reader.read_value("rule", list, [])
    handle = reader.read_value("handle", dict, {})
    return Platform(
        id=identifier,
        name=reader.read_text("name", required=True),
        seat=seat,
        hosts=reader.read_texts("hosts", required=True),
        report_url=url,
        report_email=email,
        seat_source=reader.read_text("seat_source") or "platforms.toml",
        seat_dated=checked or dated,
        seat_checked=checked is not None,
        home=reader.read_text("home"),
        aliases=frozenset(reader.read_texts("aliases")),
        schemes=frozenset(reader.read_texts("schemes")),
        reserved=reserved | frozenset(reader.read_texts("reserved")),
        languages=reader.read_flag("languages"),
        query_order=reader.read_flag("query_order"),
        fragments=reader.read_flag("fragments"),
        drop=frozenset(reader.read_texts("drop")),
        handle=_read_handle(
            Reader(handle, f"{reader.where} handle", reader.faults)
        )
        if handle
        else None,
        rules=tuple(
            _read_rule(
                Reader(rule, f"{reader.where} rule {number}", reader.faults)
            )
            for number, rule in enumerate(rules, 1)
        ),
    )


def _read_handle(reader: Reader) -> Handle:
    handle = Handle(
        words=reader.read_texts("words", required=True),
        pattern=reader.compile_pattern(
            reader.read_text("pattern", required=True), "pattern"
        ),
        canonical=reader.read_text("canonical"),
        lower=not reader.read_flag("case_matters"),
    )
    reader.note_unknown_entries()
    return handle


def _read_rule(reader: Reader) -> Rule:
    kind = reader.read_text("kind") or "url"
    if kind not in ("url", "account"):
        reader.note_fault(
            f"'kind': {describe_unknown(kind, ('url', 'account'))}"
        )
    rule = Rule(
        kind=kind,
        content=reader.read_text("content", required=True),
        canonical=reader.read_text("canonical", required=True),
        path=reader.read_pattern("path", end="/?") or re.compile("/?"),
        schemes=frozenset(reader.read_texts("schemes"))
        or frozenset(("http", "https")),
        hosts=frozenset(reader.read_texts("hosts")),
        query=reader.read_patterns("query"),
        bare=reader.read_pattern("bare"),
        fragment=reader.read_pattern("fragment"),
        host=reader.read_pattern("host"),
        key=reader.read_text("key"),
        lower=frozenset(reader.read_texts("lower")),
        keep_query=reader.read_flag("keep_query"),
        inside=reader.read_patterns("inside"),
        opens=reader.read_texts("opens"),
        of=reader.read_text("of"),
    )
    reader.note_unknown_entries()
    _check_templates(rule, reader)
    return rule


def _check_templates(rule: Rule, reader: Reader) -> None:
    patterns = (
        rule.path,
        rule.fragment,
        rule.host,
        rule.bare,
        *(pattern for _, pattern in rule.query),
    )
    # Found when the file is read: at the first report of such an address it
    # would be too late.
    groups = {
        name for pattern in patterns if pattern for name in pattern.groupindex
    }
    for template in (rule.canonical, rule.content, rule.key):
        try:
            template.format_map(dict.fromkeys(groups, "x"))
        except (KeyError, ValueError, IndexError) as error:
            reader.note_fault(
                f"{template!r} asks for a group that no pattern has: {error}"
            )
