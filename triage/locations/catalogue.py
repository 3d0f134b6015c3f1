"""The data behind identity: platforms, tracking parameters, wrappers, archives, shorteners.

Read from ``data/platforms.toml``, ``data/tracking.toml`` and ``data/wrappers.toml`` (an operator's
own file in the data directory wins), checked with all faults at once, kept for the process.
Patterns are matched against the whole path with an optional slash at its end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from hotline.core.datafiles.files import read_toml
from hotline.core.datafiles.in_force import folder_of
from hotline.core.datafiles.vocabulary import (
    describe_unknown,
    find_unknown,
)
from hotline.core.errors import Misconfigured
from triage.locations.catalogue_platforms import read_platforms
from triage.locations.catalogue_reader import Reader, list_tables
from triage.locations.catalogue_values import Catalogue, Tracking, Wrapper

PACKAGE = "triage.locations"


def load_platforms(override_dir: Path | None = None) -> Catalogue:
    """The catalogue, read once per directory. Raises Misconfigured with every fault named."""
    return _load_catalogue(folder_of(override_dir))


@lru_cache(maxsize=8)
def _load_catalogue(override_dir: Path | None) -> Catalogue:
    faults: list[str] = []
    services = read_platforms(
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
    # Of no paths a pattern that fits nothing: an empty one would fit
    # everything.
    any_path = "|".join(f"(?:{path})" for path in paths) or r"(?!)"
    shortener_paths = reader.compile_pattern(any_path, "paths")
    if faults:
        listed = "; ".join(faults)
        raise Misconfigured(
            f"The location data has {len(faults)} fault(s): {listed}.",
            hint="Correct the file, or remove your own copy to use the shipped one.",
        )
    return Catalogue(
        platforms=services.platforms,
        tracking=tracking,
        wrappers=wrappers,
        shorteners=frozenset(hosts),
        shortener_paths=shortener_paths,
        by_host=services.by_host,
        by_scheme=services.by_scheme,
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
            # Taken out here: what is left are the patterns of the sessions.
            str(forums.pop("path", "(?!)")),
            "forum_sessions.path",
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
_CODINGS = (
    "plain",
    "local",
    "base64",
    "hex",
    "proofpoint2",
    "proofpoint3",
    "dashes",
    "host",
)


def _read_wrappers(
    document: Mapping[str, Any], faults: list[str]
) -> tuple[Wrapper, ...]:
    wrappers: list[Wrapper] = []
    for number, table in enumerate(
        list_tables(document, "wrapper", "wrappers.toml", faults), 1
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
            cut=reader.read_pattern("cut", end=r"\Z"),
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
