"""Small JSON exchanges with registries and the delivery network's API.

libcurl because its time limit bounds the whole exchange: a limit per read does not stop a server
that sends one header byte every few seconds. Sizes are capped, redirects counted and https only;
an answer may name a next server (RDAP does), so addresses that are not public are refused.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import certifi
import pycurl

from triage.fetching.network.addresses import refusal

_MAX_BYTES = 1 << 20
_LOCAL = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, slots=True)
class Answer:
    """``error`` is a slug ("" where an HTTP answer came): timeout, dns, refused, tls, too_large,
    blocked_address, network, malformed. ``url`` is where the answer came from after redirects."""

    status: int
    data: Any
    url: str
    error: str = ""
    retry_after: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


_ERRORS = {
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_COULDNT_RESOLVE_HOST: "dns",
    pycurl.E_COULDNT_CONNECT: "refused",
    pycurl.E_PEER_FAILED_VERIFICATION: "tls",
    pycurl.E_SSL_CONNECT_ERROR: "tls",
    pycurl.E_SSL_CACERT_BADFILE: "tls",
    pycurl.E_WRITE_ERROR: "too_large",
    pycurl.E_FILESIZE_EXCEEDED: "too_large",
}


def exchange(
    url: str,
    *,
    timeout: float,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    allow_local: bool = False,
) -> Answer:
    """GET, or POST of ``body`` as JSON. Never raises for what the network or the server does.

    ``allow_local`` lets tests and the sandbox speak plain http to this machine.
    """
    call = _Call(allow_local)
    curl = pycurl.Curl()
    try:
        call.configure(curl, url, timeout, body, headers or {})
        try:
            curl.perform()
        except pycurl.error as error:
            slug = (
                "blocked_address"
                if call.blocked
                else _ERRORS.get(error.args[0], "network")
            )
            return Answer(0, None, url, slug)
        status = int(curl.getinfo(pycurl.RESPONSE_CODE))
        final = str(curl.getinfo(pycurl.EFFECTIVE_URL))
    finally:
        curl.close()
        for opened in call.sockets:  # libcurl works on a copy of each
            opened.close()
    return call.answer(status, final)


class _Call:
    def __init__(self, allow_local: bool) -> None:
        self._allow_local = allow_local
        self._chunks: list[bytes] = []
        self._size = 0
        self._headers: dict[str, str] = {}
        self.blocked = False
        self.sockets: list[socket.socket] = []

    def configure(
        self, curl: Any, url: str, timeout: float, body: Any, headers: Mapping[str, str]
    ) -> None:
        protocols = pycurl.PROTO_HTTPS | (pycurl.PROTO_HTTP if self._allow_local else 0)
        lines = ["Accept: application/rdap+json, application/json"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body is not None:
            curl.setopt(pycurl.POSTFIELDS, json.dumps(body))
            lines.append("Content-Type: application/json")
        else:
            # A redirected POST would repeat a report elsewhere, so only questions follow.
            curl.setopt(pycurl.FOLLOWLOCATION, 1)
            curl.setopt(pycurl.MAXREDIRS, 5)
        for option, value in (
            (pycurl.URL, url),
            (pycurl.HTTPHEADER, lines),
            (pycurl.USERAGENT, "hotline"),
            (pycurl.NOSIGNAL, 1),
            (pycurl.PROXY, ""),
            (pycurl.PROTOCOLS, protocols),
            (pycurl.REDIR_PROTOCOLS, protocols),
            (pycurl.TIMEOUT_MS, int(timeout * 1000)),
            (pycurl.CAINFO, certifi.where()),
            (pycurl.MAXFILESIZE, _MAX_BYTES),
            (pycurl.WRITEFUNCTION, self._write),
            (pycurl.HEADERFUNCTION, self._header),
            (pycurl.OPENSOCKETFUNCTION, self._open),
        ):
            curl.setopt(option, value)

    def answer(self, status: int, url: str) -> Answer:
        after = self._headers.get("retry-after", "")
        wait = int(after) if after.isdigit() else 0
        try:
            data = json.loads(b"".join(self._chunks)) if self._chunks else None
        except (ValueError, RecursionError):
            error = "malformed" if status == 200 else ""
            return Answer(status, None, url, error, wait, self._headers)
        return Answer(status, data, url, "", wait, self._headers)

    def _write(self, chunk: bytes) -> int:
        self._size += len(chunk)
        if self._size > _MAX_BYTES:
            return 0
        self._chunks.append(chunk)
        return len(chunk)

    def _header(self, line: bytes) -> None:
        text = line.decode("latin-1").strip()
        if text.startswith("HTTP/"):
            self._headers.clear()
            self._chunks.clear()
        name, separator, value = text.partition(":")
        if separator:
            self._headers[name.lower()] = value.strip()

    def _open(self, _purpose: int, address: Any) -> Any:
        if refusal(str(address.addr[0]), _LOCAL if self._allow_local else ()):
            self.blocked = True
            return pycurl.SOCKET_BAD
        opened = socket.socket(address.family, address.socktype, address.protocol)
        self.sockets.append(opened)
        return opened
