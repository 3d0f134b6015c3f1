"""A job whose time is over in the middle of a fetch: its answer is never taken for another's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from triage.fetching.process.client import Fetcher
from triage.fetching.report import FetchRequest
from workers.queues.execute import OutOfTime
from workers.queues.worker import limited

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def site() -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/answers"
    server.shutdown()
    server.server_close()


def test_the_next_fetch_gets_its_own_answer(site: str) -> None:
    with socket.socket() as late, Fetcher() as fetcher:
        late.bind(("127.0.0.1", 0))
        late.listen()
        fetcher.start_child()
        slow = FetchRequest(
            url=f"http://127.0.0.1:{late.getsockname()[1]}/late",
            allowed_networks=LOOPBACK,
        )
        fetcher.fetch(
            FetchRequest(url=site, allowed_networks=LOOPBACK)
        )  # the child has started
        with pytest.raises(OutOfTime), limited(1.0):
            fetcher.fetch(slow)
        held, _ = late.accept()
        held.close()  # now the first question has its answer, too
        report = fetcher.fetch(
            FetchRequest(url=site, allowed_networks=LOOPBACK)
        )
        assert (report.final_url, report.outcome, report.status) == (
            site,
            "ok",
            200,
        )
