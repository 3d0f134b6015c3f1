"""The embedded Redis: the system's own program, started for this service alone.

It listens on a socket that only this user may open, on no port. No persistence at all: the outbox
is the truth, and nothing about a report may lie in a dump file.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hotline.core.errors import Misconfigured
from hotline.core.settings import SOCKET

PROGRAMS = ("redis-server", "valkey-server")
"""Either will do: Valkey speaks Redis's protocol and takes the same arguments."""


def find_server() -> str:
    """Path of the system's Redis or Valkey."""
    for program in PROGRAMS:
        path = shutil.which(program)
        if path:
            return path
    raise Misconfigured(
        "Neither redis-server nor valkey-server was found.",
        hint="Install one (sudo apt-get install redis-server), or set HOTLINE_REDIS_URL.",
    )


LONGEST_SOCKET = 107
"""Bytes of a socket's path, by ``sun_path`` of Linux's ``unix(7)``, without the closing zero."""


def command(run_dir: Path) -> list[str]:
    """Arguments that start it on a socket in ``run_dir``, reachable by this user only."""
    length = len(os.fsencode(run_dir / SOCKET))
    if length > LONGEST_SOCKET:
        raise Misconfigured(
            f"The path of Redis's socket has {length} bytes; {LONGEST_SOCKET} are the most.",
            hint="Choose a shorter HOTLINE_DATA_DIR, or set HOTLINE_REDIS_URL.",
        )
    return [
        find_server(),
        *("--port", "0"),
        # The socket's name is meant from ``dir``. The server shows it in its list of clients, whose
        # fields stand apart by spaces: a path with one in it no worker could read.
        *("--dir", str(run_dir)),
        *("--unixsocket", SOCKET),
        *("--unixsocketperm", "700"),
        *("--save", ""),
        *("--appendonly", "no"),
        *("--loglevel", "warning"),
        *("--logfile", str(run_dir / "redis.log")),
        *("--databases", "1"),
    ]
