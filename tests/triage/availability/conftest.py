"""A small world on loopback: hosts that keep, remove, hide and replace a picture."""

from __future__ import annotations

import datetime
import http.server
import io
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from PIL import Image, ImageDraw

from triage.fetching.fetch import fetch_location
from triage.fetching.report import FetchLimits, FetchRequest
from triage.fingerprints.media import fingerprint_media

HOST, OTHER = "pictures.example", "elsewhere.example"
Reply = Callable[[http.server.BaseHTTPRequestHandler], None]


def picture(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Soft coloured blobs: harmless, and rich enough for a PDQ of good quality."""
    noise = np.random.default_rng(seed).integers(
        0, 256, (9, 12, 3), dtype=np.uint8
    )
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def placeholder(colour: str = "lightgrey") -> bytes:
    image = Image.new("RGB", (320, 240), colour)
    ImageDraw.Draw(image).rectangle(
        (110, 80, 210, 160), outline="black", width=6
    )
    return encoded(image, "PNG")


def answer(
    body: bytes | str = b"",
    status: int = 200,
    kind: str = "text/html",
    **headers: str,
) -> Reply:
    data = body.encode() if isinstance(body, str) else body

    def reply(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return reply


def redirect(target: str, status: int = 302) -> Reply:
    def reply(handler: http.server.BaseHTTPRequestHandler) -> None:
        port = handler.server.server_address[1]  # type: ignore[index]
        handler.send_response(status)
        handler.send_header("Location", target.replace("PORT", str(port)))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return reply


def slow(seconds: float) -> Reply:
    def reply(handler: http.server.BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return reply


def hang_up(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        routes: dict[str, Reply] = self.server.routes  # type: ignore[attr-defined]
        host = (self.headers.get("Host") or "").partition(":")[0]
        reply = (
            routes.get(f"//{host}{self.path}")
            or routes.get(self.path)
            or routes.get("*")
        )
        try:
            (reply or answer("<title>404 Not Found</title>nothing here", 404))(
                self
            )
        except OSError:
            self.close_connection = True


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class _NoSuchName(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, channel = self.request
        response = dns.message.make_response(dns.message.from_wire(data))
        response.set_rcode(self.server.rcode)  # type: ignore[attr-defined]
        channel.sendto(response.to_wire(), self.client_address)


class World:
    """One web server (plain and TLS), one DNS server that knows no name, and a real fetch."""

    def __init__(self, certificate: Path) -> None:
        self.routes: dict[str, Reply] = {}
        self._web = _Server(("127.0.0.1", 0), _Handler)
        self._tls = _Server(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._tls.socket = context.wrap_socket(
            self._tls.socket, server_side=True
        )
        self.dns = socketserver.ThreadingUDPServer(
            ("127.0.0.1", 0), _NoSuchName
        )
        self.dns.rcode = dns.rcode.NXDOMAIN  # type: ignore[attr-defined]
        self._servers = (self._web, self._tls, self.dns)
        for server in (self._web, self._tls):
            server.routes = self.routes  # type: ignore[attr-defined]
        for server in self._servers:
            poll = {"poll_interval": 0.02}
            threading.Thread(
                target=server.serve_forever, kwargs=poll, daemon=True
            ).start()

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def url(self, path: str, host: str = HOST) -> str:
        return f"http://{host}:{self._web.server_address[1]}{path}"

    def tls_url(self, path: str) -> str:
        return f"https://{HOST}:{self._tls.server_address[1]}{path}"

    @staticmethod
    def closed_port() -> int:
        """A port at which nobody listens."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return int(taken.getsockname()[1])

    @property
    def dns_address(self) -> str:
        return f"127.0.0.1:{self.dns.server_address[1]}"

    def look(self, url: str, **options: Any) -> dict[str, Any]:
        """The JSON of a fetch report, by the same code that runs in the fetching process."""
        settings: dict[str, Any] = {
            "allowed_networks": ("127.0.0.0/8",),
            "hosts": {HOST: "127.0.0.1", OTHER: "127.0.0.1"},
            "limits": FetchLimits(total_seconds=5, connect_seconds=2),
        } | options
        request = FetchRequest(url, **settings)
        report = fetch_location(
            request,
            lambda data, label, seconds: fingerprint_media(
                data, declared_type=label
            ).to_json(),
        )
        return report.to_stored()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "host.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + cert.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture(scope="session")
def _world(certificate: Path) -> Iterator[World]:
    world = World(certificate)
    yield world
    world.close()


@pytest.fixture
def world(_world: World) -> World:
    _world.routes.clear()
    _world.dns.rcode = dns.rcode.NXDOMAIN  # type: ignore[attr-defined]
    return _world


@pytest.fixture(scope="session")
def helpers() -> Any:
    """This module's makers of pictures and answers, for test files (which cannot import it)."""
    from types import SimpleNamespace

    return SimpleNamespace(
        answer=answer,
        encoded=encoded,
        hang_up=hang_up,
        picture=picture,
        placeholder=placeholder,
        redirect=redirect,
        slow=slow,
    )
