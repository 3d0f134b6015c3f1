"""The running service: real processes on loopback, and a web host with pictures to look at."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image
from sqlalchemy import create_engine, text

from tests.conftest import RedisServer

UP_SECONDS = 90.0


def _name_of(words: list[str]) -> str:
    """What a fork of the tree calls itself; "" for a program of its own."""
    title = " ".join(words).split()
    if "[hotline-web]" in " ".join(title):
        return "web"
    return title[-1] if title[:1] == ["hotline"] else ""


def free_port(count: int = 1) -> int:
    """The first of ``count`` free ports in a row."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port + count < 65535 and all(
            _is_free(port + n) for n in range(count)
        ):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Service:
    """One ``hotline up`` (or another command) on a data directory of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port(4)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "service.log"
        self.settings = {
            "HOTLINE_DATA_DIR": str(folder / "var"),
            "HOTLINE_PORT": str(self.port),
            "HOTLINE_RDAP_ENABLED": "false",
            "HOTLINE_WORKERS": "1",
            "HOTLINE_WEB_WORKERS": "1",
            "HOTLINE_TICK_SECONDS": "0.3",
            "HOTLINE_FETCH_ALLOWED_NETWORKS": '["127.0.0.0/8"]',
            **{f"HOTLINE_{name}": value for name, value in settings.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None
        self._log_writer: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith("HOTLINE_")
        }
        return {**kept, "TMPDIR": str(self.folder / "tmp"), **self.settings}

    def start(
        self, command: str = "up", *, log_through_pipe: bool = False
    ) -> Service:
        """``log_through_pipe``: as a journal takes it, so that no limit on files stops the log."""
        (self.folder / "tmp").mkdir(exist_ok=True)
        with self.log.open("ab") as file:
            log: IO[bytes] = file
            if log_through_pipe:
                writer = subprocess.Popen(
                    ["cat"], stdin=subprocess.PIPE, stdout=file
                )
                assert writer.stdin is not None
                log, self._log_writer = writer.stdin, writer
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workers", command],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        if self._log_writer is not None:
            log.close()
        self.wait(lambda: b"Stop with Ctrl-C" in self.log.read_bytes())
        return self

    def run(
        self, *arguments: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "workers", *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=UP_SECONDS,
            check=check,
        )

    def wait(
        self, condition: Callable[[], Any], seconds: float = UP_SECONDS
    ) -> Any:
        """Poll until ``condition`` is true; fails with the log when time is up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            if self.process is not None and self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(
            f"waited in vain; log:\n{self.log.read_text()[-4000:]}"
        )

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(60)
        if self._log_writer is not None:
            self._log_writer.wait(60)
        return code

    def children(self) -> dict[str, int]:
        """Process ids of the tree's children by their command."""
        assert self.process is not None
        found = {}
        for child in psutil.Process(self.process.pid).children():
            try:
                words = child.cmdline()
                name = _name_of(words) or child.name()
            except psutil.Error:  # it is just ending
                continue
            found[name] = child.pid
        return found

    def post_report(self, **report: Any) -> str:
        answer = httpx.post(
            f"{self.url}/api/v1/reports",
            json={"language": "en", **report},
            timeout=60,
            trust_env=False,
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["receipt"])

    def status(self, receipt: str) -> dict[str, Any]:
        answer = httpx.post(
            f"{self.url}/api/v1/reports/status",
            json={"receipt": receipt},
            timeout=60,
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Read the database from outside."""
        default = f"sqlite:///{self.settings['HOTLINE_DATA_DIR']}/hotline.db"
        url = self.settings.get("HOTLINE_DATABASE_URL", default)
        engine = create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1)
        )
        try:
            with engine.connect() as connection:
                return [
                    tuple(row) for row in connection.execute(text(statement))
                ]
        finally:
            engine.dispose()

    def wait_examined(self, count: int, seconds: float = UP_SECONDS) -> None:
        """Until ``count`` reported parts were examined and wait for a person."""
        question = "SELECT count(*) FROM report_part WHERE state = 'in_review'"
        self.wait(lambda: self.query(question)[0][0] == count, seconds)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Services that are stopped when the test ends."""
    made: list[Service] = []

    def make(**settings: str) -> Service:
        found = Service(tmp_path, **settings)
        made.append(found)
        return found

    yield make
    for found in made:
        if found.process is not None and found.process.poll() is None:
            found.stop()


@pytest.fixture
def shared_stores(
    postgres_url: str, redis_server: RedisServer, tmp_path: Path
) -> dict[str, str]:
    """Settings by which several services are one: the same database, Redis and keys."""
    return {
        "DATABASE_URL": postgres_url,
        "REDIS_URL": redis_server.url,
        "SECRETS_DIR": str(tmp_path / "keys"),
    }


@pytest.fixture
def jpeg() -> Callable[..., bytes]:
    """Harmless pictures with structure: coarse noise of a seed, made large."""

    def make(
        seed: int, size: tuple[int, int] = (320, 240), quality: int = 88
    ) -> bytes:
        coarse = np.random.default_rng(seed).integers(
            0, 256, (12, 16, 3), dtype=np.uint8
        )
        image = Image.fromarray(coarse, "RGB").resize(
            (320, 240), Image.Resampling.BICUBIC
        )
        buffer = io.BytesIO()
        image.resize(size, Image.Resampling.LANCZOS).save(
            buffer, "JPEG", quality=quality
        )
        return buffer.getvalue()

    return make


@dataclass
class WebHost:
    """A host on loopback: path -> (status, content type, bytes). Counts what was asked for."""

    pages: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def put(
        self,
        path: str,
        body: bytes | str,
        kind: str = "text/html",
        status: int = 200,
    ) -> str:
        data = body.encode() if isinstance(body, str) else body
        self.pages[path] = (status, kind, data)
        return self.url(path)


@pytest.fixture
def web_host() -> Iterator[WebHost]:
    host = WebHost()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            host.asked.append(self.path)
            status, kind, data = host.pages.get(
                self.path, (404, "text/html", b"Not found")
            )
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.port = server.server_address[1]
    host.put("/control", "<p>The network works.</p>")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield host
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def inbox() -> Iterator[list[dict[str, Any]]]:
    """An SMTP server; its port is in ``inbox.port`` of the first, never delivered, entry."""
    from email import message_from_bytes, policy

    from aiosmtpd.controller import Controller

    received: list[dict[str, Any]] = []

    class Sink:
        async def handle_DATA(
            self, _server: Any, _session: Any, envelope: Any
        ) -> str:
            mail = message_from_bytes(envelope.content, policy=policy.default)
            body = mail.get_body(("plain",))  # type: ignore[attr-defined]
            received.append(
                {
                    "to": list(envelope.rcpt_tos),
                    "subject": str(mail["Subject"]),
                    "id": str(mail["Message-ID"]),
                    "text": body.get_content(),
                    "attachments": {
                        part.get_filename(): part.get_content()
                        for part in mail.iter_attachments()  # type: ignore[attr-defined]
                    },
                }
            )
            return "250 OK"

    port = free_port()
    controller = Controller(Sink(), hostname="127.0.0.1", port=port)
    controller.start()
    received.append({"port": port})
    yield received
    controller.stop()


def known_networks(folder: Path, *entries: dict[str, str]) -> None:
    """Write the operator's own list of networks into a data directory."""
    target = folder / "var" / "data"
    target.mkdir(parents=True, exist_ok=True)
    lines = [
        "[[networks]]\n"
        + "".join(f"{k} = {json.dumps(v)}\n" for k, v in entry.items())
        for entry in entries
    ]
    (target / "known_networks.toml").write_text("\n".join(lines))
