"""Known error pages: titles as hashes, texts as simhashes, each with what it means."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hotline.core.datafiles.files import read_toml
from hotline.core.datafiles.vocabulary import describe_unknown, find_unknown
from hotline.core.errors import Misconfigured
from triage.availability.model import Page, VerdictName, page_distance

#: Only what is not an absence of our making may be told by a page.
_MEANINGS = frozenset(
    {
        VerdictName.SOFT_404,
        VerdictName.BLOCKED_HERE,
        VerdictName.GEO_BLOCKED,
        VerdictName.LOGIN_WALL,
        VerdictName.HOST_DOWN,
    }
)

#: Bits of 64 up to which two texts are the same page with another date or number in it.
SAME_TEXT = 6
#: Characters below which a text is too short for its simhash to mean anything.
ENOUGH_TEXT = 20


@dataclass(frozen=True, slots=True)
class KnownPage:
    simhash: str
    verdict: VerdictName
    host: str | None = None


@dataclass(frozen=True, slots=True)
class KnownAddress:
    """``path`` is compared as a whole; with a ``*`` at its end, as a beginning."""

    path: str
    verdict: VerdictName
    host: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorPages:
    """``titles``: SHA-256 of a title -> its meaning."""

    titles: Mapping[str, VerdictName]
    pages: tuple[KnownPage, ...] = ()
    addresses: tuple[KnownAddress, ...] = ()

    def meaning(
        self, page: Page | None, url: str, requested: str
    ) -> VerdictName | None:
        """What is known of a page at ``url``; None where nothing is.

        An address means something only where ``requested`` was redirected to it.
        """
        reached, asked = urlsplit(url), urlsplit(requested)
        host = (reached.hostname or "").lower()
        if (reached.hostname, reached.path) != (asked.hostname, asked.path):
            for known in self.addresses:
                if _under(host, known.host) and _path_fits(
                    reached.path.lower(), known.path
                ):
                    return known.verdict
        if page is None:
            return None
        if page.title is not None and page.title in self.titles:
            return self.titles[page.title]
        for example in self.pages:
            same = page_distance(page, Page(example.simhash, page.length)) <= SAME_TEXT
            if page.length >= ENOUGH_TEXT and same and _under(host, example.host):
                return example.verdict
        return None


def _under(host: str, known: str | None) -> bool:
    return known is None or host == known or host.endswith(f".{known}")


def _path_fits(path: str, known: str) -> bool:
    if known.endswith("*"):
        return path.startswith(known[:-1])
    return path.rstrip("/") == known.rstrip("/")


def title_hash(title: str) -> str:
    """As the fetcher makes it: spaces joined, case folded, SHA-256 in hex."""
    return hashlib.sha256(" ".join(title.split()).casefold().encode()).hexdigest()


@cache
def shipped_error_pages() -> ErrorPages:
    """The shipped table, read once a process; an operator's own is loaded where it is wired up."""
    return load_error_pages()


def load_error_pages(override_dir: Path | None = None) -> ErrorPages:
    raw = read_toml("triage.availability", "error_pages.toml", override_dir)
    faults = find_unknown(raw, ("version", "titles", "page", "address"))
    titles = _titles(raw.get("titles", {}), faults)
    pages = _pages(raw.get("page", []), faults)
    addresses = _addresses(raw.get("address", []), faults)
    if faults:
        raise Misconfigured(
            f"Data file error_pages.toml has faults: {'; '.join(faults)}."
        )
    return ErrorPages(titles, pages, addresses)


def _titles(
    groups: Mapping[str, Iterable[str]], faults: list[str]
) -> dict[str, VerdictName]:
    meanings: dict[str, VerdictName] = {}
    for name, listed in groups.items():
        meaning = _meaning(name, "titles", faults)
        for title in listed if meaning else ():
            key = title_hash(title)
            if meaning and meanings.setdefault(key, meaning) != meaning:
                faults.append(f"the title {title!r} has two meanings")
    return meanings


def _pages(
    entries: Iterable[Mapping[str, Any]], faults: list[str]
) -> tuple[KnownPage, ...]:
    pages = []
    for index, entry in enumerate(entries):
        for fault in find_unknown(entry, ("host", "simhash", "verdict")):
            faults.append(f"page[{index}]: {fault}")
        meaning = _meaning(str(entry.get("verdict")), f"page[{index}]", faults)
        simhash = str(entry.get("simhash", ""))
        if len(simhash) != 16 or not set(simhash.lower()) <= set("0123456789abcdef"):
            faults.append(f"page[{index}]: simhash must be 16 hex digits")
        elif meaning:
            host = entry.get("host")
            pages.append(
                KnownPage(simhash, meaning, str(host).lower() if host else None)
            )
    return tuple(pages)


def _addresses(
    entries: Iterable[Mapping[str, Any]], faults: list[str]
) -> tuple[KnownAddress, ...]:
    addresses = []
    for index, entry in enumerate(entries):
        for fault in find_unknown(entry, ("host", "path", "verdict")):
            faults.append(f"address[{index}]: {fault}")
        meaning = _meaning(str(entry.get("verdict")), f"address[{index}]", faults)
        path = str(entry.get("path", ""))
        if not path.startswith("/") or path in ("/", "/*"):
            faults.append(
                f"address[{index}]: path must begin with / and name something"
            )
        elif meaning:
            host = entry.get("host")
            addresses.append(
                KnownAddress(path.lower(), meaning, str(host).lower() if host else None)
            )
    return tuple(addresses)


def _meaning(name: str, where: str, faults: list[str]) -> VerdictName | None:
    if name in _MEANINGS:
        return VerdictName(name)
    faults.append(f"{where}: {describe_unknown(name, _MEANINGS)}")
    return None
