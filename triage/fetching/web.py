"""A suspicious guest on the web: follows redirects itself, so that every hop is checked anew.

Cookies that a host sets live for one fetch (some hosts redirect to themselves until one comes
back) and are never written; those of the request go to its own host alone, over the same scheme.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hotline.core.network.resolve import Names, Reach, Resolved
from hotline.core.network.targets import Target, parse_target
from hotline.core.network.transfer import (
    Answer,
    CapRule,
    Plan,
    Transfer,
    new_handle,
)
from triage.fetching.report import FetchRequest, Hop

_INWARD_NAMES = (
    ".localhost",
    ".local",
    ".internal",
    ".home.arpa",
    ".localdomain",
    ".lan",
)
"""Special-use names (RFC 6761, 6762, 8375 and custom) that only mean something on the inside."""
_PATIENCE_BEHIND_PROXY = 2.0
"""Seconds: a house without name servers of its own waits for as long, each time."""


@dataclass(slots=True)
class Exchange:
    """A chain of hops and its last answer; ``url`` is where it ended."""

    url: str
    answer: Answer
    hops: list[Hop] = field(default_factory=list)


class Web:
    """The exchanges of one fetch: one curl handle (connections are reused), one byte budget."""

    def __init__(
        self,
        request: FetchRequest,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.request = request
        self.bytes_read = 0
        self._now = now
        self._started = now()
        self._names = Names(
            Reach(request.allowed_networks, request.resolver, request.hosts)
        )
        self._home = parse_target(request.url)
        self._curl = new_handle()

    def close(self) -> None:
        self._curl.close()

    @property
    def seconds(self) -> float:
        return self._now() - self._started

    @property
    def remaining(self) -> float:
        """Seconds until the deadline of the whole fetch."""
        return self.request.limits.total_seconds - self.seconds

    def follow_url(
        self,
        url: str,
        *,
        referrer: str | None,
        cap: CapRule,
        seconds: float | None = None,
    ) -> Exchange:
        """Follow ``url`` to its end, for at most ``seconds``. Never raises for what a host does."""
        patience = min(self.remaining, seconds or self.remaining)
        until = self.seconds + patience
        hops: list[Hop] = []
        base: str | None = None
        for _ in range(self.request.limits.max_redirects + 1):
            target = parse_target(url, base)
            shown = target.shown if target else (base or url)
            answer, dropped = self._visit_target(target, referrer, cap, until)
            place = ""
            if answer.redirects:
                place = answer.headers.get("location", "")
            ahead = (
                parse_target(place, target.href) if place and target else None
            )
            hop = Hop(
                url=shown,
                status=answer.status,
                address=answer.address,
                location=ahead.shown if ahead else None,
                tls=answer.tls,
                dropped=dropped,
            )
            hops.append(hop)
            if answer.error or not place or target is None:
                return Exchange(shown, answer, hops)
            url = place
            base = target.href
        too_many = Answer(answer.status, error="too_many_redirects")
        return Exchange(shown, too_many, hops)

    def _visit_target(
        self,
        target: Target | None,
        referrer: str | None,
        cap: CapRule,
        until: float,
    ) -> tuple[Answer, tuple[str, ...]]:
        """One hop: refuse, resolve and check, then exchange. Also the addresses dropped."""
        if target is None:
            return Answer(error="bad_url", refused=True), ()
        refusal = self._find_refusal(target)
        if refusal:
            return Answer(error=refusal, refused=True), ()
        limits = self.request.limits
        proxy = self._choose_proxy(target)
        resolved = Resolved()
        if proxy is None:
            patience = min(until - self.seconds, limits.connect_seconds)
            resolved = self._names.resolve(target.host, seconds=patience)
        # Counted after the name servers, which have taken their share of it.
        seconds = until - self.seconds
        budget = limits.max_total_bytes - self.bytes_read
        problem = resolved.error or _find_exhausted(seconds, budget)
        if problem:
            refused = problem == "blocked_address"
            return Answer(error=problem, refused=refused), resolved.dropped
        at_home = self._at_home(target)
        plan = Plan(
            target,
            resolved.usable,
            seconds,
            budget,
            allowed_networks=self.request.allowed_networks,
            proxy=proxy,
            connect_seconds=limits.connect_seconds,
            user_agent=self.request.user_agent,
            referrer=referrer,
            cookies=self.request.cookies if at_home else None,
            userinfo=self.request.userinfo if at_home else None,
        )
        return self._transfer_answer(plan, cap), resolved.dropped

    def _transfer_answer(self, plan: Plan, cap: CapRule) -> Answer:
        transfer = Transfer(self._curl, plan, cap)
        answer = transfer.run(verify=True)
        # Asked properly first: the report is to say what was wrong with the certificate.
        if answer.error == "tls_invalid" and self.request.tls_insecure:
            facts = answer.tls
            transfer = Transfer(self._curl, plan, cap)
            answer = transfer.run(verify=False)
            answer.tls = facts
        self.bytes_read += len(answer.body)
        return answer

    def _find_refusal(self, target: Target) -> str | None:
        """Why this target is not even asked for.

        A proxy resolves names where our own check cannot see, so that names which mean an inside
        host are refused, and what an HTTP proxy is to reach is looked up here as well. A SOCKS
        proxy stands there so that our name servers are *not* asked.
        """
        if not target.fetchable:
            return "bad_scheme"
        if target.onion:
            return None if self.request.socks_proxy else "onion_needs_tor"
        if self._choose_proxy(target) is None:
            return None
        # With a dot before it, "internal" itself is met by the ending as well.
        name = "." + target.host.rstrip(".")
        if name.endswith(_INWARD_NAMES):
            return "blocked_address"
        if self._names.forbidden_literal(target.host):
            return "blocked_address"
        return self._refuse_behind_proxy(target)

    def _refuse_behind_proxy(self, target: Target) -> str | None:
        """A name without an answer here goes on: where the proxy stands it may have one."""
        if not self.request.http_proxy:
            return None
        patience = min(self.remaining, _PATIENCE_BEHIND_PROXY)
        resolved = self._names.resolve(target.host, seconds=patience)
        if resolved.error == "blocked_address":
            return "blocked_address"
        return None

    def _choose_proxy(self, target: Target) -> str | None:
        if target.onion:
            return self.request.socks_proxy
        return self.request.http_proxy or self.request.socks_proxy

    def _at_home(self, target: Target) -> bool:
        """The item's own host; by https too where it was named by http, never the reverse."""
        home = self._home
        if home is None or home.host != target.host:
            return False
        there = (target.scheme, target.port)
        named = (home.scheme, home.port)
        if there == named:
            return True
        became_https = there == ("https", 443)
        return named == ("http", 80) and became_https


def _find_exhausted(seconds: float, budget: int) -> str | None:
    """What is used up before the exchange, if anything is."""
    if seconds <= 0:
        return "timeout"
    if budget <= 0:
        return "too_large"
    return None
