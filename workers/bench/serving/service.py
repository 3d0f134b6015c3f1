"""One real service to measure: ``hotline up`` on a folder of its own, ended by its keeper."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from hotline.core.errors import Unavailable
from workers.bench.serving.keeper import LOG
from workers.bench.serving.load import HOST, free_port
from workers.bench.serving.servers import drop_own_settings

READY_SECONDS = 120.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """A job that was done, as a worker's log tells of it; times in seconds."""

    name: str
    waited: float = 0.0
    seconds: float = 0.0
    steps: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Job:
        return cls(
            value["job"],
            value.get("waited", 0.0),
            value.get("seconds", 0.0),
            value.get("steps", {}),
        )

    def seconds_in(self, step: str) -> float:
        return self.steps.get(step, 0.0)


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

    def read_jobs(self) -> list[Job]:
        """What the workers' log tells of every job that was done."""
        jobs = []
        for line in self.read_log().splitlines():
            if b'"job_done"' in line:
                jobs.append(Job.from_json(json.loads(line)))
        return jobs

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
        log = self.read_log().decode(errors="replace")
        lines = log.strip().splitlines()
        telling = [line for line in lines if '"level": "debug"' not in line]
        return " ".join(telling[-3:]) or "It said nothing."


@contextmanager
def open_house(settings: Mapping[str, str]) -> Iterator[House]:
    """A folder with a keeper; ``settings`` by their names without HOTLINE_."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="hotline-bench-"))
    surroundings = drop_own_settings() | {
        "HOTLINE_DATA_DIR": str(folder),
        "HOTLINE_HOST": HOST,
        "HOTLINE_PORT": str(port),
        "COLUMNS": "200",
    }
    for name, value in settings.items():
        surroundings[f"HOTLINE_{name}"] = value
    keeper = subprocess.Popen(
        [sys.executable, "-m", "workers.bench.serving.keeper", str(folder)],
        stdin=subprocess.PIPE,
        cwd=folder,
        env=surroundings,
        # A Ctrl-C at the bench's terminal would otherwise end the keeper
        # before it has tidied up.
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
