"""One exchange: one request over one checked connection, read up to a cap.

libcurl does the protocols. ``RESOLVE`` pins the name to the addresses that were checked, and
``OPENSOCKETFUNCTION`` checks the very address of each socket once more. ``TIMEOUT_MS`` bounds the
whole exchange: a per-read timeout never ends against a host that sends a byte now and then. The
write callback counts bytes *after* decompression, so that a gzip bomb stops at the cap. No callback
raises: pycurl would print a traceback, and with it what was being read.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import certifi
import pycurl

from hotline.core import USER_AGENT
from hotline.core.network.addresses import refuse_address
from hotline.core.network.curl_errors import slug_of, tls_facts
from hotline.core.network.targets import Target
from hotline.core.network.tls import TlsFacts

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REDIRECT_BODY = 65_536
_CUT_SHORT = frozenset(
    {"truncated", "bad_encoding", "connection_lost", "timeout", "bad_response"}
)
# A blob, so that the sandboxed process need not read files.
_TRUST = Path(certifi.where()).read_bytes()
_ALLOWED = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS

CapRule = Callable[[dict[str, str], bytes], int]
"""Headers and the first bytes of a body -> how many bytes of it may be read."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to reach a target, as whom, and for how long.

    ``addresses`` are those to pin for a direct connection; with a ``proxy`` there are none.
    ``allowed_networks`` may be connected to although they are not public. ``budget`` is in bytes.
    ``headers`` are whole lines; with a ``body`` the exchange is a POST.
    """

    target: Target
    addresses: tuple[str, ...]
    seconds: float
    budget: int
    allowed_networks: tuple[str, ...] = ()
    proxy: str | None = None
    connect_seconds: float = 10
    user_agent: str = USER_AGENT
    referrer: str | None = None
    cookies: str | None = field(default=None, repr=False)
    userinfo: str | None = field(default=None, repr=False)
    headers: tuple[str, ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(slots=True)
class Answer:
    """What came back. ``error`` a slug; ``cut`` why ``body`` is only the beginning, if it is."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    address: str | None = None
    tls: TlsFacts | None = None
    error: str | None = None
    cut: str | None = None
    refused: bool = False

    @property
    def redirects(self) -> bool:
        return self.status in REDIRECTS and bool(self.headers.get("location"))


def new_handle() -> pycurl.Curl:
    """A handle for transfers one after another; it keeps connections, and is to be closed."""
    return pycurl.Curl()


class Transfer:
    """Runs one plan on ``curl``; ``answer`` is filled by the callbacks."""

    def __init__(self, curl: pycurl.Curl, plan: Plan, cap: CapRule) -> None:
        self.answer = Answer()
        self._curl, self._plan, self._cap = curl, plan, cap
        self._limit: int | None = None
        self._full = False
        self._sockets: list[socket.socket] = []

    def run(self, *, verify: bool) -> Answer:
        """Perform. Never raises for anything that a host or proxy does."""
        self._configure(verify)
        code = pycurl.E_OK
        try:
            self._curl.perform()
        except pycurl.error as error:
            code = int(error.args[0])
        for opened in self._sockets:
            opened.close()  # pycurl works on a duplicate of its own
        self._conclude(code, verify)
        return self.answer

    def _configure(self, verify: bool) -> None:
        curl, plan = self._curl, self._plan
        # A handle keeps its connections between exchanges, and would keep the
        # options too.
        curl.reset()
        milliseconds = max(1, int(plan.seconds * 1000))
        connect = max(1, int(min(plan.seconds, plan.connect_seconds) * 1000))
        for option, value in (
            (pycurl.URL, plan.target.href),
            # The path has been read already; libcurl would take dots out of it
            # again.
            (pycurl.PATH_AS_IS, 1),
            (pycurl.PROTOCOLS, _ALLOWED),
            (pycurl.REDIR_PROTOCOLS, _ALLOWED),
            # Where a redirect leads is checked by the caller before anybody
            # goes there.
            (pycurl.FOLLOWLOCATION, 0),
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS),
            # No password of this machine's user goes to a stranger.
            (pycurl.NETRC, pycurl.NETRC_IGNORED),
            # libcurl's own signals for timeouts do not go together with
            # threads.
            (pycurl.NOSIGNAL, 1),
            # Empty asks for every encoding that libcurl can undo.
            (pycurl.ACCEPT_ENCODING, ""),
            (pycurl.COOKIEFILE, ""),
            (pycurl.USERAGENT, plan.user_agent),
            (pycurl.TIMEOUT_MS, milliseconds),
            (pycurl.CONNECTTIMEOUT_MS, connect),
            (pycurl.CAINFO_BLOB, _TRUST),
            (pycurl.SSL_VERIFYPEER, int(verify)),
            (pycurl.SSL_VERIFYHOST, 2 if verify else 0),
            # Empty, not unset: libcurl would otherwise look into the environment for proxies.
            (pycurl.PROXY, plan.proxy or ""),
            (pycurl.NOPROXY, ""),
            (pycurl.HEADERFUNCTION, self._on_header),
            (pycurl.WRITEFUNCTION, self._on_body),
            (pycurl.OPENSOCKETFUNCTION, self._on_socket),
        ):
            curl.setopt(option, value)
        self._present(curl, plan)
        if plan.addresses:
            pinned = ",".join(
                f"[{each}]" if ":" in each else each for each in plan.addresses
            )
            curl.setopt(
                pycurl.RESOLVE,
                [f"{plan.target.host}:{plan.target.port}:{pinned}"],
            )

    @staticmethod
    def _present(curl: pycurl.Curl, plan: Plan) -> None:
        """As whom we come, and what we bring."""
        if plan.referrer:
            curl.setopt(pycurl.REFERER, plan.referrer)
        if plan.cookies:
            curl.setopt(pycurl.COOKIE, plan.cookies)
        if plan.userinfo:
            name, _, password = plan.userinfo.partition(":")
            curl.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_BASIC)
            curl.setopt(pycurl.USERNAME, unquote_to_bytes(name))
            curl.setopt(pycurl.PASSWORD, unquote_to_bytes(password))
        lines = list(plan.headers)
        if plan.body is not None:
            curl.setopt(pycurl.POSTFIELDS, plan.body)
            # The body goes at once, without asking first.
            lines.append("Expect:")
        if lines:
            curl.setopt(pycurl.HTTPHEADER, lines)

    def _on_socket(self, _purpose: int, address: Any) -> Any:
        """The last check, on the address really connected to (a proxy's is the operator's)."""
        if self._plan.proxy is None and refuse_address(
            str(address.addr[0]), self._plan.allowed_networks
        ):
            # pycurl takes no exception from here: the flag says afterwards why no socket came.
            self.answer.refused = True
            return pycurl.SOCKET_BAD
        opened = socket.socket(
            address.family, address.socktype, address.protocol
        )
        self._sockets.append(opened)
        return opened

    def _on_header(self, line: bytes) -> None:
        if line.startswith(b"HTTP/"):
            # A new block of headers: after a 1xx answer or a proxy's CONNECT.
            self.answer.headers.clear()
            code = line.split(None, 2)[1:2]
            self.answer.status = (
                int(code[0]) if code and code[0].isdigit() else None
            )
            return
        try:
            text = line.decode()  # browsers read UTF-8 in Location
        except UnicodeDecodeError:
            text = line.decode("latin-1")
        name, colon, value = text.partition(":")
        if colon:
            self.answer.headers[name.strip().lower()] = value.strip()

    def _on_body(self, chunk: bytes) -> int:
        answer = self.answer
        if self._limit is None:
            cap = (
                _REDIRECT_BODY
                if answer.redirects
                else self._cap(answer.headers, chunk)
            )
            self._limit = min(cap, self._plan.budget)
        room = self._limit - len(answer.body)
        answer.body += chunk[:room]
        if len(chunk) > room:
            self._full = True
            return 0  # anything but the chunk's length ends the exchange
        return len(chunk)

    def _conclude(self, code: int, verify: bool) -> None:
        answer, curl, direct = (
            self.answer,
            self._curl,
            self._plan.proxy is None,
        )
        answer.status = int(curl.getinfo(pycurl.RESPONSE_CODE)) or None
        # A proxy's address says nothing about the host.
        answer.address = (
            (curl.getinfo(pycurl.PRIMARY_IP) or None) if direct else None
        )
        error = (
            None
            if code == pycurl.E_OK
            else slug_of(curl, code, through_proxy=not direct)
        )
        if self._plan.target.scheme == "https" and (
            answer.status or error == "tls_invalid"
        ):
            answer.tls = tls_facts(
                curl, valid=verify and error != "tls_invalid"
            )
        # Another address of the same name may have been reached.
        answer.refused = answer.refused and error is not None
        if answer.refused:
            answer.error = "blocked_address"
        elif self._full:
            answer.cut = "too_large"
        # What had come by then may be enough to judge by.
        elif error in _CUT_SHORT and answer.status and answer.body:
            answer.cut = error
        else:
            answer.error = error
