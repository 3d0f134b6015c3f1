"""Redis may be wiped, or be away, at any moment: no report is lost and work goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import redis

from workers.queues.pools import Pool


def test_reports_survive_a_wiped_and_a_dead_redis(
    service: Callable[..., Any], redis_server: Any
) -> None:
    up = service(REDIS_URL=redis_server.url).start()
    client: redis.Redis = redis_server.client()

    # The worker stands still, so that everything waits in Redis, and then Redis forgets it all.
    children = up.children()
    workers = [children[str(pool)] for pool in Pool]
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    for number in range(5):
        up.post_report(locations=[f"http://host.example/{number}"])
    up.wait(lambda: client.keys("hotline:queue:*"))
    client.flushall()
    for worker in workers:
        os.kill(worker, signal.SIGCONT)
    up.wait_examined(5, 150)

    # Redis is away altogether: reports are taken in all the same, and done when it is back.
    redis_server.stop()
    for number in range(5):
        up.post_report(locations=[f"http://host.example/x{number}"])
    redis_server.start()
    up.wait_examined(10, 150)

    assert up.query("SELECT count(*) FROM report") == [(10,)]
    assert up.query("SELECT count(*) FROM case_file") == [(10,)]
    assert up.query(
        "SELECT count(*) FROM outbox_entry WHERE dead_at IS NOT NULL"
    ) == [(0,)]
