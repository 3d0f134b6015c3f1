"""A limit holds for all machines together, and without Redis for each of them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import httpx

from tests.conftest import RedisServer
from tests.system.conftest import Service
from workers.queues.shared_counts import EVERY_SECONDS

LIMIT = 12
RECEIPT = "0000-0000-0000-0000"


def look_up(service: Service) -> int:
    answer = httpx.post(
        f"{service.url}/api/v1/reports/status",
        json={"receipt": RECEIPT},
        timeout=60,
        trust_env=False,
    )
    return answer.status_code


def set_limit(folder: Path) -> None:
    shipped = files("hotline.intake") / "data" / "limits.toml"
    limits = re.sub(
        r"lookups_of_one = \d+",
        f"lookups_of_one = {LIMIT}",
        shipped.read_text(),
    )
    target = folder / "var" / "data"
    target.mkdir(parents=True)
    (target / "limits.toml").write_text(limits)


def test_a_limit_is_one_for_all_machines(
    shared_stores: dict[str, str],
    redis_server: RedisServer,
    tmp_path: Path,
    service: Callable[..., Service],
) -> None:
    set_limit(tmp_path)
    first = service(**shared_stores).start()
    (tmp_path / "second").mkdir()
    set_limit(tmp_path / "second")
    second = Service(tmp_path / "second", **shared_stores)
    try:
        second.start()
        time.sleep(4 * EVERY_SECONDS)  # until both count in one window
        for _ in range(LIMIT):
            assert look_up(first) == 404
        # Alone, the second one would answer ``LIMIT`` times.
        answers: list[int] = []
        second.wait(lambda: answers.append(look_up(second)) or 429 in answers)
        assert answers.count(404) < LIMIT

        redis_server.stop()
        assert look_up(second) == 429
        assert first.post_report(locations=["https://host.example/a"])
        assert second.post_report(locations=["https://host.example/b"])
    finally:
        redis_server.start()
        second.stop()
