"""One request to one report, inside the fetching process: read, look, hash, forget.

Bodies are dropped as soon as they are hashed. Whatever a host, a decoder or a parser does wrong
becomes a slug; the text of an exception could hold content and is never kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes, urljoin

from hotline.core.network.targets import MAX_URL, parse_target
from hotline.core.network.transfer import Answer
from triage.fetching.pages import html, manifests, page
from triage.fetching.pages.media import Candidate
from triage.fetching.pages.reading import read_page
from triage.fetching.pages.sniff import Kind, kind_of
from triage.fetching.report import (
    FetchReport,
    FetchRequest,
    MediaFound,
    Outcome,
    PageFacts,
    Source,
)
from triage.fetching.web import Exchange, Web

Hasher = Callable[[bytes, str | None], dict[str, Any]]
"""Bytes of a medium and the type that the host declared -> the JSON of its fingerprint."""

KEPT_HEADERS = frozenset(
    {
        *(
            "age",
            "cache-control",
            "cf-cache-status",
            "cf-ray",
            "content-language",
        ),
        *(
            "content-length",
            "content-type",
            "date",
            "etag",
            "expires",
            "last-modified",
        ),
        *(
            "retry-after",
            "server",
            "via",
            "x-cache",
            "x-powered-by",
            "x-served-by",
        ),
        # by which a CDN shows itself
        *("x-amz-cf-id", "x-azure-ref", "x-cdn", "x-iinfo"),
    }
)
"""Facts about the host; none that identifies a visitor (Set-Cookie) or carries free text (a file's
name). ``Location`` stands in the hops, where it is cleaned."""

_HEADER_VALUE = 256
_MANIFEST_DEPTH = 3
_SUCCESS = range(200, 300)


def fetch_location(request: FetchRequest, hasher: Hasher) -> FetchReport:
    """Look at one location. Raises nothing for what the other side does."""
    web = Web(request)
    try:
        return _Look(web, hasher).make_report()
    finally:
        web.close()


class _Look:
    """The steps of one fetch, sharing its budget."""

    def __init__(self, web: Web, hasher: Hasher) -> None:
        self._web, self._hasher = web, hasher
        self._request, self._limits = web.request, web.request.limits
        self._hash_seconds = 0.0

    def make_report(self) -> FetchReport:
        url, referrer, hops = self._request.url, self._request.referrer, []
        while True:
            exchange = self._web.follow_url(
                url, referrer=referrer, cap=self._page_cap
            )
            hops += exchange.hops
            facts, media, ahead = self._read_contents(exchange)
            if ahead is None or len(hops) > self._limits.max_redirects:
                break
            url, referrer = ahead, exchange.url
        answer = exchange.answer
        return FetchReport(
            requested=self._request.url[:MAX_URL],
            final_url=exchange.url[:MAX_URL],
            outcome=_name_outcome(answer),
            status=answer.status,
            error=answer.error or answer.cut,
            hops=tuple(hops),
            headers={
                name: value[:_HEADER_VALUE]
                for name, value in answer.headers.items()
                if name in KEPT_HEADERS
            },
            media_type=_media_type(answer),
            page=facts,
            media=tuple(media),
            bytes_read=self._web.bytes_read,
            seconds=round(self._web.seconds, 3),
            hash_seconds=round(self._hash_seconds, 3),
        )

    def _read_contents(
        self, exchange: Exchange
    ) -> tuple[PageFacts | None, list[MediaFound], str | None]:
        """Facts of the page (also of an error page), of a success its media, and where the page
        itself leads on: one without media that refreshes to another address, as shorteners do."""
        answer, body = exchange.answer, exchange.answer.body
        if answer.error or not body:
            return None, [], None
        label, success = (
            answer.headers.get("content-type"),
            answer.status in _SUCCESS,
        )
        kind = kind_of(body, label)
        if kind == "text":
            return page.facts_of_text(html.decode_page(body, label)), [], None
        if kind != "html":
            direct = success and self._request.want_media
            media = (
                [self._hash_medium(exchange, kind, "direct", exchange.url)]
                if direct
                else []
            )
            return None, media, None
        markup = html.decode_page(body, label)
        body.clear()
        reading = read_page(
            markup, exchange.url, limit=max(1, self._limits.max_media)
        )
        del markup
        if reading.crude:
            answer.cut = answer.cut or "page_too_complex"
        found = reading.found if success else ()
        target = parse_target(reading.refresh or "", exchange.url)
        if (
            target
            and target.fetchable
            and target.shown != exchange.url
            and success
            and not found
        ):
            return reading.facts, [], target.href
        wanted = (
            found[: self._limits.max_media] if self._request.want_media else ()
        )
        return (
            reading.facts,
            [self._fetch_medium(each, exchange.url) for each in wanted],
            None,
        )

    def _page_cap(self, headers: dict[str, str], head: bytes) -> int:
        markup = kind_of(head, headers.get("content-type")) in (
            "html",
            "text",
            "hls",
            "dash",
        )
        return (
            self._limits.max_page_bytes if markup else self._limits.max_bytes
        )

    def _fetch_medium(self, candidate: Candidate, page_url: str) -> MediaFound:
        if candidate.url[:5].lower() == "data:":
            return self._hash_inline(candidate)
        exchange = self._get_medium(candidate.url, page_url)
        kind = kind_of(
            exchange.answer.body, exchange.answer.headers.get("content-type")
        )
        target = parse_target(candidate.url)
        return self._hash_medium(
            exchange, kind, candidate.source, target.shown if target else ""
        )

    def _get_medium(self, url: str, referrer: str) -> Exchange:
        """One medium gets at most half of the time that is left, so that none can use it all."""
        patience = max(self._web.remaining / 2, 1.0)
        return self._web.follow_url(
            url, referrer=referrer, cap=self._page_cap, seconds=patience
        )

    def _hash_medium(
        self, exchange: Exchange, kind: Kind, source: Source, url: str
    ) -> MediaFound:
        """What the exchange of the medium at ``url`` gave. Its body is dropped here."""
        answer = exchange.answer
        label, problem = (
            answer.headers.get("content-type"),
            _find_problem(answer, kind, source),
        )
        if problem:
            answer.body.clear()
            return MediaFound(url, source, answer.status, problem)
        if kind in ("hls", "dash"):
            data, problem = self._read_stream(exchange, kind)
            source, label = "manifest", None
        else:
            data = bytes(answer.body)
        answer.body.clear()
        fingerprint, fault = (
            self._make_fingerprint(data, label) if data else (None, problem)
        )
        return MediaFound(
            url, source, answer.status, fault or answer.cut, fingerprint
        )

    def _hash_inline(self, candidate: Candidate) -> MediaFound:
        """A picture that is written into the page itself."""
        head, _, payload = candidate.url[5:].partition(",")
        try:
            data = unquote_to_bytes(payload)
            if head.lower().endswith(";base64"):
                data = base64.b64decode(
                    b"".join(data.split()) + b"==", validate=False
                )
        except (binascii.Error, ValueError):
            data = b""
        label = head.partition(";")[0].lower()[:64]
        name = f"data:{label};sha256={hashlib.sha256(data).hexdigest()}"
        if not data:
            return MediaFound(name, candidate.source, error="undecodable")
        fingerprint, fault = self._make_fingerprint(data, label)
        return MediaFound(name, candidate.source, None, fault, fingerprint)

    def _read_stream(
        self, exchange: Exchange, kind: Kind
    ) -> tuple[bytes, str | None]:
        """The first seconds of a stream, joined as a player would join them."""
        for _ in range(_MANIFEST_DEPTH):
            text = html.decode_page(exchange.answer.body, None)
            manifest = (
                manifests.read_hls(text)
                if kind == "hls"
                else manifests.read_dash(text)
            )
            if manifest.variant is None:
                break
            exchange = self._get_medium(
                urljoin(exchange.url, manifest.variant), exchange.url
            )
            if exchange.answer.error:
                return b"", exchange.answer.error
        if manifest.problem or manifest.variant:
            return b"", manifest.problem or "bad_manifest"
        base, data = exchange.url, bytearray()
        for step in manifest.bases:
            base = urljoin(base, step)
        for part in manifest.parts:
            answer = self._get_medium(urljoin(base, part), exchange.url).answer
            if answer.error or answer.status not in _SUCCESS:
                return bytes(data), answer.error or "http_error"
            data += answer.body
        return bytes(data), None

    def _make_fingerprint(
        self, data: bytes, label: str | None
    ) -> tuple[dict[str, Any] | None, str | None]:
        started = time.monotonic()
        try:
            return self._hasher(data, label), None
        except MemoryError:
            return None, "out_of_memory"
        except Exception:  # a decoder may fail in any way, and its message may quote its input
            return None, "undecodable"
        finally:
            self._hash_seconds += time.monotonic() - started


def _find_problem(answer: Answer, kind: Kind, source: Source) -> str | None:
    """Why there is nothing to hash."""
    if answer.error:
        return answer.error
    if answer.status not in _SUCCESS:
        return "http_error"
    if not answer.body:
        return "empty"
    if kind in ("html", "text") or (kind == "other" and source != "direct"):
        return "not_media"
    return None


def _name_outcome(answer: Answer) -> Outcome:
    if answer.refused:
        return "refused"
    if answer.error:
        return "failed"
    return "ok" if answer.status in _SUCCESS else "http_error"


def _media_type(answer: Answer) -> str | None:
    label = (
        answer.headers.get("content-type", "")
        .partition(";")[0]
        .strip()
        .lower()
    )
    return label[:100] or None
