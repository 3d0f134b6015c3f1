"""Where a page keeps its pictures and videos: every place a browser would show one from.

Archives are not opened and scripts are not run. What a page only builds in a browser's script is
not found here; Open Graph, JSON-LD and ``noscript`` usually name it all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from hotline.core.network.targets import MAX_URL, parse_target
from triage.fetching.pages.charset import (
    WITHOUT_LABEL,
    Decoded,
    encode_query,
    read_as_western,
)
from triage.fetching.pages.jsonld import json_ld_urls
from triage.fetching.pages.srcset import pick_candidates
from triage.fetching.report import Source

MAX_INLINE = 20_000_000
"""Characters of a ``data:`` URL; larger ones are not decoded."""

_MOST_LEFT_OUT = 1_000
"""Addresses beyond the limit that are counted; of more there is no need to know how many."""
_LONGEST_ENDING = 16
"""Characters at the end of a path that are looked at for a file's kind."""
_SELECTOR = (
    "base[href], img, source, video, image, feImage, style, object[data], embed[src], "
    "iframe[src], frame[src], input[src], meta[content], "
    'a[href], link[rel][href], script[type="application/ld+json" i], [style], [background], '
    "[data-src], [data-original], [data-lazy-src], [data-srcset], [data-bg], [imagesrcset]"
)
_MEDIA_NAME = re.compile(
    r"\.(?:jpe?g|jfif|png|apng|gif|webp|avif|hei[cf]|bmp|tiff?|jxl|mp4|m4v|mov|webm|mkv|avi|wmv|flv"
    r"|mpe?g|3gp|ogv|ts|m3u8|mpd)$",
    re.IGNORECASE,
)
_MANIFEST_NAME = re.compile(r"\.(?:m3u8|mpd)$", re.IGNORECASE)
_CSS_URL = re.compile(
    r"""url\(\s*+(?:"((?:\\.|[^"\\\n])*+)"|'((?:\\.|[^'\\\n])*+)'"""
    r"""|((?:\\[0-9a-fA-F]{1,6}\s?|\\.|[^()"'\s\\])*+))\s*+\)""",
    re.IGNORECASE | re.DOTALL,
)
_CSS_SET = re.compile(r"image-set\(([^()]*+)", re.IGNORECASE)
_CSS_STRING = re.compile(r""""([^"\n]*+)"|'([^'\n]*+)'""")
_CSS_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_LONG_NUMBER = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{7,}+);?")
"""A character's number that no character has; Python would refuse to read the longest of them."""
_OG = frozenset(
    {
        "og:image",
        "og:image:url",
        "og:image:secure_url",
        "og:video",
        "og:video:url",
        "og:video:secure_url",
        "twitter:image",
        "twitter:image:src",
        "twitter:player:stream",
        "thumbnail",
    }
)
_PLAIN = re.compile(
    r"""\b(src|srcset|poster|href|content|data-[\w-]{1,20})\s*+=\s*+"""
    r"""(?:"([^"<>]*+)"|'([^'<>]*+)'|([^\s"'<>]++))""",
    re.IGNORECASE,
)
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-bg")


@dataclass(frozen=True, slots=True)
class Candidate:
    """``url`` is absolute; of an inline picture it is the whole ``data:`` URL and stays here."""

    url: str
    source: Source


@dataclass(frozen=True, slots=True)
class Findings:
    """The media of a page, and how many more it names than were asked for."""

    candidates: tuple[Candidate, ...]
    left_out: int = 0


class _Collection:
    """Media, each once: first what visitors see first, then further sizes and what is framed."""

    def __init__(self, page_url: str, base: str, page: Decoded) -> None:
        self._base = page_url
        self._later_base = base
        self._page = page
        # As written: a gallery repeats the same text.
        self._read: set[str] = set()
        self._first: dict[str, Candidate] = {}
        self._later: dict[str, Candidate] = {}

    def pass_base(self) -> None:
        """From here on, addresses are relative to the page's base; what stood before it, browsers
        have asked for by then."""
        self._base = self._later_base
        # The same text is another address from here on.
        self._read.clear()

    def add(self, text: str, named_as: Source, *, later: bool = False) -> None:
        if text in self._read:
            return
        self._read.add(text)
        encoding = self._page.encoding
        self._add_address(text, self._base, encoding, named_as, later)
        if self._base != self._later_base:
            self._add_address(
                text, self._later_base, encoding, named_as, later=True
            )
        if self._page.is_guess and not text.isascii():
            # A visitor's browser takes each byte for a letter, and so may ask
            # for another address than we read.
            western = read_as_western(text)
            self._add_address(
                western, self._base, WITHOUT_LABEL, named_as, later
            )

    def _add_address(
        self,
        text: str,
        base: str,
        encoding: str,
        named_as: Source,
        later: bool,
    ) -> None:
        url = _make_absolute(text, base, encoding)
        if url is None or url in self._first:
            return
        source = "manifest" if _is_manifest(url) else named_as
        wanted = self._later if later else self._first
        wanted.setdefault(url, Candidate(url, source))

    def is_full(self, limit: int) -> bool:
        return len(self._first) + len(self._later) >= limit + _MOST_LEFT_OUT

    def list_findings(self, limit: int) -> Findings:
        every = tuple({**self._first, **self._later}.values())
        return Findings(every[:limit], len(every[limit:]))


_ANY_PAGE = Decoded("")


def find_media(
    tree: LexborHTMLParser,
    page_url: str,
    *,
    limit: int,
    page: Decoded = _ANY_PAGE,
) -> Findings:
    """Media of a page in document order, each once, at most ``limit``. ``page``: how its letters
    were read."""
    base = _find_base(tree, page_url)
    collection = _Collection(page_url, base, page)
    for node in tree.css(_SELECTOR):
        if node.tag == "base":
            collection.pass_base()
            continue
        for text, named_as in _list_addresses(node):
            collection.add(text, named_as)
        for text, named_as in _list_later(node):
            collection.add(text, named_as, later=True)
        if collection.is_full(limit):
            break
    return collection.list_findings(limit)


def find_in_text(
    markup: str,
    page_url: str,
    *,
    limit: int,
    page: Decoded = _ANY_PAGE,
) -> Findings:
    """Media that markup names plainly, for pages of which no tree can be built; linear."""
    collection = _Collection(page_url, page_url, page)
    for hit in _PLAIN.finditer(markup):
        name = hit[1].lower()
        _, in_double, in_single, plain = hit.groups("")
        text = _read_references(in_double or in_single or plain)
        # Without a tree nobody knows whose attribute it is: only a file's name tells.
        if name in ("href", "content") and not _names_media(text):
            continue
        source: Source = "direct" if name == "href" else "img"
        if name.endswith("srcset"):
            for place, picked in enumerate(pick_candidates(text)):
                collection.add(picked, source, later=place > 0)
        else:
            collection.add(text, source)
        if collection.is_full(limit):
            break
    return collection.list_findings(limit)


def _read_references(text: str) -> str:
    """``&amp;`` and its like as characters."""
    return unescape(_LONG_NUMBER.sub("\ufffd", text))


def _find_base(tree: LexborHTMLParser, page_url: str) -> str:
    node = tree.css_first("base[href]")
    if not node:
        return page_url
    written = node.attributes.get("href") or ""
    target = parse_target(written, page_url)
    if target and target.fetchable:
        return target.href
    return page_url


def _is_manifest(url: str) -> bool:
    path, _, _ = url.partition("?")
    return bool(_MANIFEST_NAME.search(path[-_LONGEST_ENDING:]))


def _make_absolute(text: str, base: str, encoding: str) -> str | None:
    plain = text.strip()
    if plain[:5].lower() == "data:":
        media_type = plain[5:16].lower()
        is_medium = media_type.startswith(("image/", "video/"))
        return plain if is_medium and len(plain) <= MAX_INLINE else None
    if not plain or len(plain) > MAX_URL:
        return None
    target = parse_target(encode_query(plain, encoding), base)
    if target and target.fetchable:
        return target.href
    return None


def _list_addresses(node: LexborNode) -> Iterator[tuple[str, Source]]:
    """The addresses that one element names, and as what."""
    given = node.attributes
    source = _name_source(node)
    for name in ("src", "data", "poster", "background", *_LAZY):
        if name not in given:
            continue
        # Scripts and frames have a src too, and are no media.
        if name != "src" or source:
            yield given[name] or "", source or "img"
    for picked in _pick_from_sets(given)[:1]:
        yield picked, "picture" if source == "picture" else "srcset"
    if "style" in given:
        for url in css_urls(given["style"] or ""):
            yield url, "css"
    yield from _list_special_addresses(node, given)


def _list_later(node: LexborNode) -> Iterator[tuple[str, Source]]:
    """What is looked at when the rest is: the size that a small screen takes, and frames."""
    for picked in _pick_from_sets(node.attributes)[1:]:
        yield picked, "srcset"
    if node.tag in ("iframe", "frame"):
        yield node.attributes.get("src") or "", "frame"


def _pick_from_sets(given: dict[str, str | None]) -> list[str]:
    """The largest picture first, then the one that a common screen is shown instead."""
    sizes = given.get("sizes") or given.get("imagesizes") or ""
    picked: list[str] = []
    for name in ("srcset", "data-srcset", "imagesrcset"):
        if given.get(name):
            picked += pick_candidates(given[name] or "", sizes)
    return picked


def _name_source(node: LexborNode) -> Source | None:
    parent = node.parent.tag if node.parent is not None else None
    in_picture = parent == "picture"
    if node.tag == "source":
        return "picture" if in_picture else "source"
    if node.tag == "img":
        return "picture" if in_picture else "img"
    # Whatever their address ends in, a browser shows the picture that comes.
    if node.tag in ("object", "embed"):
        return "direct"
    if node.tag == "video":
        return "video"
    return "img" if node.tag == "input" else None


def _list_special_addresses(
    node: LexborNode, given: dict[str, str | None]
) -> Iterator[tuple[str, Source]]:
    """Elements whose addresses lie elsewhere than in src and srcset."""
    href = given.get("href") or ""
    if node.tag == "style":
        for url in css_urls(node.text()):
            yield url, "css"
    elif node.tag == "script":
        for url in json_ld_urls(node.text()):
            yield url, "jsonld"
    elif node.tag == "meta":
        name = given.get("property") or given.get("name") or ""
        if name.lower() in _OG:
            yield given.get("content") or "", "og"
    elif node.tag == "link":
        if _links_to_picture(given):
            yield href, "img"
    elif node.tag in ("image", "feimage"):
        yield href or given.get("xlink:href") or "", "img"
    elif node.tag == "a" and _names_media(href):
        yield href, "direct"


def _links_to_picture(given: dict[str, str | None]) -> bool:
    rel = given.get("rel") or ""
    relations = rel.lower().split()
    if "image_src" in relations:
        return True
    if "preload" not in relations:
        return False
    return given.get("as") in ("image", "video")


def _names_media(url: str) -> bool:
    without_fragment, _, _ = url.partition("#")
    path, _, _ = without_fragment.partition("?")
    ending = path.strip()[-_LONGEST_ENDING:]
    return bool(_MEDIA_NAME.search(ending))


def css_urls(css: str) -> list[str]:
    """Addresses in ``url(...)`` and ``image-set(...)`` of style rules."""
    urls = []
    for match in _CSS_URL.finditer(css):
        in_double, in_single, plain = match.groups("")
        urls.append(_read_escapes(in_double or in_single or plain))
    for pictures in _CSS_SET.finditer(css):
        for string in _CSS_STRING.finditer(pictures[1]):
            urls.append(_read_escapes(string[1] or string[2] or ""))
    return urls


def _read_escapes(text: str) -> str:
    """A backslash before a sign, or before a sign's number."""

    def read_one(escape: re.Match[str]) -> str:
        if escape[1] is None:
            return "" if escape[2] == "\n" else escape[2]
        number = int(escape[1], 16)
        # The standard's exceptions; half of a surrogate pair could not be
        # sent.
        is_sign = 0 < number < 0x11_0000 and not 0xD800 <= number < 0xE000
        return chr(number) if is_sign else "\ufffd"

    return _CSS_ESCAPE.sub(read_one, text) if "\\" in text else text
