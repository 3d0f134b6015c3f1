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
        *(
            "og:image",
            "og:image:url",
            "og:image:secure_url",
            "og:video",
            "og:video:url",
        ),
        *(
            "og:video:secure_url",
            "twitter:image",
            "twitter:image:src",
            "twitter:player:stream",
        ),
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
    found: dict[str, Candidate] = {}
    seen: set[str] = set()
    for node in tree.css(_SELECTOR):
        for text, source in _list_addresses(node):
            if text in seen:
                continue
            seen.add(text)
            url = _make_absolute(text, base)
            if url is None or url in found:
                continue
            streamed = _MANIFEST_NAME.search(url.partition("?")[0][-16:])
            found[url] = Candidate(url, "manifest" if streamed else source)
            if len(found) >= limit:
                return list(found.values())
    return list(found.values())


def find_in_text(markup: str, page_url: str, *, limit: int) -> list[Candidate]:
    """Media that markup names plainly, for pages of which no tree can be built; linear."""
    found: dict[str, Candidate] = {}
    seen: set[str] = set()
    for hit in _PLAIN.finditer(markup):
        name, text = hit[1].lower(), hit[2] or hit[3] or hit[4] or ""
        if name.endswith("srcset"):
            text = largest_candidate(text) or ""
        if text in seen or (
            name in ("href", "content") and not _names_media(text)
        ):
            continue
        seen.add(text)
        url = _make_absolute(unescape(text), page_url)
        if url is not None and url not in found:
            found[url] = Candidate(url, "direct" if name == "href" else "img")
            if len(found) >= limit:
                break
    return list(found.values())


def _find_base(tree: LexborHTMLParser, page_url: str) -> str:
    node = tree.css_first("base[href]")
    target = (
        parse_target(node.attributes.get("href") or "", page_url)
        if node
        else None
    )
    return target.href if target and target.fetchable else page_url


def _make_absolute(text: str, base: str) -> str | None:
    plain = text.strip()
    if plain[:5].lower() == "data:":
        inline = plain[5:16].lower().startswith(("image/", "video/"))
        return plain if inline and len(plain) <= MAX_INLINE else None
    if not plain or len(plain) > MAX_URL:
        return None
    target = parse_target(plain, base)
    return target.href if target and target.fetchable else None


def _list_addresses(node: LexborNode) -> Iterator[tuple[str, Source]]:
    """The addresses that one element names, and as what."""
    given = node.attributes
    source = _name_source(node)
    for name in ("src", "data", "poster", "background", *_LAZY):
        if name in given and (name != "src" or source):
            yield given[name] or "", source or "img"
    for name in ("srcset", "data-srcset"):
        if largest := largest_candidate(given.get(name) or ""):
            yield largest, "picture" if source == "picture" else "srcset"
    if "style" in given:
        yield from ((url, "css") for url in css_urls(given["style"] or ""))
    yield from _list_special_addresses(node, given)


def _name_source(node: LexborNode) -> Source | None:
    parent = node.parent.tag if node.parent is not None else None
    if node.tag == "source":
        return "picture" if parent == "picture" else "source"
    if node.tag == "img":
        return "picture" if parent == "picture" else "img"
    if node.tag in ("object", "embed"):
        url = node.attributes.get("data") or node.attributes.get("src") or ""
        return "direct" if _names_media(url) else None
    return {"video": "video", "input": "img"}.get(node.tag or "")  # type: ignore[return-value]


def _list_special_addresses(
    node: LexborNode, given: dict[str, str | None]
) -> Iterator[tuple[str, Source]]:
    """Elements whose addresses lie elsewhere than in src and srcset."""
    href = given.get("href") or ""
    if node.tag == "style":
        yield from ((url, "css") for url in css_urls(node.text()))
    elif node.tag == "script":
        yield from ((url, "jsonld") for url in json_ld_urls(node.text()))
    elif node.tag == "meta":
        if (given.get("property") or given.get("name") or "").lower() in _OG:
            yield given.get("content") or "", "og"
    elif node.tag == "link":
        rel = (given.get("rel") or "").lower().split()
        if "image_src" in rel or (
            "preload" in rel and given.get("as") in ("image", "video")
        ):
            yield href, "img"
    elif node.tag == "image":
        yield href or given.get("xlink:href") or "", "img"
    elif node.tag == "a" and _names_media(href):
        yield href, "direct"


def _names_media(url: str) -> bool:
    return bool(
        _MEDIA_NAME.search(
            url.partition("#")[0].partition("?")[0].strip()[-16:]
        )
    )


def largest_candidate(srcset: str) -> str | None:
    """The largest picture of a ``srcset``: the smaller ones show the same thing."""
    best: tuple[float, str] | None = None
    for found in _CANDIDATE.finditer(srcset[: MAX_URL * 8]):
        url, descriptor = found[1], (found[2] or "").strip()
        try:
            size = float(descriptor[:-1]) if descriptor else 1.0
        except ValueError:
            size = 0.0
        if best is None or size > best[0]:
            best = (size, url)
    return best[1] if best else None


def css_urls(css: str) -> list[str]:
    """Addresses in ``url(...)`` of style rules."""
    return [
        one or two or three
        for one, two, three in _CSS_URL.findall(css[:_MAX_SCRIPT])
    ]


def json_ld_urls(text: str) -> Iterator[str]:
    """Addresses of media in a JSON-LD block (schema.org); broken blocks name none."""
    try:
        value: Any = json.loads(text[:_MAX_SCRIPT])
    except (ValueError, RecursionError):
        return
    waiting: list[tuple[str, Any, bool]] = [("", value, False)]
    for _ in range(_MAX_VALUES):
        if not waiting:
            return
        key, value, in_media = waiting.pop()
        if isinstance(value, str):
            if key in _LD_KEYS or (in_media and key in ("url", "embedUrl")):
                yield value
        elif isinstance(value, list):
            waiting += [(key, each, in_media) for each in reversed(value)]
        elif isinstance(value, dict):
            inside = key in _LD_KEYS or value.get("@type") in tuple(_LD_MEDIA)
            waiting += [
                (name, each, inside) for name, each in reversed(value.items())
            ]
