"""Known error pages: titles as hashes, texts as simhashes, each with what it means."""

from __future__ import annotations

import hashlib
import re
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

Table = Mapping[str, Any]
"""One table of the data file, as it was read."""

_SIMHASH = re.compile("[0-9a-fA-F]{16}")

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

    def find_meaning(
        self, page: Page | None, url: str, requested: str
    ) -> VerdictName | None:
        """What is known of a page at ``url``; None where nothing is.

        An address means something only where ``requested`` was redirected to it.
        """
        reached = urlsplit(url)
        asked = urlsplit(requested)
        host = (reached.hostname or "").lower()
        # A site may well be reported by the very address that is known as its error page.
        is_same_host = reached.hostname == asked.hostname
        if not is_same_host or reached.path != asked.path:
            path = reached.path.lower()
            meaning = self._meaning_of_address(host, path)
            if meaning is not None:
                return meaning
        if page is None:
            return None
        by_title = self.titles.get(page.title or "")
        if by_title is not None:
            return by_title
        return self._meaning_of_text(host, page)

    def _meaning_of_address(self, host: str, path: str) -> VerdictName | None:
        for address in self.addresses:
            if not _is_under(host, address.host):
                continue
            if _path_fits(path, address.path):
                return address.verdict
        return None

    def _meaning_of_text(self, host: str, page: Page) -> VerdictName | None:
        if page.length < ENOUGH_TEXT:
            return None
        for example in self.pages:
            if not _is_under(host, example.host):
                continue
            # The table holds no lengths: what is compared is the text alone.
            example_page = Page(example.simhash, page.length)
            if page_distance(page, example_page) <= SAME_TEXT:
                return example.verdict
        return None


def _is_under(host: str, domain: str | None) -> bool:
    """Whether the host is the domain's, or a sub-domain's; every host is where there is none."""
    if domain is None or host == domain:
        return True
    return host.endswith(f".{domain}")


def _path_fits(path: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        beginning = pattern.removesuffix("*")
        return path.startswith(beginning)
    return path.rstrip("/") == pattern.rstrip("/")


def title_hash(title: str) -> str:
    """As the fetcher makes it: spaces joined, case folded, SHA-256 in hex."""
    words = " ".join(title.split())
    plain = words.casefold().encode()
    return hashlib.sha256(plain).hexdigest()


@cache
def shipped_error_pages() -> ErrorPages:
    """The shipped table, read once a process; an operator's own is loaded where it is wired up."""
    return load_error_pages()


def load_error_pages(override_dir: Path | None = None) -> ErrorPages:
    """The table; raises ``Misconfigured`` with every fault of the file."""
    document = read_toml(
        "triage.availability", "error_pages.toml", override_dir
    )
    faults = find_unknown(document, ("version", "titles", "page", "address"))
    error_pages = ErrorPages(
        titles=_read_titles(document.get("titles", {}), faults),
        pages=_read_pages(document.get("page", []), faults),
        addresses=_read_addresses(document.get("address", []), faults),
    )
    if faults:
        listed = "; ".join(faults)
        raise Misconfigured(
            f"Data file error_pages.toml has faults: {listed}."
        )
    return error_pages


def _read_titles(
    groups: Mapping[str, Iterable[str]], faults: list[str]
) -> dict[str, VerdictName]:
    meanings: dict[str, VerdictName] = {}
    for name, titles in groups.items():
        meaning = _read_meaning(name, "titles", faults)
        if meaning is None:
            continue
        for title in titles:
            first_meaning = meanings.setdefault(title_hash(title), meaning)
            if first_meaning is not meaning:
                faults.append(f"the title {title!r} has two meanings")
    return meanings


def _read_pages(
    tables: Iterable[Table], faults: list[str]
) -> tuple[KnownPage, ...]:
    pages = []
    for index, table in enumerate(tables):
        where = f"page[{index}]"
        for fault in find_unknown(table, ("host", "simhash", "verdict")):
            faults.append(f"{where}: {fault}")
        name = str(table.get("verdict"))
        meaning = _read_meaning(name, where, faults)
        simhash = str(table.get("simhash", ""))
        if not _SIMHASH.fullmatch(simhash):
            faults.append(f"{where}: simhash must be 16 hex digits")
        elif meaning:
            host = _read_host(table)
            pages.append(KnownPage(simhash, meaning, host))
    return tuple(pages)


def _read_addresses(
    tables: Iterable[Table], faults: list[str]
) -> tuple[KnownAddress, ...]:
    addresses = []
    for index, table in enumerate(tables):
        where = f"address[{index}]"
        for fault in find_unknown(table, ("host", "path", "verdict")):
            faults.append(f"{where}: {fault}")
        name = str(table.get("verdict"))
        meaning = _read_meaning(name, where, faults)
        path = str(table.get("path", ""))
        names_nothing = path in ("/", "/*")
        if not path.startswith("/") or names_nothing:
            faults.append(
                f"{where}: path must begin with / and name something"
            )
        elif meaning:
            host = _read_host(table)
            addresses.append(KnownAddress(path.lower(), meaning, host))
    return tuple(addresses)


def _read_host(table: Table) -> str | None:
    host = table.get("host")
    return str(host).lower() if host else None


def _read_meaning(
    name: str, where: str, faults: list[str]
) -> VerdictName | None:
    if name in _MEANINGS:
        return VerdictName(name)
    fault = describe_unknown(name, _MEANINGS)
    faults.append(f"{where}: {fault}")
    return None
