"""One request to one report, inside the fetching process: read, look, hash, forget.

Bodies are dropped as soon as they are hashed. Whatever a host, a decoder or a parser does wrong
becomes a slug; the text of an exception could hold content and is never kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from hotline.core.network.targets import MAX_URL, parse_target
from hotline.core.network.transfer import Answer
from triage.fetching.clock import Budget
from triage.fetching.medium import (
    SUCCESS,
    Hasher,
    MediumLook,
    name_candidate,
)
from triage.fetching.pages import page
from triage.fetching.pages.charset import decode_page
from triage.fetching.pages.media import Candidate
from triage.fetching.pages.reading import Reading, read_page
from triage.fetching.pages.sniff import Kind, kind_of
from triage.fetching.progress import Listener, Nobody
from triage.fetching.report import (
    FetchReport,
    FetchRequest,
    Hop,
    MediaFound,
    MediumError,
    Outcome,
    PageFacts,
    Source,
)
from triage.fetching.web import Exchange, Web

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
_SOON_SECONDS = 5
"""A page that sends on within as much shows its visitors the next one, whatever it holds itself."""
_LEAST_PATIENCE = 2.0
"""Seconds for one of many media, before those that were too slow get what the others left."""
_TOO_SLOW = frozenset({"timeout", "too_slow"})


def fetch_location(
    request: FetchRequest,
    hasher: Hasher,
    listener: Listener | None = None,
) -> FetchReport:
    """Look at one location. Raises nothing for what the other side does."""
    budget = Budget(request.limits)
    web = Web(request, now=budget.read_waiting_clock)
    try:
        look = _Look(web, hasher, budget, listener or Nobody())
        return look.make_report()
    finally:
        web.close()


@dataclass(frozen=True, slots=True)
class _Contents:
    """What one body holds. ``ahead``: where the page itself leads on, as shorteners' pages do;
    ``direct``: the body is itself the medium."""

    facts: PageFacts | None = None
    candidates: tuple[Candidate, ...] = ()
    left_out: int = 0
    ahead: str | None = None
    direct: Kind | None = None


class _Look:
    """The steps of one fetch, sharing its budget."""

    def __init__(
        self, web: Web, hasher: Hasher, budget: Budget, listener: Listener
    ) -> None:
        self._web = web
        self._budget = budget
        self._listener = listener
        self._request = web.request
        self._limits = web.request.limits
        self._medium = MediumLook(web, hasher, budget)
        self._hops: list[Hop] = []
        self._media: list[MediaFound] = []
        self._left_out = 0

    def make_report(self) -> FetchReport:
        url = self._request.url
        referrer = self._request.referrer
        while True:
            exchange = self._web.follow_url(
                url, referrer=referrer, cap=self._medium.cap_by_kind
            )
            self._hops += exchange.hops
            contents = self._read_contents(exchange)
            self._look_at_media(exchange, contents)
            if contents.ahead is None:
                break
            # Pages that lead on count as redirects do: two that point at each other would never
            # end.
            if len(self._hops) > self._limits.max_redirects:
                break
            url = contents.ahead
            referrer = exchange.url
        return self._describe(exchange, contents)

    def _describe(
        self, exchange: Exchange, contents: _Contents
    ) -> FetchReport:
        answer = exchange.answer
        return FetchReport(
            requested=self._request.url[:MAX_URL],
            final_url=exchange.url[:MAX_URL],
            outcome=_name_outcome(answer),
            status=answer.status,
            error=answer.error or answer.cut,
            hops=tuple(self._hops),
            headers=_keep_headers(answer),
            media_type=_media_type(answer),
            page=contents.facts,
            media=tuple(self._media),
            left_out=self._left_out,
            bytes_read=self._web.bytes_read,
            seconds=round(self._web.seconds, 3),
            hash_seconds=round(self._budget.hash_seconds, 3),
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
            text = decode_page(answer.body, label).text
            return _Contents(page.facts_of_text(text))
        if answer.status in SUCCESS and self._request.want_media:
            return _Contents(direct=kind)
        return _Contents()

    def _read_page(self, exchange: Exchange, label: str | None) -> _Contents:
        reading = self._read_markup(exchange, label)
        if exchange.answer.status not in SUCCESS:
            return _Contents(reading.facts)
        ahead = _find_ahead(reading, exchange.url)
        if not self._request.want_media:
            return _Contents(reading.facts, ahead=ahead)
        return _Contents(
            reading.facts,
            reading.candidates[: self._limits.max_media],
            reading.left_out,
            ahead,
        )

    def _read_markup(self, exchange: Exchange, label: str | None) -> Reading:
        """The body and its text are dropped here, before any medium takes their memory."""
        answer = exchange.answer
        decoded = decode_page(answer.body, label)
        answer.body.clear()
        # At least one is looked for where none is wanted: only a page without media leads on.
        limit = max(1, self._limits.max_media)
        reading = read_page(decoded, exchange.url, limit=limit)
        if reading.crude:
            answer.cut = answer.cut or "page_too_complex"
        return reading

    def _look_at_media(self, exchange: Exchange, contents: _Contents) -> None:
        """Each is reported as soon as it is known, so that what comes later cannot undo it."""
        self._left_out += contents.left_out
        if contents.direct is not None:
            self._look_at_body(exchange, contents, contents.direct)
        elif contents.candidates:
            self._look_at_candidates(exchange, contents)

    def _look_at_body(
        self, exchange: Exchange, contents: _Contents, kind: Kind
    ) -> None:
        index = len(self._media)
        self._expect(exchange, contents, [(exchange.url, "direct")])
        # What ended a process before us would end this one too.
        if exchange.url in self._request.skip:
            return
        medium = self._medium.hash_medium(
            exchange,
            kind,
            "direct",
            exchange.url,
            partial(self._listener.begin, index),
        )
        self._keep(index, medium)

    def _look_at_candidates(
        self, exchange: Exchange, contents: _Contents
    ) -> None:
        """In document order: what a visitor sees first is hashed first."""
        first = len(self._media)
        named = [
            (name_candidate(each), each.source) for each in contents.candidates
        ]
        self._expect(exchange, contents, named)
        waiting = [
            (index, candidate)
            for index, candidate in enumerate(contents.candidates, first)
            if self._media[index].is_open
        ]
        # Those whose host is slow wait until all others had their turn.
        slow = self._look_at_round(waiting, exchange.url, is_last=False)
        self._look_at_round(slow, exchange.url, is_last=True)

    def _look_at_round(
        self,
        waiting: list[tuple[int, Candidate]],
        page_url: str,
        *,
        is_last: bool,
    ) -> list[tuple[int, Candidate]]:
        """Returns those that were too slow and may be asked once more."""
        slow = []
        is_alone = len(waiting) == 1
        for place, (index, candidate) in enumerate(waiting):
            if self._budget.is_over:
                break
            # An even share of what is left: a slow host takes nobody else's
            # turn.
            share = self._web.remaining / (len(waiting) - place)
            medium = self._medium.fetch_medium(
                candidate,
                page_url,
                patience=max(share, _LEAST_PATIENCE),
                begun=partial(self._listener.begin, index),
            )
            # What was alone has had all the time there was.
            again = not is_last and not is_alone and self._web.remaining > 0
            if again and medium.error in _TOO_SLOW:
                slow.append((index, candidate))
            else:
                self._keep(index, medium)
        return slow

    def _expect(
        self,
        exchange: Exchange,
        contents: _Contents,
        named: list[tuple[str, Source]],
    ) -> None:
        # Named before any is fetched: if this process dies over one medium,
        # the client still knows of the others.
        for name, source in named:
            error = MediumError.NOT_REACHED
            if not self._is_wanted(name, source):
                error = MediumError.SKIPPED
            self._media.append(MediaFound(name, source, error=error))
        self._listener.announce(self._describe(exchange, contents))

    def _is_wanted(self, name: str, source: Source) -> bool:
        if name in self._request.skip:
            return False
        only = self._request.only
        return not only or name == only or source == "direct"

    def _keep(self, index: int, medium: MediaFound) -> None:
        self._media[index] = medium
        self._listener.find(index, medium)


def _find_ahead(reading: Reading, url: str) -> str | None:
    """Where the page sends a browser: at once, or whenever it does where it shows nothing."""
    refresh = reading.refresh
    if refresh is None:
        return None
    if reading.candidates and refresh.seconds > _SOON_SECONDS:
        return None
    target = parse_target(refresh.address, url)
    if target is None or not target.fetchable:
        return None
    # Pages that reload themselves would be read until the redirects are used
    # up.
    leads_to_itself = target.shown == url
    return None if leads_to_itself else target.href


def _keep_headers(answer: Answer) -> dict[str, str]:
    kept = {}
    for name, value in answer.headers.items():
        if name in KEPT_HEADERS:
            kept[name] = value[:_HEADER_VALUE]
    return kept


def _name_outcome(answer: Answer) -> Outcome:
    if answer.refused:
        return "refused"
    if answer.error:
        return "failed"
    return "ok" if answer.status in SUCCESS else "http_error"


def _media_type(answer: Answer) -> str | None:
    label = answer.headers.get("content-type", "")
    media_type = label.partition(";")[0].strip()
    return media_type.lower()[:100] or None
