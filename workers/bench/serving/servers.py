"""Processes to measure: our own web server and the yardstick, in a directory of theirs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from hotline.core.errors import Unavailable
from hotline.core.settings import Settings
from workers.bench.serving.load import HOST, free_port
from workers.queues import redis_server

READY_SECONDS = 60.0
WEB_WORKERS = 2
Process = subprocess.Popen[bytes]


@contextmanager
def run_servers(settings: Settings) -> Iterator[tuple[int, int]]:
    """Redis, ``hotline web`` and the bare view; yields the ports of the two."""
    ours, bare = free_port(), free_port()
    settings.run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    python = [sys.executable, "-m"]
    commands = (
        ([*python, "workers", "web"], ours),
        ([*python, "workers.bench.serving.bare"], bare),
        (redis_server.command(settings.run_dir), 0),
    )
    with ExitStack() as stack:
        started = []
        for command, port in commands:
            environment = _make_environment(settings, port)
            running = _run_process(command, environment, settings.data_dir)
            started.append(stack.enter_context(running))
        # Redis, the last of them, speaks no HTTP that could be waited for.
        for process, port in zip(started, (ours, bare), strict=False):
            _wait_for(process, port)
        yield ours, bare


def drop_own_settings() -> dict[str, str]:
    """None of the caller's settings: their database and keys are not to be measured on."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HOTLINE_")
    }


def _make_environment(settings: Settings, port: int) -> dict[str, str]:
    return drop_own_settings() | {
        "HOTLINE_DATA_DIR": str(settings.data_dir),
        "HOTLINE_DATABASE_URL": settings.database_url.get_secret_value(),
        "HOTLINE_HOST": HOST,
        "HOTLINE_PORT": str(port),
        "HOTLINE_AUDIENCES": '["public"]',
        "HOTLINE_WEB_WORKERS": str(WEB_WORKERS),
        "HOTLINE_LOG_LEVEL": "error",
    }


@contextmanager
def _run_process(
    command: list[str], environment: dict[str, str], folder: Path
) -> Iterator[Process]:
    process = subprocess.Popen(
        command, env=environment, cwd=folder, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: Process, port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        connection = HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", "/livez")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()
    raise Unavailable(
        f"No server came up on port {port}; what it said is above."
    )
