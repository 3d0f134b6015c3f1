"""Everything that can be named in a text besides web addresses with their scheme.

Each pattern takes what it recognises out of the text before the next one looks, so nothing is
found twice and no pattern sees the inside of what another one has read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from triage.locations import address
from triage.locations.catalogue_values import Catalogue
from triage.locations.location import (
    Location,
    make_key,
    shorten_text,
    unknown_location,
)
from triage.locations.others import contact, peer
from triage.locations.text.markup import NEAR, end_address
from triage.locations.text.repair import trim_end
from triage.locations.web import ipfs
from triage.locations.web.rules import locate_app_link

MAX_LOCATIONS = 5_000
"""Locations (and attempts at one, for each pattern) of one text."""

TAKEN = "\ue000"
"""Stands for text that was read: a private-use character, no letter and no space to any pattern."""

_DELIMITED = r"[^\s<>\"“”„«»‹›`\ue000]"
_BAR = r"(?:\||%7c)"
_ED2K = re.compile(
    rf"(?i)ed2k://{_BAR}(?:file{_BAR}[^|\n\ue000]{{1,300}}{_BAR}\d{{0,15}}{_BAR}[0-9a-f]{{32}}"
    rf"|server{_BAR}[\w.-]{{1,253}}{_BAR}\d{{1,5}})(?:{_BAR}(?:[^\s<>\"\ue000]{{0,300}}))?"
)
_MAGNET = re.compile(rf"(?i)(?<!\w)magnet:\?{_DELIMITED}+")
_IPFS = re.compile(
    rf"(?i)(?<![\w/])(?:(?:web\+)?ip[fn]s:/|/ip[fn]s/){_DELIMITED}+"
)
_INFO_HASH = re.compile(
    r"(?i)(?<!\w)(?:info[ _-]?hash|btih)\s?[:=]?\s?([0-9a-f]{40}|[a-z2-7]{32})(?!\w)"
)
_DATA = re.compile(r"(?i)(?<!\w)data:[a-z]+/[\w.+-]+[;,]\S*")
_LOCAL = re.compile(
    rf"(?i)(?<!\w)(?:file:/|blob:|content://|about:|chrome://){_DELIMITED}+"
)
_TELEPHONE = re.compile(
    r"(?i)(?<!\w)(?:tel|sms|smsto|callto|fax):(\+?[\d().\-]{5,25})(?![\d@])"
)
_MAIL = re.compile(r"(?i)(?<!\w)mailto:(?=\S)")
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_BARE = re.compile(
    rf"(?:(?<=//)|(?<![\w@./:&%\\-]))((?:{_LABEL}\.|_[\w-]{{1,62}}\.){{1,10}}[^\W\d_](?:[\w-]{{0,61}}[^\W_]))(?P<dot>\.?)"
    rf"(?P<port>:\d{{1,5}})?(?P<rest>[/?#\\]{_DELIMITED}*)?(?![\w@])"
)
_BARE_ADDRESS = re.compile(
    rf"(?i)(?<![\w.@:&%-])(?:{address._V4}|\[{address._V6}\])(?::\d{{1,5}})?[/?#]{_DELIMITED}+"
)
_APP_LINK = re.compile(r"//[A-Za-z0-9][A-Za-z0-9._~/?=&%+\-]*[A-Za-z0-9=]")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d\d?([./-])\d\d?\1(?:19|20)\d\d(?!\d)")
_WORD = re.compile(r"\w")
_FILE_LIKE = frozenset(("zip", "mov", "sh", "py"))

Web = Callable[[str, str], Location | None]
Read = Callable[[re.Match[str]], Location | None]


class Scan:
    """One text being read; ``found`` are locations with their places."""

    def __init__(
        self, text: str, catalogue: Catalogue, region: str | None, web: Web
    ) -> None:
        self.text, self.catalogue, self.region, self.web = (
            text,
            catalogue,
            region,
            web,
        )
        self.alone = not re.search(r"\s", text)
        self.found: list[tuple[int, Location]] = []

    def blank_spans(self, spans: list[tuple[int, int]]) -> None:
        """Blank what was read, keeping every other place where it is."""
        if not spans:
            return
        pieces: list[str] = []
        last = 0
        for start, end in spans:
            pieces += (self.text[last:start], TAKEN * (end - start))
            last = end
        self.text = "".join((*pieces, self.text[last:]))

    def read_each(self, pattern: re.Pattern[str], read: Read) -> None:
        spans = []
        for attempt, match in enumerate(pattern.finditer(self.text)):
            if attempt >= MAX_LOCATIONS:
                break
            location = read(match)
            if location is not None:
                self.found.append((match.start(), location))
                spans.append(match.span())
        self.blank_spans(spans)

    def read_before_web(self) -> None:
        """What may hold a web address inside it, or content that must not be kept."""
        text = self.text.lower()
        if "data:" in text:
            self.read_each(_DATA, _note_inline_data)
        if "ed2k:" in text:
            self.read_each(_ED2K, lambda match: peer.locate_ed2k(match[0]))
        if "magnet:" in text:
            self.read_each(_MAGNET, lambda match: peer.locate_magnet(match[0]))
        if (
            "blob:" in text
            or "file:/" in text
            or "content://" in text
            or "about:" in text
        ):
            self.read_each(
                _LOCAL, lambda match: unknown_location(match[0], "local_only")
            )

    def read_after_web(self) -> None:
        text = self.text
        if not _WORD.search(text):
            return
        # To look for a sign is quick: a pattern runs only where one that it
        # needs is there.
        if "/ip" in text:
            self.read_each(_IPFS, self._read_ipfs)
        if ":" in text:
            self._read_schemes()
        if ":" in text or ("@" in text and "<" in text):
            self.read_each(contact.USENET, contact.locate_usenet)
        self.read_each(_BARE_ADDRESS, self._read_bare_address)
        self.read_each(address.PATTERN, address.locate_ip_address)
        if "@" in text or ":" in text or "=" in text:
            self.read_each(
                contact.compile_handle_pattern(self.catalogue),
                self._read_handle,
            )
        if "@" in text:
            self.read_each(contact.EMAIL, contact.locate_email)
            self.read_each(contact.AT_HANDLE, contact.locate_at_handle)
        if "#" in text:
            self.read_each(contact.DISCORD_TAG, self._read_discord_tag)
        self.read_each(address.HASH, address.locate_file_hash)
        if "." in text:
            self.read_each(_BARE, self._read_bare_name)
        # Last, since digits in a row are a number to it, whatever they are a
        # part of.
        self.read_each(contact.PHONE, self._read_phone)

    def _read_schemes(self) -> None:
        lower = self.text.lower()
        if "ipfs" in lower or "ipns" in lower:
            self.read_each(_IPFS, self._read_ipfs)
        if "btih" in lower or "hash" in lower:
            self.read_each(
                _INFO_HASH,
                lambda match: peer.locate_info_hash(f"btih:{match[1]}"),
            )
        self.read_each(
            _TELEPHONE,
            lambda match: contact.locate_phone(
                match[1], self.region, strict=False
            ),
        )
        # What stands behind it is read later, as any address of e-mail is.
        if "mailto:" in lower:
            self.blank_spans(
                [match.span() for match in _MAIL.finditer(self.text)]
            )
        self.read_each(
            _compile_app_pattern(self.catalogue), self._read_app_link
        )

    def _read_ipfs(self, match: re.Match[str]) -> Location | None:
        text = trim_end(match[0])
        content = ipfs.read_scheme(text)
        return (
            ipfs.locate_address(content, text) if content is not None else None
        )

    def _read_app_link(self, match: re.Match[str]) -> Location | None:
        text = trim_end(match[0])
        scheme, _, rest = text.partition(":")
        location = locate_app_link(text, scheme.lower(), self.catalogue)
        # Where no rule reads it, the link as it stands still tells two places
        # apart.
        if location is None and _APP_LINK.fullmatch(rest):
            platform = self.catalogue.by_scheme[scheme.lower()]
            canonical = f"{scheme.lower()}:{rest}"
            return Location(
                input=text,
                kind="url",
                canonical=canonical,
                key=make_key("url", canonical),
                display=shorten_text(canonical),
                platform=platform.id,
            )
        return location

    def _read_handle(self, match: re.Match[str]) -> Location | None:
        return contact.locate_handle(match, self.catalogue)

    def _read_discord_tag(self, match: re.Match[str]) -> Location:
        return contact.locate_account(
            "discord", f"{match[1]}#{match[2]}", match[0], self.catalogue
        )

    def _read_bare_name(self, match: re.Match[str]) -> Location | None:
        host, rest = match[1], match["rest"] or ""
        top = host.rpartition(".")[2]
        www = host[:4].lower() == "www."
        if not (
            www
            or contact.has_known_suffix(host)
            or (self.alone and rest[:1] == "/")
        ):
            return None
        if not self.alone and not www and not rest:
            # "removed.It was" is a missing space; "photo.zip" a file.
            before = host[: -len(top) - 1]
            if (
                top[0].isupper() and not before.isupper()
            ) or top.lower() in _FILE_LIKE:
                return None
        return self._read_bare_address(match)

    def _read_bare_address(self, match: re.Match[str]) -> Location | None:
        near = max(match.start() - NEAR, 0)
        token = self.text[near : match.end()]
        text = end_address(token, match.start() - near, len(token), "")
        location = self.web(f"http://{text}", text)
        if location is None:
            return None
        return replace(
            location, problems=(*location.problems, "missing_scheme")
        )

    def _read_phone(self, match: re.Match[str]) -> Location | None:
        text = match[0]
        national = not text.startswith(("+", "00"))
        # Without a region no national number can be read; a date has the form
        # of one.
        if national and (self.region is None or _DATE.match(text)):
            return None
        return contact.locate_phone(
            text, self.region, strict=not self.alone and text[0] != "+"
        )


def _note_inline_data(match: re.Match[str]) -> Location:
    """``data:image/png;base64,…`` is content itself: only its type is kept, never the rest."""
    kind = re.match(r"(?i)data:[a-z]+/[\w.+-]{1,60}", match[0])
    return unknown_location(
        kind[0] if kind else "data:", "inline_data_removed"
    )


_patterns: dict[frozenset[str], re.Pattern[str]] = {}


def _compile_app_pattern(catalogue: Catalogue) -> re.Pattern[str]:
    schemes = frozenset(catalogue.by_scheme)
    if schemes not in _patterns:
        names = (
            "|".join(sorted(map(re.escape, schemes), key=len, reverse=True))
            or "(?!)"
        )
        _patterns[schemes] = re.compile(
            rf"(?i)(?<![\w.+-])(?:{names}):(?=[/?\w]){_DELIMITED}+"
        )
    return _patterns[schemes]


def order_locations(placed: list[tuple[int, Location]]) -> Iterator[Location]:
    """In the order of the text, each key once; what has no key only where nothing has one."""
    keys: set[str] = set()
    for _, location in sorted(placed, key=lambda pair: pair[0]):
        if location.key and location.key not in keys:
            keys.add(location.key)
            yield location
