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
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urljoin

from hotline.core.network.targets import MAX_URL, parse_target
from hotline.core.network.transfer import Answer
from triage.fetching.pages import html, manifests, page
from triage.fetching.pages.manifests import Manifest
from triage.fetching.pages.media import Candidate
from triage.fetching.pages.reading import Reading, read_page
from triage.fetching.pages.sniff import Kind, kind_of
from triage.fetching.report import (
    FetchReport,
    FetchRequest,
    FingerprintJson,
    Hop,
    MediaFound,
    Outcome,
    PageFacts,
    Source,
)
from triage.fetching.web import Exchange, Web

Hasher = Callable[[bytes, str | None], FingerprintJson]
"""Bytes of a medium and the type that the host declared -> the JSON of its fingerprint."""

KEPT_HEADERS = frozenset(
    {
        "age",
        "cache-control",
        "cf-cache-status",
        "cf-ray",
        "content-language",
        "content-length",
        "content-type",
        "date",
        "etag",
        "expires",
        "last-modified",
        "retry-after",
        "server",
        "via",
        "x-cache",
        "x-powered-by",
        "x-served-by",
        # by which a CDN shows itself
        "x-amz-cf-id",
        "x-azure-ref",
        "x-cdn",
        "x-iinfo",
    }
)
"""Facts about the host; none that identifies a visitor (Set-Cookie) or carries free text (a file's
name). ``Location`` stands in the hops, where it is cleaned."""

_HEADER_VALUE = 256
_INLINE_LABEL = 64
_MANIFEST_DEPTH = 3
_SUCCESS = range(200, 300)
_READ_AS_TEXT = ("html", "text", "hls", "dash")


def fetch_location(request: FetchRequest, hasher: Hasher) -> FetchReport:
    """Look at one location. Raises nothing for what the other side does."""
    web = Web(request)
    try:
        return _Look(web, hasher).make_report()
    finally:
        web.close()


@dataclass(frozen=True, slots=True)
class _Contents:
    """What one body holds. ``ahead``: where the page itself leads on, as shorteners' pages do."""

    facts: PageFacts | None = None
    media: tuple[MediaFound, ...] = ()
    ahead: str | None = None


@dataclass(frozen=True, slots=True)
class _Hashed:
    """The JSON of a medium's fingerprint, or the slug of why there is none."""

    fingerprint: FingerprintJson | None = None
    fault: str | None = None


class _Look:
    """The steps of one fetch, sharing its budget."""

    def __init__(self, web: Web, hasher: Hasher) -> None:
        self._web = web
        self._hasher = hasher
        self._request = web.request
        self._limits = web.request.limits
        self._hash_seconds = 0.0

    def make_report(self) -> FetchReport:
        url = self._request.url
        referrer = self._request.referrer
        hops: list[Hop] = []
        while True:
            exchange = self._web.follow_url(
                url, referrer=referrer, cap=self._page_cap
            )
            hops += exchange.hops
            contents = self._read_contents(exchange)
            if contents.ahead is None:
                break
            # Pages that lead on count as redirects do: two that point at each other would never
            # end.
            if len(hops) > self._limits.max_redirects:
                break
            url = contents.ahead
            referrer = exchange.url
        answer = exchange.answer
        return FetchReport(
            requested=self._request.url[:MAX_URL],
            final_url=exchange.url[:MAX_URL],
            outcome=_name_outcome(answer),
            status=answer.status,
            error=answer.error or answer.cut,
            hops=tuple(hops),
            headers=_keep_headers(answer),
            media_type=_media_type(answer),
            page=contents.facts,
            media=contents.media,
            bytes_read=self._web.bytes_read,
            seconds=round(self._web.seconds, 3),
            hash_seconds=round(self._hash_seconds, 3),
        )

    def _read_contents(self, exchange: Exchange) -> _Contents:
        """Facts of the page (also of an error page), and of a success its media."""
        answer = exchange.answer
        if answer.error or not answer.body:
            return _Contents()
        label = answer.headers.get("content-type")
        kind = kind_of(answer.body, label)
        if kind == "html":
            return self._read_page(exchange, label)
        # Nothing in a text file is shown as a picture; its words are facts all the same.
        if kind == "text":
            text = html.decode_page(answer.body, label)
            return _Contents(page.facts_of_text(text))
        if answer.status in _SUCCESS and self._request.want_media:
            medium = self._hash_medium(exchange, kind, "direct", exchange.url)
            return _Contents(media=(medium,))
        return _Contents()

    def _read_page(self, exchange: Exchange, label: str | None) -> _Contents:
        reading = self._read_markup(exchange, label)
        if exchange.answer.status not in _SUCCESS:
            return _Contents(reading.facts)
        if not reading.candidates:
            ahead = _find_ahead(reading, exchange.url)
            return _Contents(reading.facts, ahead=ahead)
        if not self._request.want_media:
            return _Contents(reading.facts)
        # In document order: what a visitor sees first is hashed first.
        wanted = reading.candidates[: self._limits.max_media]
        media = [
            self._fetch_medium(candidate, exchange.url) for candidate in wanted
        ]
        return _Contents(reading.facts, tuple(media))

    def _read_markup(self, exchange: Exchange, label: str | None) -> Reading:
        """The body and its text are dropped here, before any medium takes their memory."""
        answer = exchange.answer
        markup = html.decode_page(answer.body, label)
        answer.body.clear()
        # At least one is looked for where none is wanted: only a page without media leads on.
        limit = max(1, self._limits.max_media)
        reading = read_page(markup, exchange.url, limit=limit)
        if reading.crude:
            answer.cut = answer.cut or "page_too_complex"
        return reading

    def _page_cap(self, headers: dict[str, str], head: bytes) -> int:
        kind = kind_of(head, headers.get("content-type"))
        if kind in _READ_AS_TEXT:
            return self._limits.max_page_bytes
        return self._limits.max_bytes

    def _fetch_medium(self, candidate: Candidate, page_url: str) -> MediaFound:
        if candidate.url[:5].lower() == "data:":
            return self._hash_inline(candidate)
        exchange = self._get_medium(candidate.url, page_url)
        answer = exchange.answer
        label = answer.headers.get("content-type")
        kind = kind_of(answer.body, label)
        target = parse_target(candidate.url)
        shown = target.shown if target else ""
        return self._hash_medium(exchange, kind, candidate.source, shown)

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
        label = answer.headers.get("content-type")
        problem = _find_problem(answer, kind, source)
        if problem:
            answer.body.clear()
            return MediaFound(url, source, answer.status, problem)
        if kind in ("hls", "dash"):
            data, problem = self._read_stream(exchange, kind)
            source = "manifest"
            label = None
        else:
            data = bytes(answer.body)
        # A decoder needs much memory: the body must not lie beside it a second time.
        answer.body.clear()
        hashed = _Hashed(fault=problem)
        if data:
            hashed = self._make_fingerprint(data, label)
        error = hashed.fault or answer.cut
        return MediaFound(
            url, source, answer.status, error, hashed.fingerprint
        )

    def _hash_inline(self, candidate: Candidate) -> MediaFound:
        """A picture that is written into the page itself."""
        head, _, payload = candidate.url[5:].partition(",")
        media_type, _, _ = head.partition(";")
        label = media_type.lower()[:_INLINE_LABEL]
        data = _decode_inline(head, payload)
        # The address itself would be the picture; its hash names it without holding it.
        digest = hashlib.sha256(data).hexdigest()
        name = f"data:{label};sha256={digest}"
        if not data:
            return MediaFound(name, candidate.source, error="undecodable")
        hashed = self._make_fingerprint(data, label)
        return MediaFound(
            name, candidate.source, None, hashed.fault, hashed.fingerprint
        )

    def _read_stream(
        self, exchange: Exchange, kind: Kind
    ) -> tuple[bytes, str | None]:
        """The first seconds of a stream, joined as a player would join them."""
        for _ in range(_MANIFEST_DEPTH):
            manifest = _read_manifest(exchange.answer.body, kind)
            if manifest.variant is None:
                break
            variant = urljoin(exchange.url, manifest.variant)
            exchange = self._get_medium(variant, exchange.url)
            if exchange.answer.error:
                return b"", exchange.answer.error
        if manifest.problem or manifest.variant:
            return b"", manifest.problem or "bad_manifest"
        return self._join_parts(manifest, exchange.url)

    def _join_parts(
        self, manifest: Manifest, url: str
    ) -> tuple[bytes, str | None]:
        base = url
        for step in manifest.bases:
            base = urljoin(base, step)
        data = bytearray()
        for part in manifest.parts:
            part_url = urljoin(base, part)
            answer = self._get_medium(part_url, url).answer
            if answer.error or answer.status not in _SUCCESS:
                # What came of the stream is hashed all the same: its first seconds may be enough.
                return bytes(data), answer.error or "http_error"
            data += answer.body
        return bytes(data), None

    def _make_fingerprint(self, data: bytes, label: str | None) -> _Hashed:
        started = time.monotonic()
        try:
            return _Hashed(self._hasher(data, label))
        except MemoryError:
            return _Hashed(fault="out_of_memory")
        except Exception:  # a decoder may fail in any way, and its message may quote its input
            return _Hashed(fault="undecodable")
        finally:
            self._hash_seconds += time.monotonic() - started


def _find_ahead(reading: Reading, url: str) -> str | None:
    """Where a page without media sends a browser: another address that can be fetched."""
    target = parse_target(reading.refresh or "", url)
    if target is None or not target.fetchable:
        return None
    leads_to_itself = target.shown == url
    return None if leads_to_itself else target.href


def _read_manifest(body: bytearray, kind: Kind) -> Manifest:
    text = html.decode_page(body, None)
    if kind == "hls":
        return manifests.read_hls(text)
    return manifests.read_dash(text)


def _decode_inline(head: str, payload: str) -> bytes:
    """The bytes of a ``data:`` URL; none where they cannot be decoded."""
    try:
        data = unquote_to_bytes(payload)
        if not head.lower().endswith(";base64"):
            return data
        # Browsers take it with spaces in it and without its padding; too much padding does no harm.
        written = b"".join(data.split())
        return base64.b64decode(written + b"==", validate=False)
    except (binascii.Error, ValueError):
        return b""


def _keep_headers(answer: Answer) -> dict[str, str]:
    kept = {}
    for name, value in answer.headers.items():
        if name in KEPT_HEADERS:
            kept[name] = value[:_HEADER_VALUE]
    return kept


def _find_problem(answer: Answer, kind: Kind, source: Source) -> str | None:
    """Why there is nothing to hash."""
    if answer.error:
        return answer.error
    if answer.status not in _SUCCESS:
        return "http_error"
    if not answer.body:
        return "empty"
    if kind in ("html", "text"):
        return "not_media"
    if kind == "other" and source != "direct":
        return "not_media"
    return None


def _name_outcome(answer: Answer) -> Outcome:
    if answer.refused:
        return "refused"
    if answer.error:
        return "failed"
    return "ok" if answer.status in _SUCCESS else "http_error"


def _media_type(answer: Answer) -> str | None:
    label = answer.headers.get("content-type", "")
    media_type = label.partition(";")[0].strip()
    return media_type.lower()[:100] or None
