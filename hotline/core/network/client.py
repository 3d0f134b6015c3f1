"""One client for every question and message that goes to a server of others by HTTP.

It speaks HTTPS to public addresses and nothing else. Networks that the settings allow (a sandbox, a
tunnel's end on this machine) are the one exception: they may be private, and only they may be
spoken to in plain HTTP. A whole exchange, redirects and name look-ups included, ends after the
client's ``seconds``, and no answer is read past ``most_bytes``. ::

    with GuardedClient(reach_of(settings), seconds=10, most_bytes=20_000) as client:
        reply = client.post(url, body, headers={"Content-Type": "application/json"})
    if reply.error:
        raise NoAnswer(f"The partner's server cannot be reached ({reply.error}).")
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from hotline.core import USER_AGENT
from hotline.core.network.addresses import refuse_address
from hotline.core.network.resolve import Names, Reach, Resolved
from hotline.core.network.targets import Target, parse_target
from hotline.core.network.transfer import (
    REDIRECTS,
    Answer,
    Plan,
    Transfer,
    new_handle,
)
from hotline.core.settings import Settings

LOOPBACK = ("127.0.0.0/8", "::1/128")
_HARMLESS_HEADERS = ("accept",)
"""What another host that an answer redirects to is sent as well: no key, no password."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of an exchange. ``url`` is where the answer came from, after redirects.

    ``error`` is a slug, empty where a whole answer came: ``bad_url``, ``not_https``,
    ``blocked_address``, ``too_many_redirects``, ``too_large``, ``timeout``, or one of
    ``curl_errors`` and ``resolve``. ``status`` is 0 where no answer began. ``reason`` says what
    kind of address it was that must not be visited.
    """

    url: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    error: str = ""
    reason: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether we would not go there, so that no later try can help."""
        return self.error in ("bad_url", "not_https", "blocked_address")


def reach_of(settings: Settings) -> Reach:
    """How far this installation's own requests go."""
    return Reach(
        allowed_networks=settings.fetch_allowed_networks,
        resolver=settings.dns_server or None,
        hosts=dict(settings.fetch_hosts),
    )


def with_own_machine(reach: Reach, url: str) -> Reach:
    """``reach``, and this machine too where an operator's own ``url`` names it plainly."""
    if not is_this_machine(urlsplit(url).hostname or ""):
        return reach
    return replace(
        reach, allowed_networks=(*reach.allowed_networks, *LOOPBACK)
    )


def is_this_machine(host: str) -> bool:
    """Whether ``host`` is ``localhost`` or a loopback address in its usual notation."""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    return any(address in ip_network(network) for network in LOOPBACK)


class GuardedClient:
    """Exchanges with one service, over kept connections; use it in a ``with`` statement.

    ``redirects``: how many are followed, of questions only. A message that has a body is never
    sent on: it would be repeated at an address that nobody wrote down.
    """

    def __init__(
        self,
        reach: Reach,
        *,
        seconds: float,
        most_bytes: int,
        redirects: int = 0,
        user_agent: str = USER_AGENT,
    ) -> None:
        self._reach = reach
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._redirects = redirects
        self._user_agent = user_agent
        self._curl = new_handle()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._curl.close()

    def get(
        self, url: str, *, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Ask. Never raises for anything that the network or the server does."""
        return self._follow(url, dict(headers or {}), None)

    def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send ``body``. Never raises for anything that the network or the server does."""
        return self._follow(url, dict(headers or {}), body)

    def _follow(
        self, url: str, headers: dict[str, str], body: bytes | None
    ) -> Reply:
        # One for all hops, or a chain of redirects would last as long as it
        # likes.
        deadline = time.monotonic() + self._seconds
        names = Names(self._reach)
        # A body would be repeated at an address that nobody wrote down.
        may_follow = self._redirects > 0 and body is None
        redirects_left = self._redirects
        target = parse_target(url)
        while True:
            reply = self._exchange(target, names, headers, body, deadline)
            location = reply.headers.get("location", "")
            is_redirect = reply.status in REDIRECTS and bool(location)
            if (
                reply.error
                or target is None
                or not (is_redirect and may_follow)
            ):
                return reply
            if redirects_left == 0:
                return Reply(
                    reply.url, reply.status, error="too_many_redirects"
                )
            redirects_left -= 1
            following = parse_target(location, target.href)
            # Whoever answers could otherwise have our key sent to a host of its choice.
            if following is None or not _same_origin(target, following):
                headers = _without_secrets(headers)
            target = following

    def _exchange(
        self,
        target: Target | None,
        names: Names,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: float,
    ) -> Reply:
        """One hop: refuse, resolve and check, then exchange."""
        if target is None or not target.fetchable:
            shown = target.shown if target else ""
            return Reply(shown, error="bad_url")
        seconds = deadline - time.monotonic()
        resolved = names.resolve(target.host, seconds=seconds)
        if problem := self._problem_with(target, resolved):
            return Reply(
                target.shown, error=problem, reason=self._reason_of(resolved)
            )
        # Looking up the name has taken some of the time.
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            return Reply(target.shown, error="timeout")
        plan = Plan(
            target,
            resolved.usable,
            seconds,
            self._most_bytes,
            allowed_networks=self._reach.allowed_networks,
            connect_seconds=self._seconds,
            user_agent=self._user_agent,
            headers=tuple(
                f"{name}: {value}" for name, value in headers.items()
            ),
            body=body,
        )
        answer = Transfer(self._curl, plan, self._cap).run(verify=True)
        return _reply_of(target, answer)

    def _cap(self, _headers: dict[str, str], _head: bytes) -> int:
        return self._most_bytes

    def _problem_with(self, target: Target, resolved: Resolved) -> str:
        if resolved.error:
            return resolved.error
        if target.scheme == "https":
            return ""
        # All: libcurl may take any of the addresses that are handed to it.
        inside = all(self._is_allowed(address) for address in resolved.usable)
        return "" if inside else "not_https"

    def _is_allowed(self, address: str) -> bool:
        networks = (ip_network(text) for text in self._reach.allowed_networks)
        return any(ip_address(address) in network for network in networks)

    def _reason_of(self, resolved: Resolved) -> str:
        reasons = (
            refuse_address(address, self._reach.allowed_networks)
            for address in resolved.dropped
        )
        return next((reason for reason in reasons if reason), "")


def _reply_of(target: Target, answer: Answer) -> Reply:
    error = answer.error or answer.cut or ""
    # Half an answer would be read as a whole one.
    body = b"" if error else bytes(answer.body)
    return Reply(target.shown, answer.status or 0, answer.headers, body, error)


def _same_origin(first: Target, other: Target) -> bool:
    mine = (first.scheme, first.host, first.port)
    return mine == (other.scheme, other.host, other.port)


def _without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in headers.items()
        if name.lower() in _HARMLESS_HEADERS
    }
