"""``hotline up``: one tree that starts, mends itself, and stops cleanly."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from workers.queues.pools import Pool
from workers.queues.redis_server import find_server


def test_it_starts_answers_mends_itself_and_stops(
    service: Callable[..., Any],
) -> None:
    up = service().start()
    text = up.log.read_text()
    assert f"{up.url}/" in text
    assert f"{up.url}/console/" in text
    assert f"{up.url}/provider/" in text
    assert "First administrator: admin   password: " in text
    assert httpx.get(f"{up.url}/livez", trust_env=False).json() == {
        "status": "ok"
    }

    _a_second_start_is_refused(up)
    _killed_children_come_back(up)

    tree = [
        psutil.Process(up.process.pid),
        *psutil.Process(up.process.pid).children(True),
    ]
    assert up.stop() == 0
    _, alive = psutil.wait_procs(tree, timeout=10)
    assert alive == []
    assert "Stopped." in up.log.read_text()

    log = up.log.read_text()
    up.log.write_text("")
    up.start()
    assert "password" not in up.log.read_text(), (
        "the password is shown the first time only"
    )
    assert up.stop(signal.SIGINT) == 0
    assert "Traceback" not in log + up.log.read_text()


def _a_second_start_is_refused(up: Any) -> None:
    second = up.run("up", check=False)
    assert second.returncode == 1
    assert second.stderr.startswith(
        "hotline: The service is already running on "
    )
    assert len(second.stderr.splitlines()) == 1


def _killed_children_come_back(up: Any) -> None:
    before = up.children()
    server = Path(find_server()).name
    assert set(before) >= {server, "web", *Pool, "scheduler"}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    def mended() -> bool:
        now = up.children()
        return set(now) == set(before) and not set(now.values()) & set(
            before.values()
        )

    up.wait(mended)
    up.wait(lambda: _answers(f"{up.url}/readyz"))
    receipt = up.post_report(locations=["http://host.example/after-the-kill"])
    up.wait_examined(1)
    assert up.status(receipt)["parts"][0]["state"] == "in_review"


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def test_a_busy_port_is_said_before_anything_starts(
    service: Callable[..., Any],
) -> None:
    up = service()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", up.port))
        taken.listen()
        found = up.run("up", check=False)
    assert found.returncode == 1
    assert found.stderr.startswith(
        f"hotline: Port {up.port} on 127.0.0.1 cannot be used"
    )
    assert len(found.stderr.splitlines()) == 1


def test_children_die_with_a_killed_parent(
    service: Callable[..., Any],
) -> None:
    up = service().start()
    tree = psutil.Process(up.process.pid).children(True)
    assert len(tree) >= 4
    up.stop(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and any(_lives(child) for child in tree):
        time.sleep(0.1)
    assert [child for child in tree if _lives(child)] == []


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"PORT": "0"}, "port"),
        ({"COUNTRY": "ZZ"}, "ZZ"),
        ({"DATABASE_URL": "nonsense"}, "database_url"),
    ],
)
def test_wrong_settings_are_one_line(
    service: Callable[..., Any], settings: dict[str, str], words: str
) -> None:
    found = service(**settings).run("up", check=False)
    assert found.returncode in (1, 2)
    assert words in found.stderr
    assert len(found.stderr.splitlines()) == 1
