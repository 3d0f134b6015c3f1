"""A worker of the web server whose threads no client can hold by being slow.

gunicorn reads a request in one of a few threads, for as long as its client takes: a handful of
connections that send a byte now and then would keep everybody else out. Here a request has some
seconds, and more only as its bytes come in; what is late is treated as gone. A proxy in front does
the same, but not everybody has one.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

SECONDS = 20.0
"""For a whole request, head and body; a report on a bad mobile line is sent in a few."""
BYTES_A_SECOND = 50_000
"""What a large body has to come in with beyond that."""
SENDING_SECONDS = 30.0
"""For a client to take what it asked for."""


class TimedSocket:
    """A connected socket; its clock runs anew from each ``setblocking(True)``.

    gunicorn calls that once before it reads a request. Everything else goes to the socket itself.
    """

    def __init__(
        self,
        connected: socket.socket,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connected = connected
        self._clock = clock
        self._deadline = clock() + SECONDS

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connected, name)

    def setblocking(self, flag: bool) -> None:
        self._deadline = self._clock() + SECONDS
        self._connected.setblocking(flag)

    def recv(self, size: int, *flags: int) -> bytes:
        """What came in; nothing, as from a closed connection, when the time is up."""
        left = self._deadline - self._clock()
        if left <= 0:
            return b""
        self._connected.settimeout(left)
        try:
            data = self._connected.recv(size, *flags)
        except TimeoutError:
            return b""
        self._deadline += len(data) / BYTES_A_SECOND
        return data

    def sendall(self, data: bytes, *flags: int) -> None:
        self._connected.settimeout(SENDING_SECONDS)
        try:
            self._connected.sendall(data, *flags)
        except TimeoutError as error:
            raise ConnectionResetError from error

    def sendfile(self, file: Any, *where: Any, **given: Any) -> int:
        self._connected.settimeout(SENDING_SECONDS)
        try:
            return self._connected.sendfile(file, *where, **given)
        except TimeoutError as error:
            raise ConnectionResetError from error


class TimedWorker(ThreadWorker):  # type: ignore[misc]  # it has no types
    def handle(self, conn: TConn) -> Any:
        """In a thread, before anything of the request is read."""
        if not isinstance(conn.sock, TimedSocket):
            conn.sock = TimedSocket(conn.sock)
        return super().handle(conn)
