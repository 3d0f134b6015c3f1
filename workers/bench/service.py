"""One real service to measure: ``hotline up`` on a folder of its own, ended by its keeper."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from hotline.core.errors import Unavailable
from workers.bench.keeper import LOG
from workers.bench.load import HOST, free_port

READY_SECONDS = 120.0
POLL_SECONDS = 0.1


class House:
    """Settings are given to this process, too, so that both sides read the same."""

    def __init__(
        self, folder: Path, keeper: subprocess.Popen[bytes], port: int
    ) -> None:
        self.folder, self.port = folder, port
        self._keeper = keeper

    def start_service(self) -> float:
        """Have the keeper start ``hotline up``; the seconds until every part was ready."""
        assert self._keeper.stdin is not None
        begun = time.perf_counter()
        self._keeper.stdin.write(b"up\n")
        self._keeper.stdin.flush()
        while time.perf_counter() - begun < READY_SECONDS:
            if b"Stop with Ctrl-C" in self.read_log() and self._is_ready():
                return time.perf_counter() - begun
            if (
                b"hotline: " in self.read_log()
                or self._keeper.poll() is not None
            ):
                break
            time.sleep(POLL_SECONDS)
        raise Unavailable(
            "The service to measure did not start.", hint=self.last_words()
        )

    def read_log(self) -> bytes:
        log = self.folder / LOG
        return log.read_bytes() if log.exists() else b""

    def read_jobs(self) -> list[dict[str, Any]]:
        """What the workers' log tells of every job that was done."""
        lines = [
            line
            for line in self.read_log().splitlines()
            if b'"job_done"' in line
        ]
        return [json.loads(line) for line in lines]

    def _is_ready(self) -> bool:
        try:
            answer = httpx.get(
                f"http://{HOST}:{self.port}/readyz", timeout=5, trust_env=False
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    def last_words(self) -> str:
        """What the service complained of, for whoever has to find out why."""
        lines = self.read_log().decode(errors="replace").strip().splitlines()
        lines = [line for line in lines if '"level": "debug"' not in line]
        return " ".join(lines[-3:]) or "It said nothing."


@contextmanager
def open_house(settings: Mapping[str, str]) -> Iterator[House]:
    """A folder with a keeper; ``settings`` by their names without HOTLINE_."""
    port, folder = free_port(), Path(tempfile.mkdtemp(prefix="hotline-bench-"))
    given = {f"HOTLINE_{name}": value for name, value in settings.items()}
    plain = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HOTLINE_")
    }
    surroundings = plain | {
        "HOTLINE_DATA_DIR": str(folder),
        "HOTLINE_HOST": HOST,
        "HOTLINE_PORT": str(port),
        "COLUMNS": "200",
        **given,
    }
    keeper = subprocess.Popen(
        [sys.executable, "-m", "workers.bench.keeper", str(folder)],
        stdin=subprocess.PIPE,
        cwd=folder,
        env=surroundings,
        start_new_session=True,
    )
    home = House(folder, keeper, port)
    try:
        yield home
    except Unavailable as error:
        raise Unavailable(
            error.message, hint=error.hint or home.last_words()
        ) from error
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait()
