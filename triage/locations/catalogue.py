"""The data behind identity: platforms, tracking parameters, wrappers, archives, shorteners.

Read from ``data/platforms.toml``, ``data/tracking.toml`` and ``data/wrappers.toml`` (an operator's
own file in the data directory wins), checked with all faults at once, kept for the process.
Patterns are matched against the whole path with an optional slash at its end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from hotline.core.datafiles.files import read_toml
from hotline.core.datafiles.vocabulary import (
    country_codes,
    describe_unknown,
    find_unknown,
    nearest_word,
)
from hotline.core.errors import Misconfigured
from triage.locations.catalogue_values import (
    Catalogue,
    Handle,
    Platform,
    Rule,
    Tracking,
    Wrapper,
)

PACKAGE = "triage.locations"


def load_platforms(override_dir: Path | None = None) -> Catalogue:
    """The catalogue, read once per directory. Raises Misconfigured with every fault named."""
    return _load_catalogue(override_dir)


@lru_cache(maxsize=8)
def _load_catalogue(override_dir: Path | None) -> Catalogue:
    faults: list[str] = []
    platforms = _read_platforms(
        read_toml(PACKAGE, "platforms.toml", override_dir), faults
    )
    tracking = _read_tracking(
        read_toml(PACKAGE, "tracking.toml", override_dir), faults
    )
    wrapper_document = read_toml(PACKAGE, "wrappers.toml", override_dir)
    for fault in find_unknown(wrapper_document, ("wrapper", "shorteners")):
        faults.append(f"wrappers.toml: {fault}")
    wrappers = _read_wrappers(wrapper_document, faults)
    shorteners = wrapper_document.get("shorteners", {})
    reader = Reader(shorteners, "wrappers.toml shorteners", faults)
    hosts, paths = reader.read_texts("hosts"), reader.read_texts("paths")
    reader.note_unknown_entries()
    any_path = "|".join(f"(?:{path})" for path in paths) or r"(?!)"
    shortener_paths = reader.compile_pattern(any_path, "paths")
    if faults:
        listed = "; ".join(faults)
        raise Misconfigured(
            f"The location data has {len(faults)} fault(s): {listed}.",
            hint="Correct the file, or remove your own copy to use the shipped one.",
        )
    return Catalogue(
        platforms=platforms,
        tracking=tracking,
        wrappers=wrappers,
        shorteners=frozenset(hosts),
        shortener_paths=shortener_paths,
        by_host={
            host: platform
            for platform in platforms.values()
            for host in platform.hosts
        },
        by_scheme={
            scheme: platform
            for platform in platforms.values()
            for scheme in platform.schemes
        },
        wrappers_by_host=_index_by_host(wrappers),
    )


def _index_by_host(
    wrappers: tuple[Wrapper, ...],
) -> dict[str, tuple[Wrapper, ...]]:
    index: dict[str, tuple[Wrapper, ...]] = {}
    for wrapper in wrappers:
        for host in wrapper.hosts:
            index[host] = (*index.get(host, ()), wrapper)
    return index


class Reader:
    """One table of a data file; wrong or unknown entries are noted, never raised."""

    def __init__(self, table: Any, where: str, faults: list[str]) -> None:
        self.table: dict[str, Any] = table if isinstance(table, dict) else {}
        self.where, self.faults, self.seen = where, faults, set[str]()
        if not isinstance(table, dict):
            self.note_fault("is not a table")

    def note_fault(self, words: str) -> None:
        self.faults.append(f"{self.where} {words}")

    def read_value(self, name: str, kind: type, default: Any) -> Any:
        self.seen.add(name)
        value = self.table.get(name, default)
        if not isinstance(value, kind):
            self.note_fault(f"{name!r} must be a {kind.__name__}")
            return default
        return value

    def read_text(self, name: str, *, required: bool = False) -> str:
        value: str = self.read_value(name, str, "")
        if required and not value:
            self.note_fault(f"lacks {name!r}")
        return value

    def read_texts(
        self, name: str, *, required: bool = False
    ) -> tuple[str, ...]:
        values: list[Any] = self.read_value(name, list, [])
        if not all(isinstance(value, str) and value for value in values):
            self.note_fault(f"{name!r} must be a list of texts")
            return ()
        if required and not values:
            self.note_fault(f"lacks {name!r}")
        return tuple(values)

    def read_flag(self, name: str) -> bool:
        return bool(self.read_value(name, bool, False))

    def read_day(self, name: str) -> date | None:
        """None where it is not given."""
        if name not in self.table:
            return None
        day: date | None = self.read_value(name, date, None)
        return day

    def compile_pattern(
        self, pattern: str, name: str, *, end: str = ""
    ) -> re.Pattern[str]:
        try:
            return re.compile(f"(?:{pattern}){end}")
        except re.error as error:
            self.note_fault(f"{name!r} is not a pattern ({error}): {pattern}")
            return re.compile(r"(?!)")

    def read_pattern(
        self, name: str, *, end: str = ""
    ) -> re.Pattern[str] | None:
        text = self.read_text(name)
        return self.compile_pattern(text, name, end=end) if text else None

    def note_unknown_entries(self) -> None:
        for name in sorted(set(self.table) - self.seen):
            nearest = nearest_word(name, self.seen)
            meant = f'; did you mean "{nearest}"?' if nearest else ""
            self.note_fault(f"has an unknown entry {name!r}{meant}")


def _list_tables(
    document: Mapping[str, Any], name: str, file: str, faults: list[str]
) -> list[Any]:
    tables = document.get(name)
    if not isinstance(tables, list) or not tables:
        faults.append(f"{file} has no [[{name}]]")
        return []
    return tables


def _read_platforms(
    document: Mapping[str, Any], faults: list[str]
) -> dict[str, Platform]:
    platforms: dict[str, Platform] = {}
    owner: dict[str, str] = {}
    for fault in find_unknown(document, ("dated", "platform")):
        faults.append(f"platforms.toml: {fault}")
    dated = (
        Reader(document, "platforms.toml", faults).read_day("dated")
        or date.min
    )
    for number, table in enumerate(
        _list_tables(document, "platform", "platforms.toml", faults), 1
    ):
        reader = Reader(table, f"platforms.toml [[platform]] {number}", faults)
        platform = _read_platform(reader, dated)
        reader.note_unknown_entries()
        if platform.id in platforms:
            reader.note_fault(f"repeats the id {platform.id!r}")
        for name in (
            *platform.hosts,
            *(f"{scheme}:" for scheme in platform.schemes),
        ):
            if owner.setdefault(name, platform.id) != platform.id:
                reader.note_fault(f"claims {name!r}, which {owner[name]} has")
        platforms[platform.id] = platform
    return platforms


def _read_platform(reader: Reader, dated: date) -> Platform:
    identifier = reader.read_text("id", required=True)
    reader.where += f" ({identifier or '?'})"
    seat = reader.read_text("seat", required=True)
    if seat not in country_codes():
        fault = describe_unknown(seat, country_codes())
        reader.note_fault(f"'seat' is no ISO 3166-1 code: {fault}")
    url, email = (
        reader.read_text("report_url"),
        reader.read_text("report_email"),
    )
    if url and not url.startswith("https://"):
        reader.note_fault("'report_url' must begin with https://")
    if email and "@" not in email:
        reader.note_fault("'report_email' is no address")
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
    query: dict[str, Any] = reader.read_value("query", dict, {})
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
        query=tuple(
            (name, reader.compile_pattern(str(pattern), f"query {name}"))
            for name, pattern in query.items()
        ),
        fragment=reader.read_pattern("fragment"),
        host=reader.read_pattern("host"),
        key=reader.read_text("key"),
        lower=frozenset(reader.read_texts("lower")),
        keep_query=reader.read_flag("keep_query"),
    )
    reader.note_unknown_entries()
    _check_templates(rule, reader)
    return rule


def _check_templates(rule: Rule, reader: Reader) -> None:
    patterns = (
        rule.path,
        rule.fragment,
        rule.host,
        *(pattern for _, pattern in rule.query),
    )
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


def _read_tracking(document: Mapping[str, Any], faults: list[str]) -> Tracking:
    reader = Reader(document, "tracking.toml", faults)
    dated = reader.read_text("dated", required=True)
    if dated and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", dated):
        reader.note_fault("'dated' must be a date like 2026-11-01")
    reader.read_text("source", required=True)
    names, prefixes = (
        reader.read_texts("names", required=True),
        reader.read_texts("prefixes"),
    )
    sessions: dict[str, Any] = reader.read_value("sessions", dict, {})
    forums: dict[str, Any] = reader.read_value("forum_sessions", dict, {})
    path = reader.read_text("session_path") or r"(?!)"
    tracking = Tracking(
        dated=dated,
        names=frozenset(name.lower() for name in names),
        prefixes=tuple(prefix.lower() for prefix in prefixes),
        sessions=_read_sessions(reader, sessions),
        session_path=reader.compile_pattern(path, "session_path"),
        forum_path=reader.compile_pattern(
            str(forums.pop("path", "(?!)")), "forum_sessions.path"
        ),
        forum_sessions=_read_sessions(reader, forums),
    )
    reader.note_unknown_entries()
    return tracking


def _read_sessions(
    reader: Reader, patterns: Mapping[str, Any]
) -> dict[str, re.Pattern[str]]:
    return {
        name.lower(): reader.compile_pattern(str(pattern), f"session {name}")
        for name, pattern in patterns.items()
    }


_ROLES = ("redirector", "translator", "proxy", "archive")
_CODINGS = ("plain", "base64", "proofpoint2", "proofpoint3", "dashes", "host")


def _read_wrappers(
    document: Mapping[str, Any], faults: list[str]
) -> tuple[Wrapper, ...]:
    wrappers: list[Wrapper] = []
    for number, table in enumerate(
        _list_tables(document, "wrapper", "wrappers.toml", faults), 1
    ):
        reader = Reader(table, f"wrappers.toml [[wrapper]] {number}", faults)
        wrapper = Wrapper(
            id=reader.read_text("id", required=True),
            role=reader.read_text("role", required=True),
            hosts=reader.read_texts("hosts", required=True),
            path=reader.read_pattern("path") or re.compile(".*", re.DOTALL),
            parameters=reader.read_texts("parameters"),
            coding=reader.read_text("coding") or "plain",
            host=reader.read_pattern("host"),
            canonical=reader.read_text("canonical"),
        )
        if wrapper.role not in _ROLES:
            reader.note_fault(
                f"'role': {describe_unknown(wrapper.role, _ROLES)}"
            )
        if wrapper.coding not in _CODINGS:
            reader.note_fault(
                f"'coding': {describe_unknown(wrapper.coding, _CODINGS)}"
            )
        reader.note_unknown_entries()
        wrappers.append(wrapper)
    return tuple(wrappers)
