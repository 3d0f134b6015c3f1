"""What the catalogue of platforms, wrappers and tracking parameters says, as typed values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """How one form of a platform's addresses names its content.

    Groups of ``path``, ``query``, ``bare`` (the query as a whole) and ``fragment`` fill the
    templates. ``key`` is what is compared where the canonical form must carry more than the
    identity (a decryption key, a signature).
    ``inside`` are parameters that name something within the content, as a comment below a post:
    they are identity where they stand. ``opens`` are parameters without which the content does
    not open: they stay in the canonical form and are no identity. ``of`` is the platform whose
    content it is, where another one's address leads to it.
    """

    kind: str
    content: str
    canonical: str
    path: re.Pattern[str]
    schemes: frozenset[str] = frozenset(("http", "https"))
    hosts: frozenset[str] = frozenset()
    query: tuple[tuple[str, re.Pattern[str]], ...] = ()
    bare: re.Pattern[str] | None = None
    fragment: re.Pattern[str] | None = None
    host: re.Pattern[str] | None = None
    key: str = ""
    lower: frozenset[str] = frozenset()
    keep_query: bool = False
    inside: tuple[tuple[str, re.Pattern[str]], ...] = ()
    opens: tuple[str, ...] = ()
    of: str = ""


@dataclass(frozen=True, slots=True)
class Handle:
    """How people write an account of this platform in running text: ``telegram: @name``."""

    words: tuple[str, ...]
    pattern: re.Pattern[str]
    canonical: str
    lower: bool = True


@dataclass(frozen=True, slots=True)
class Platform:
    """One service: where its operator has its seat (ISO 3166-1; "" for a site of which nobody
    knows whose it is), how it takes reports.

    ``seat_dated`` is the file's date where nobody checked the seat at its source. ``languages``:
    a sub-domain that is a language (``de.``, ``sr-rs.``) is the same as the name above it.
    ``reserved`` are the site's own words, which no account and no content can have for a name.
    """

    id: str
    name: str
    seat: str
    hosts: tuple[str, ...]
    report_url: str = ""
    report_email: str = ""
    seat_source: str = ""
    seat_dated: date = date.min
    seat_checked: bool = False
    home: str = ""
    aliases: frozenset[str] = frozenset()
    schemes: frozenset[str] = frozenset()
    reserved: frozenset[str] = frozenset()
    languages: bool = False
    query_order: bool = False
    fragments: bool = False
    drop: frozenset[str] = frozenset()
    handle: Handle | None = None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A redirector, translator, proxy or archive whose target stands plainly in its address.

    ``cut`` is what the service itself sets behind the target.
    """

    id: str
    role: str
    hosts: tuple[str, ...]
    path: re.Pattern[str]
    parameters: tuple[str, ...] = ()
    coding: str = "plain"
    host: re.Pattern[str] | None = None
    canonical: str = ""
    cut: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Tracking:
    """Parameters that say who shared a link and not what it leads to; ``dated`` is the list's."""

    dated: str
    names: frozenset[str]
    prefixes: tuple[str, ...]
    sessions: Mapping[str, re.Pattern[str]]
    session_path: re.Pattern[str]
    forum_path: re.Pattern[str]
    forum_sessions: Mapping[str, re.Pattern[str]]


@dataclass(frozen=True)
class Catalogue:
    """Everything that identity looks up, indexed by host name."""

    platforms: Mapping[str, Platform]
    tracking: Tracking
    wrappers: tuple[Wrapper, ...]
    shorteners: frozenset[str]
    shortener_paths: re.Pattern[str]
    by_host: Mapping[str, Platform] = field(repr=False)
    by_scheme: Mapping[str, Platform] = field(repr=False)
    wrappers_by_host: Mapping[str, tuple[Wrapper, ...]] = field(repr=False)
    sites: dict[str, Any] = field(
        default_factory=dict, repr=False, compare=False
    )
