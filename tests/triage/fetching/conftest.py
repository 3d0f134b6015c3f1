"""Servers on loopback that behave as real hosts do, and as hostile ones do."""

from __future__ import annotations

import hashlib
import http.server
import io
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dns.message
import dns.rcode
import dns.rrset
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from PIL import Image

from hotline.core.network.transfer import Transfer
from triage.fetching.fetch import fetch_location
from triage.fetching.report import FetchLimits, FetchReport, FetchRequest

LOOPBACK = ("127.0.0.0/8",)
HOST = "pictures.example"

Reply = Callable[[http.server.BaseHTTPRequestHandler], None]


def answer(
    body: bytes = b"",
    status: int = 200,
    content_type: str = "text/html",
    **headers: str,
) -> Reply:
    """A well-behaved answer; ``headers`` with underscores for dashes."""

    def reply(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def raw(data: bytes) -> Reply:
    """These very bytes, then the end of the connection."""

    def reply(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(data)
        handler.close_connection = True

    return reply


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        world: World = self.server.world  # type: ignore[attr-defined]
        world.requests.append((self.path, dict(self.headers)))
        reply = world.routes.get(self.path) or answer(
            b"<title>Not found</title>", 404
        )
        try:
            reply(self)
        except OSError:
            self.close_connection = True


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        pass


@dataclass
class World:
    """One local host. ``routes``: path -> what it answers; ``requests``: what it was asked."""

    port: int = 0
    scheme: str = "http"
    routes: dict[str, Reply] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str = "/", host: str = HOST) -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]


def _serve(
    world: World, context: ssl.SSLContext | None = None
) -> Iterator[World]:
    server = _Server(("127.0.0.1", 0), _Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.world = world  # type: ignore[attr-defined]
    world.port = server.server_address[1]
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}
    )
    thread.start()
    yield world
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def world() -> Iterator[World]:
    yield from _serve(World())


@pytest.fixture
def second_world() -> Iterator[World]:
    yield from _serve(World())


class _Context(ssl.SSLContext):
    certificate: bytes


@pytest.fixture(scope="session")
def tls_context(tmp_path_factory: pytest.TempPathFactory) -> _Context:
    """A certificate that nobody signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path_factory.mktemp("tls") / "host.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = _Context(ssl.PROTOCOL_TLS_SERVER)
    context.certificate = certificate.public_bytes(serialization.Encoding.DER)
    context.load_cert_chain(pem)
    return context


@pytest.fixture
def trusted(tls_context: _Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test host's certificate counts as one of the world's authorities."""
    pem = ssl.DER_cert_to_PEM_cert(tls_context.certificate)
    monkeypatch.setattr("hotline.core.network.transfer._TRUST", pem.encode())


@pytest.fixture
def tls_world(tls_context: ssl.SSLContext) -> Iterator[World]:
    yield from _serve(World(scheme="https"), tls_context)


def ask(url: str, **changes: Any) -> FetchRequest:
    """A request that may visit loopback, quickly."""
    limits = FetchLimits(total_seconds=10, connect_seconds=3)
    request = FetchRequest(
        url,
        allowed_networks=LOOPBACK,
        hosts={HOST: "127.0.0.1"},
        limits=limits,
    )
    return replace(request, **changes)


def fake_hash(
    data: bytes, label: str | None, seconds: float = 1.0
) -> dict[str, Any]:
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "label": label,
    }


def look(request: FetchRequest) -> FetchReport:
    """The whole of a fetch, in this process."""
    return fetch_location(request, fake_hash)


def picture(
    seed: int = 0, kind: str = "JPEG", size: int = 64, **options: Any
) -> bytes:
    """A generated, harmless picture: smooth noise."""
    noise = np.random.default_rng(seed).integers(
        0, 255, (4, 4, 3), dtype=np.uint8
    )
    target = io.BytesIO()
    Image.fromarray(noise).resize((size, size), Image.Resampling.BICUBIC).save(
        target, kind, **options
    )
    return target.getvalue()


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test leaves this machine, also where a fault would let the fetcher out."""
    opened = Transfer._on_socket

    def guarded(self: Transfer, purpose: int, address: Any) -> Any:
        return (
            opened(self, purpose, address)
            if address.addr[0].startswith("127.")
            else -1
        )

    monkeypatch.setattr(Transfer, "_on_socket", guarded)


class Lab:
    """The helpers above, within reach of every test."""

    host = HOST
    answer = staticmethod(answer)
    raw = staticmethod(raw)
    ask = staticmethod(ask)
    look = staticmethod(look)
    fake_hash = staticmethod(fake_hash)
    picture = staticmethod(picture)


@pytest.fixture
def lab() -> type[Lab]:
    return Lab


@dataclass
class NameServer:
    """A DNS server: ``answers(name, kind)`` gives addresses, an rcode, or None for silence."""

    answers: Callable[[str, str], list[str] | int | None]
    address: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    state = NameServer(lambda _name, _kind: [])

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, sock = self.request
            query = dns.message.from_wire(data)
            name = query.question[0].name.to_text(omit_final_dot=True)
            kind = query.question[0].rdtype.name
            state.asked.append((name, kind))
            found = state.answers(name, kind)
            if found is None:
                return
            response = dns.message.make_response(query)
            if isinstance(found, int):
                response.set_rcode(dns.rcode.Rcode(found))
            elif found:
                question = query.question[0].name
                response.answer.append(
                    dns.rrset.from_text(question, 0, "IN", kind, *found)
                )
            sock.sendto(response.to_wire(), self.client_address)

    server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
    state.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}
    )
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Socks:
    """A SOCKS5 proxy that connects every name to ``backend``; ``names``: what it was asked for."""

    backend: int = 0
    url: str = ""
    names: list[str] = field(default_factory=list)
    reply: int = 0


@pytest.fixture
def socks() -> Iterator[Socks]:
    state = Socks()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            client: socket.socket = self.request
            methods = client.recv(2)[1]
            client.recv(methods)
            client.sendall(b"\x05\x00")
            head = client.recv(5)
            if (
                head[3] != 3
            ):  # not a name: the caller resolved it, which it must not
                state.names.append(f"address type {head[3]}")
                return
            state.names.append(client.recv(head[4]).decode())
            client.recv(2)
            client.sendall(
                b"\x05" + bytes([state.reply]) + b"\x00\x01" + bytes(6)
            )
            if state.reply == 0:
                with socket.create_connection(
                    ("127.0.0.1", state.backend)
                ) as far:
                    _pump(client, far)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"socks5h://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}
    )
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def _pump(one: socket.socket, other: socket.socket) -> None:
    def copy(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    back = threading.Thread(target=copy, args=(other, one), daemon=True)
    back.start()
    copy(one, other)
    back.join()
