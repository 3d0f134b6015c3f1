"""A hash service on loopback that a test tells what to answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

Answer = tuple[int, bytes]


@dataclass
class HashService:
    """``answer`` gets method, path with query, headers and body; ``asked`` keeps the paths."""

    url: str = ""
    answer: Callable[[str, str, dict[str, str], bytes], Answer] = lambda *_: (
        404,
        b"",
    )
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def hash_service() -> Iterator[HashService]:
    service = HashService()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(
                int(self.headers.get("Content-Length") or 0)
            )
            service.asked.append(self.path)
            headers = {
                name.lower(): value for name, value in self.headers.items()
            }
            status, answer = service.answer(
                self.command, self.path, headers, body
            )
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}
    )
    thread.start()
    yield service
    server.shutdown()
    thread.join()
    server.server_close()
