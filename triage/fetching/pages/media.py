"""Where a page keeps its pictures and videos: every place a browser would show one from.

Archives are not opened and scripts are not run. What a page only builds in a browser's script is
not found here; Open Graph, JSON-LD and ``noscript`` usually name it all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from hotline.core.network.targets import MAX_URL, parse_target
from triage.fetching.report import Source

MAX_INLINE = 20_000_000
"""Characters of a ``data:`` URL; larger ones are not decoded."""

_MAX_SCRIPT = 1_000_000
_MAX_VALUES = 10_000
_MAX_SRCSET = MAX_URL * 8
_LONGEST_ENDING = 16
"""Characters at the end of a path that are looked at for a file's kind."""
_SELECTOR = (
    "img, source, video, image, style, object[data], embed[src], input[src], meta[content], "
    'a[href], link[rel][href], script[type="application/ld+json" i], [style], [background], '
    "[data-src], [data-original], [data-lazy-src], [data-srcset], [data-bg]"
)
_MEDIA_NAME = re.compile(
    r"\.(?:jpe?g|jfif|png|apng|gif|webp|avif|hei[cf]|bmp|tiff?|jxl|mp4|m4v|mov|webm|mkv|avi|wmv|flv"
    r"|mpe?g|3gp|ogv|ts|m3u8|mpd)$",
    re.IGNORECASE,
)
_MANIFEST_NAME = re.compile(r"\.(?:m3u8|mpd)$", re.IGNORECASE)
_CSS_URL = re.compile(
    r"""url\(\s*+(?:"([^"\n]*)"|'([^'\n]*)'|([^()"'\s]*))\s*\)""",
    re.IGNORECASE,
)
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
_LD_KEYS = frozenset({"contentUrl", "thumbnailUrl", "image", "thumbnail"})
_LD_MEDIA = frozenset({"ImageObject", "VideoObject", "Photograph", "Clip"})
_PLAIN = re.compile(
    r"""\b(src|srcset|poster|href|content|data-[\w-]{1,20})\s*+=\s*+"""
    r"""(?:"([^"<>]*+)"|'([^'<>]*+)'|([^\s"'<>]++))""",
    re.IGNORECASE,
)
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-bg")
_CANDIDATE = re.compile(r"[\s,]*+(\S*[^\s,])(?:,|\s++([^,]*)|$)")


@dataclass(frozen=True, slots=True)
class Candidate:
    """``url`` is absolute; of an inline picture it is the whole ``data:`` URL and stays here."""

    url: str
    source: Source


def find_media(
    tree: LexborHTMLParser, page_url: str, *, limit: int
) -> list[Candidate]:
    """Media of a page in document order, each once, at most ``limit``."""
    base = _find_base(tree, page_url)
    candidates: dict[str, Candidate] = {}
    read: set[str] = set()  # as written: a gallery repeats the same text
    for node in tree.css(_SELECTOR):
        for text, named_as in _list_addresses(node):
            if text in read:
                continue
            read.add(text)
            url = _make_absolute(text, base)
            if url is None or url in candidates:
                continue
            source = "manifest" if _is_manifest(url) else named_as
            candidates[url] = Candidate(url, source)
            if len(candidates) >= limit:
                return list(candidates.values())
    return list(candidates.values())


def find_in_text(markup: str, page_url: str, *, limit: int) -> list[Candidate]:
    """Media that markup names plainly, for pages of which no tree can be built; linear."""
    candidates: dict[str, Candidate] = {}
    read: set[str] = set()
    for hit in _PLAIN.finditer(markup):
        name = hit[1].lower()
        _, in_double, in_single, plain = hit.groups("")
        text = in_double or in_single or plain
        if name.endswith("srcset"):
            text = largest_candidate(text) or ""
        if text in read:
            continue
        # Without a tree nobody knows whose attribute it is: only a file's name tells.
        if name in ("href", "content") and not _names_media(text):
            continue
        read.add(text)
        url = _make_absolute(unescape(text), page_url)
        if url is None or url in candidates:
            continue
        source: Source = "direct" if name == "href" else "img"
        candidates[url] = Candidate(url, source)
        if len(candidates) >= limit:
            break
    return list(candidates.values())


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


def _make_absolute(text: str, base: str) -> str | None:
    plain = text.strip()
    if plain[:5].lower() == "data:":
        media_type = plain[5:16].lower()
        is_medium = media_type.startswith(("image/", "video/"))
        return plain if is_medium and len(plain) <= MAX_INLINE else None
    if not plain or len(plain) > MAX_URL:
        return None
    target = parse_target(plain, base)
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
    for name in ("srcset", "data-srcset"):
        largest = largest_candidate(given.get(name) or "")
        if largest:
            yield largest, "picture" if source == "picture" else "srcset"
    if "style" in given:
        for url in css_urls(given["style"] or ""):
            yield url, "css"
    yield from _list_special_addresses(node, given)


def _name_source(node: LexborNode) -> Source | None:
    parent = node.parent.tag if node.parent is not None else None
    in_picture = parent == "picture"
    if node.tag == "source":
        return "picture" if in_picture else "source"
    if node.tag == "img":
        return "picture" if in_picture else "img"
    if node.tag in ("object", "embed"):
        given = node.attributes
        url = given.get("data") or given.get("src") or ""
        return "direct" if _names_media(url) else None
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
    elif node.tag == "image":
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


def largest_candidate(srcset: str) -> str | None:
    """The largest picture of a ``srcset``: the smaller ones show the same thing."""
    largest: str | None = None
    largest_size = 0.0
    for match in _CANDIDATE.finditer(srcset[:_MAX_SRCSET]):
        size = _read_size(match[2] or "")
        if largest is None or size > largest_size:
            largest = match[1]
            largest_size = size
    return largest


def _read_size(descriptor: str) -> float:
    """Of "640w" or "2x"; one without a descriptor is the picture at its own size."""
    plain = descriptor.strip()
    if not plain:
        return 1.0
    try:
        return float(plain[:-1])
    except ValueError:
        return 0.0


def css_urls(css: str) -> list[str]:
    """Addresses in ``url(...)`` of style rules."""
    urls = []
    for match in _CSS_URL.finditer(css[:_MAX_SCRIPT]):
        in_double, in_single, plain = match.groups("")
        urls.append(in_double or in_single or plain)
    return urls


def json_ld_urls(text: str) -> Iterator[str]:
    """Addresses of media in a JSON-LD block (schema.org); broken blocks name none."""
    try:
        value: Any = json.loads(text[:_MAX_SCRIPT])
    except (ValueError, RecursionError):
        return
    waiting = [_Value("", value, in_media=False)]
    for _ in range(_MAX_VALUES):
        if not waiting:
            return
        entry = waiting.pop()
        if isinstance(entry.value, str):
            if entry.is_address():
                yield entry.value
        else:
            # From the last to the first, since the last in line is taken next.
            waiting += reversed(entry.list_inner())


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of a JSON-LD block. ``in_media``: it describes a picture or a video."""

    key: str
    value: Any
    in_media: bool

    def is_address(self) -> bool:
        if self.key in _LD_KEYS:
            return True
        return self.in_media and self.key in ("url", "embedUrl")

    def list_inner(self) -> list[_Value]:
        if isinstance(self.value, list):
            return [
                _Value(self.key, each, self.in_media) for each in self.value
            ]
        if not isinstance(self.value, dict):
            return []
        kind = self.value.get("@type")
        inside = self.key in _LD_KEYS or kind in tuple(_LD_MEDIA)
        return [
            _Value(name, each, inside) for name, each in self.value.items()
        ]
