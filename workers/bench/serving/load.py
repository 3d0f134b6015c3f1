"""A bounded load: a few clients, each with one kept connection, each waiting for its answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection

from hotline.core.errors import Unavailable

HOST = "127.0.0.1"
Visit = Callable[[HTTPConnection], None]


@dataclass
class Load:
    """What was measured so far: units done, the time that took, and each visit's seconds."""

    units: int = 0
    seconds: float = 0.0
    visits: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.units / self.seconds

    @property
    def p99_ms(self) -> float:
        """The nearest-rank 99th percentile."""
        ordered = sorted(self.visits)
        rank = int(len(ordered) * 0.99)
        last = len(ordered) - 1
        return ordered[min(last, rank)] * 1000

    def add_visits(
        self,
        port: int,
        visit: Visit,
        *,
        seconds: float,
        clients: int,
        units: int = 1,
    ) -> None:
        """Let ``clients`` visit again and again for ``seconds``; a visit does ``units``."""
        start = time.perf_counter()
        until = start + seconds

        def visit_again(_: int) -> list[float]:
            # Kept over all visits, as a proxy in front keeps its own.
            connection = HTTPConnection(HOST, port, timeout=60)
            took = []
            begun = time.perf_counter()
            while begun < until:
                visit(connection)
                ended = time.perf_counter()
                took.append(ended - begun)
                begun = ended
            connection.close()
            return took

        visits: list[float] = []
        with ThreadPoolExecutor(clients) as pool:
            for took in pool.map(visit_again, range(clients)):
                visits += took
        self.seconds += time.perf_counter() - start
        self.units += len(visits) * units
        self.visits += visits


def ask_server(
    connection: HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    *,
    expect: int,
    **headers: str,
) -> tuple[str, str]:
    """The answer's text and cookies; ``Unavailable`` where it is not the one expected."""
    named = {}
    for name, value in headers.items():
        named[name.replace("_", "-")] = value
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    text = answer.read().decode()
    # A refusal is quick, and would be counted as a very good figure.
    if answer.status != expect:
        raise Unavailable(
            f"{method} {path} answered {answer.status}, not {expect}."
        )
    cookies = []
    for cookie in answer.headers.get_all("Set-Cookie") or []:
        pair, _, _ = cookie.partition(";")
        cookies.append(pair)
    return text, "; ".join(cookies)


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
