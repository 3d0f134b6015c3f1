"""Processes that count floods together: what each knows, and what Redis can spoil."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hotline.core.context import Context
from hotline.intake.flood.limits import Counters
from tests.conftest import RedisServer
from workers.queues.shared_counts import SALT_KEY, SharedCounts

WINDOW = 600.0
ADDRESS = "198.51.100.77"


@dataclass
class Process:
    """One of several web processes, without its pages."""

    counters: Counters
    shared: SharedCounts

    def hit(self, now: float = 0.0, address: str = ADDRESS) -> int:
        return self.counters.hit("report", address, now=now)

    def exchange(self, now: float = 0.0) -> None:
        self.shared.exchange(now)


@pytest.fixture
def make_process(
    make_context: Callable[..., Context], redis_server: RedisServer
) -> Callable[[], Process]:
    settings = make_context(redis_url=redis_server.url).settings

    def make() -> Process:
        counters = Counters(WINDOW, b"a key of the service")
        guard = cast(Any, SimpleNamespace(counters=counters))
        return Process(counters, SharedCounts(settings, guard))

    return make


def meet(*processes: Process) -> None:
    """They are in one window from here on."""
    for process in processes:
        process.exchange()


def test_what_came_to_one_counts_at_the_other(
    make_process: Callable[[], Process],
) -> None:
    first, second = make_process(), make_process()
    meet(first, second)
    for expected in (1, 2, 3):
        assert first.hit() == expected
    first.exchange()
    assert second.hit() == 1  # it has not asked yet
    second.exchange()
    assert second.hit() == 5
    assert second.hit(address="192.0.2.1") == 1
    second.exchange()
    assert [first.hit(), first.hit()] == [4, 5]
    first.exchange()
    assert first.hit() == 8  # 6 here, 2 there


def test_nothing_is_told_twice(make_process: Callable[[], Process]) -> None:
    first, second = make_process(), make_process()
    meet(first, second)
    for _ in range(4):
        first.hit()
        first.exchange()
        first.exchange()
    second.hit()
    second.exchange()
    assert second.hit() == 6


def test_a_window_ends_for_all(make_process: Callable[[], Process]) -> None:
    first, second = make_process(), make_process()
    meet(first, second)
    first.hit()
    first.exchange()
    salt = first.counters.share(0).salt
    assert second.counters.share(0).salt == salt
    assert first.hit(now=WINDOW) == 1
    assert first.counters.share(WINDOW).salt != salt


def test_each_counts_alone_while_redis_is_away(
    make_process: Callable[[], Process], redis_server: RedisServer
) -> None:
    first, second = make_process(), make_process()
    meet(first, second)
    first.hit()
    first.exchange()
    second.hit()
    second.exchange()
    redis_server.stop()
    assert [first.hit(), first.hit()] == [2, 3]
    first.exchange()
    assert second.hit() == 3
    second.exchange()
    # It comes back and has forgotten everything.
    redis_server.start()
    first.exchange()
    second.exchange()
    assert second.hit() == 4
    second.exchange()
    first.hit()
    first.exchange()
    # What was told before is known still; what was told since is added.
    assert first.hit() >= 5


def test_redis_has_no_address_and_no_key(
    make_process: Callable[[], Process], redis_server: RedisServer
) -> None:
    process = make_process()
    process.hit()
    process.exchange()
    process.hit()
    process.exchange()
    client = redis_server.client()
    assert len(client.keys("hotline:flood:*")) == 2
    for key in client.keys("*"):
        assert 0 < client.pttl(key) <= WINDOW * 1000
        assert ADDRESS.encode() not in key + (client.dump(key) or b"")
    salt = client.get(SALT_KEY)
    without_the_key = Counters(WINDOW)
    without_the_key.take_over(salt, WINDOW, 0)
    without_the_key.hit("report", ADDRESS, now=0)
    (guessed,) = without_the_key.share(0).untold
    (kept,) = process.counters._counts
    assert guessed != kept


def test_what_lies_under_the_name_of_the_salt_stops_nobody(
    make_process: Callable[[], Process], redis_server: RedisServer
) -> None:
    redis_server.client().lpush(SALT_KEY, "not a salt")
    process = make_process()
    assert process.hit() == 1
    process.exchange()
    assert process.hit() == 2
