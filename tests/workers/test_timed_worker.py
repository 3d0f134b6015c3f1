"""Slow clients hold no thread: the form answers while many of them sit there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from hotline.core.context import Context
from workers.processes import timed_worker
from workers.processes.timed_worker import TimedSocket

SERVE = """
import sys
from hotline.core.settings import load_settings
from workers.processes import timed_worker
from workers.processes.web_server import serve
timed_worker.SECONDS = 1.0
serve(load_settings())
"""
UNFINISHED = (
    b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    b"POST /report/all HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nlocations=",
)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        yield ours, theirs


def test_bytes_buy_time_and_silence_does_not(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    passed = [0.0]
    timed = TimedSocket(ours, lambda: passed[0])
    theirs.sendall(b"x" * timed_worker.BYTES_A_SECOND)
    got = 0
    while got < timed_worker.BYTES_A_SECOND:
        got += len(timed.recv(65_536))
    passed[0] = timed_worker.SECONDS + 0.9
    theirs.sendall(b"y")
    assert timed.recv(10) == b"y"
    passed[0] = timed_worker.SECONDS + 1.1
    theirs.sendall(b"z")
    assert timed.recv(10) == b"", "its time is up"
    timed.setblocking(True)
    assert timed.recv(10) == b"z", "the next request has its own"


def test_who_does_not_take_an_answer_is_let_go(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed_worker, "SENDING_SECONDS", 0.1)
    with pytest.raises(ConnectionResetError):
        TimedSocket(pair[0]).sendall(b"x" * 50_000_000)


@pytest.fixture
def port(make_context: Callable[..., Context]) -> Iterator[int]:
    """A real server of four threads that gives a request one second."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        number = int(probe.getsockname()[1])
    context = make_context()
    environment = {
        "HOTLINE_DATA_DIR": str(context.settings.data_dir),
        "HOTLINE_PORT": str(number),
        "HOTLINE_WEB_WORKERS": "1",
        "HOTLINE_AUDIENCES": '["public"]',
    }
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE], env={**os.environ, **environment}
    )
    try:
        for _ in range(300):
            if is_answered(number, "/livez", seconds=2):
                break
            time.sleep(0.1)
        yield number
    finally:
        server.terminate()
        server.wait(20)


def is_answered(port: int, path: str, *, seconds: float) -> bool:
    try:
        answer = httpx.get(
            f"http://127.0.0.1:{port}{path}", timeout=seconds, trust_env=False
        )
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


@pytest.mark.parametrize("beginning", UNFINISHED, ids=["head", "body"])
def test_the_form_answers_beside_many_slow_clients(
    port: int, beginning: bytes
) -> None:
    with ExitStack() as stack:
        slow = []
        for _ in range(12):
            client = socket.create_connection(("127.0.0.1", port))
            stack.enter_context(closing(client))
            client.sendall(beginning)
            slow.append(client)
        assert is_answered(port, "/report/all", seconds=30)
        for client in slow:
            client.settimeout(30)
            while client.recv(65_536):
                pass  # an answer of 400 at most, and then the end
