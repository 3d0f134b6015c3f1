"""Local servers that speak DNS, RDAP, RIPEstat's and Cloudflare's HTTP."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

Zone = dict[tuple[str, str], list[str]]


class _Dns(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, channel = self.request
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        server: Any = self.server
        server.asked.append((name, dns.rdatatype.to_text(question.rdtype)))
        mode = server.modes.get(name)
        if mode == "silent":
            return
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if mode is not None:
            response.set_rcode(dns.rcode.from_text(mode))
        else:
            self._fill(response, name, dns.rdatatype.to_text(question.rdtype))
        channel.sendto(response.to_wire(), self.client_address)

    def _fill(
        self, response: dns.message.Message, name: str, kind: str
    ) -> None:
        zone: Zone = self.server.zone  # type: ignore[attr-defined]
        while (name, "CNAME") in zone:
            target = zone[(name, "CNAME")][0]
            response.answer.append(
                dns.rrset.from_text(
                    f"{name}.", 60, "IN", "CNAME", f"{target}."
                )
            )
            name = target
        if not any(known == name for known, _ in zone):
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif (name, kind) in zone:
            texts = zone[(name, kind)]
            response.answer.append(
                dns.rrset.from_text(f"{name}.", 60, "IN", kind, *texts)
            )


@pytest.fixture
def dns_server() -> Iterator[Any]:
    """``zone[(name, type)] = [...]``, ``modes[name] = "SERVFAIL" | "silent"``, ``address``."""
    server: Any = socketserver.ThreadingUDPServer(("127.0.0.1", 0), _Dns)
    server.zone, server.modes, server.asked = {}, {}, []
    server.address = f"127.0.0.1:{server.server_address[1]}"
    yield from _serving(server)


class _Web(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._reply(None)

    def do_POST(self) -> None:
        self._reply(
            json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        )

    def _reply(self, body: Any) -> None:
        server: Any = self.server
        request = SimpleNamespace(
            path=self.path, headers=dict(self.headers), body=body
        )
        server.requests.append(request)
        route = server.routes.get(self.path.partition("?")[0])
        found = route(request) if callable(route) else route
        status, data, headers = found or (404, {"errorCode": 404}, {})
        if status == "drip":
            self._drip()
            return
        raw = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/rdap+json")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(raw)

    def _drip(self) -> None:
        """A header byte now and then: never silent for long, never done."""
        with suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            for _ in range(200):
                self.wfile.write(b"h")
                self.wfile.flush()
                time.sleep(0.05)


@pytest.fixture
def web_server() -> Iterator[Any]:
    """``routes[path] = (status, json or bytes, headers)`` or a function of the request."""
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Web)
    server.daemon_threads, server.block_on_close = True, False
    server.routes, server.requests = {}, []
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield from _serving(server)


def _serving(server: Any) -> Iterator[Any]:
    poll = {"poll_interval": 0.02}
    thread = threading.Thread(
        target=server.serve_forever, kwargs=poll, daemon=True
    )
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


def vcard(name: str, email: str | None = None) -> list[Any]:
    lines: list[Any] = [
        ["version", {}, "text", "4.0"],
        ["fn", {}, "text", name],
    ]
    if email:
        lines.append(["email", {}, "text", email])
    return ["vcard", lines]


@pytest.fixture
def card() -> Callable[..., list[Any]]:
    return vcard


@pytest.fixture
def bootstrap(web_server: Any) -> str:
    """RDAP bootstrap that sends every question to the local server."""
    base = [f"{web_server.url}/rdap/"]
    return json.dumps(
        {
            "timestamp": 1,
            "asn": {"services": [[["1-4294967294"], base]]},
            "dns": {"services": [[["com", "al"], base]]},
            "ipv4": {"services": [[["0.0.0.0/0"], base]]},
            "ipv6": {"services": [[["::/0"], base]]},
            "object": {"services": [[["X"], base]]},
        }
    )
