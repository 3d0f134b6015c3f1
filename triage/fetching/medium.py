"""One medium of a fetch: asked for, hashed, forgotten. A stream counts as one."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote_to_bytes

from hotline.core.network.targets import parse_target
from hotline.core.network.transfer import Answer
from triage.fetching.clock import Budget
from triage.fetching.pages import manifests
from triage.fetching.pages.charset import decode_page
from triage.fetching.pages.manifests import Manifest
from triage.fetching.pages.media import Candidate
from triage.fetching.pages.sniff import Kind, kind_of
from triage.fetching.report import (
    FetchLimits,
    FingerprintJson,
    MediaFound,
    MediumError,
    Source,
)
from triage.fetching.web import Exchange, Web

SUCCESS = range(200, 300)
_INLINE_LABEL = 64
_MANIFEST_DEPTH = 3
_READ_AS_TEXT = ("html", "text", "hls", "dash")


class Hasher(Protocol):
    """Bytes of a medium, the type that the host declared, and the processor's seconds that it may
    take -> the JSON of its fingerprint."""

    def __call__(
        self, data: bytes, label: str | None, seconds: float
    ) -> FingerprintJson: ...


Begun = Callable[[], None]
"""Called when a medium is here and its decoding begins."""


@dataclass(frozen=True, slots=True)
class _Hashed:
    """The JSON of a medium's fingerprint, or the slug of why there is none."""

    fingerprint: FingerprintJson | None = None
    fault: str | None = None


class MediumLook:
    """Looks at media, one after the other, within what is left of a fetch."""

    def __init__(self, web: Web, hasher: Hasher, budget: Budget) -> None:
        self._web = web
        self._hasher = hasher
        self._budget = budget

    def cap_by_kind(self, headers: dict[str, str], head: bytes) -> int:
        """How many bytes of a body are read."""
        limits: FetchLimits = self._web.request.limits
        kind = kind_of(head, headers.get("content-type"))
        if kind in _READ_AS_TEXT:
            return limits.max_page_bytes
        return limits.max_bytes

    def fetch_medium(
        self,
        candidate: Candidate,
        page_url: str,
        *,
        patience: float,
        begun: Begun,
    ) -> MediaFound:
        """``patience``: seconds that its host has."""
        if is_inline(candidate):
            return self._hash_inline(candidate, begun)
        exchange = self._web.follow_url(
            candidate.url,
            referrer=page_url,
            cap=self.cap_by_kind,
            seconds=patience,
        )
        answer = exchange.answer
        label = answer.headers.get("content-type")
        kind = kind_of(answer.body, label)
        name = name_candidate(candidate)
        return self.hash_medium(exchange, kind, candidate.source, name, begun)

    def hash_medium(
        self,
        exchange: Exchange,
        kind: Kind,
        source: Source,
        url: str,
        begun: Begun,
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
            # The host's label is the manifest's, not that of the parts that
            # were joined.
            label = None
        else:
            data = bytes(answer.body)
        # A decoder needs much memory: the body must not lie beside it a second time.
        answer.body.clear()
        hashed = _Hashed(fault=problem)
        if data:
            hashed = self._make_fingerprint(data, label, begun)
            # Of a stream that broke off, what came is hashed; that it broke off is said.
            hashed = _Hashed(hashed.fingerprint, hashed.fault or problem)
        error = hashed.fault or answer.cut
        return MediaFound(
            url, source, answer.status, error, hashed.fingerprint
        )

    def _hash_inline(self, candidate: Candidate, begun: Begun) -> MediaFound:
        """A picture that is written into the page itself."""
        data = _decode_inline(candidate)
        name = _name_inline(candidate, data)
        if not data:
            return MediaFound(name, candidate.source, error="undecodable")
        label = _label_inline(candidate)
        hashed = self._make_fingerprint(data, label, begun)
        return MediaFound(
            name, candidate.source, None, hashed.fault, hashed.fingerprint
        )

    def _read_stream(
        self, exchange: Exchange, kind: Kind
    ) -> tuple[bytes, str | None]:
        """The first seconds of a stream, joined as a player would join them."""
        # Bounded, since playlists may name each other in a circle.
        for _ in range(_MANIFEST_DEPTH):
            manifest = _read_manifest(exchange.answer.body, kind)
            if manifest.variant is None:
                break
            exchange = self._get_part(manifest.variant, exchange.url)
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
            target = parse_target(step, base)
            if target is None:
                return b"", "bad_manifest"
            base = target.href
        data = bytearray()
        for part in manifest.parts:
            answer = self._get_part(part, base, referrer=url).answer
            if answer.error or answer.status not in SUCCESS:
                # What came of the stream is hashed all the same: its first seconds may be enough.
                return bytes(data), answer.error or "http_error"
            data += answer.body
        return bytes(data), None

    def _get_part(
        self, written: str, base: str, *, referrer: str | None = None
    ) -> Exchange:
        """A part of a stream, whose address is read as all others are."""
        target = parse_target(written, base)
        if target is None:
            return Exchange(base, Answer(error="bad_url", refused=True))
        # Half of what is left at most, so that no part can use it all.
        patience = max(self._web.remaining / 2, 1.0)
        return self._web.follow_url(
            target.href,
            referrer=referrer or base,
            cap=self.cap_by_kind,
            seconds=patience,
        )

    def _make_fingerprint(
        self, data: bytes, label: str | None, begun: Begun
    ) -> _Hashed:
        seconds = self._budget.decode_seconds
        if seconds <= 0:
            return _Hashed(fault=MediumError.OUT_OF_TIME)
        # Said before the work: if the process dies over it, the client knows
        # which medium it was, and goes on with the others.
        begun()
        with self._budget.decoding():
            try:
                return _Hashed(self._hasher(data, label, seconds))
            except MemoryError:
                return _Hashed(fault=MediumError.OUT_OF_MEMORY)
            except Exception:  # a decoder may fail in any way, and its message may quote its input
                return _Hashed(fault=MediumError.UNDECODABLE)


def is_inline(candidate: Candidate) -> bool:
    return candidate.url[:5].lower() == "data:"


def name_candidate(candidate: Candidate) -> str:
    """What a medium is called in reports: its address without what is secret in it; of an inline
    picture its type and hash, since the address itself would be the picture."""
    if is_inline(candidate):
        return _name_inline(candidate, _decode_inline(candidate))
    target = parse_target(candidate.url)
    return target.shown if target else ""


def _name_inline(candidate: Candidate, data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    return f"data:{_label_inline(candidate)};sha256={digest}"


def _label_inline(candidate: Candidate) -> str:
    head, _, _ = candidate.url[5:].partition(",")
    media_type, _, _ = head.partition(";")
    return media_type.lower()[:_INLINE_LABEL]


def _decode_inline(candidate: Candidate) -> bytes:
    """The bytes of a ``data:`` URL; none where they cannot be decoded."""
    head, _, payload = candidate.url[5:].partition(",")
    try:
        data = unquote_to_bytes(payload)
        if not head.rstrip().lower().endswith(";base64"):
            return data
        # Browsers take it with spaces in it and without its padding; too much padding does no harm.
        written = b"".join(data.split())
        return base64.b64decode(written + b"==", validate=False)
    except (binascii.Error, ValueError):
        return b""


def _read_manifest(body: bytearray, kind: Kind) -> Manifest:
    text = decode_page(body, None).text
    if kind == "hls":
        return manifests.read_hls(text)
    return manifests.read_dash(text)


def _find_problem(answer: Answer, kind: Kind, source: Source) -> str | None:
    """Why there is nothing to hash."""
    if answer.error:
        return answer.error
    if answer.status not in SUCCESS:
        return "http_error"
    if not answer.body:
        return "empty"
    if kind in ("html", "text"):
        return MediumError.FRAME_NOT_READ if source == "frame" else "not_media"
    if kind == "other" and source != "direct":
        label = answer.headers.get("content-type", "").lower()
        is_drawing = label.startswith("image/svg")
        return MediumError.DRAWING if is_drawing else "not_media"
    return None
