"""A part that cannot start: it says why, comes back ever more rarely, and ends a start-up."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import structlog.testing

from hotline.core.context import Context
from hotline.core.errors import Misconfigured, Unavailable
from hotline.core.settings import load_settings
from workers.migrations.run import stamp_newest
from workers.processes import supervise, web_server
from workers.processes.supervise import (
    RESTART_WAITS,
    STEADY_SECONDS,
    Child,
    Tree,
)

DIES = (sys.executable, "-c", "raise SystemExit(3)")


def test_a_web_server_that_cannot_start_ends_the_start(
    make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise.signal, "signal", lambda *_: None)
    monkeypatch.setattr(supervise, "READY_SECONDS", 60.0)
    other = Child(
        "worker-1", (sys.executable, "-c", "import time; time.sleep(60)")
    )
    tree = Tree(make_context(port=9).settings, [Child("web", DIES), other])
    begun = time.monotonic()
    with (
        structlog.testing.capture_logs() as said,
        pytest.raises(Unavailable, match="cause stands"),
    ):
        tree.run(lambda: pytest.fail("it is not ready"))
    assert time.monotonic() - begun < supervise.READY_SECONDS
    assert [
        one["again_in_seconds"] for one in said if one["event"] == "child_died"
    ] == [
        0.5,
        1.0,
        2.0,
    ]
    assert (
        next(one for one in said if one["event"] == "child_cannot_start")[
            "times"
        ]
        == 3
    )
    assert other.process is not None and other.process.poll() is not None


def test_it_comes_back_ever_more_rarely_and_at_once_after_a_long_life(
    make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(supervise.time, "monotonic", lambda: clock[0])
    child = Child("worker-1", DIES)
    tree = Tree(make_context().settings, [child])
    waits = []
    for _ in range(9):
        tree._start(child)
        assert child.process is not None
        child.process.wait()
        tree._watch()
        waits.append(round(child.not_before - clock[0], 3))
        clock[0] = child.not_before - 0.001
        tree._watch()
        assert child.process is None  # not a moment earlier
        clock[0] = child.not_before
    assert waits == [*RESTART_WAITS[1:], 60.0, 60.0, 60.0]
    tree._start(child)
    assert child.process is not None
    child.process.wait()
    clock[0] += STEADY_SECONDS + 1
    tree._watch()
    assert child.not_before - clock[0] == pytest.approx(RESTART_WAITS[0])


def test_the_web_process_says_why_it_cannot_start(
    make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Any:
        raise Misconfigured("Data file x.toml is not valid TOML.")

    monkeypatch.setattr(web_server, "create_app", refuse)
    server = web_server.Server(make_context().settings)
    with (
        structlog.testing.capture_logs() as said,
        pytest.raises(Misconfigured),
    ):
        server.load()
    assert said[0]["event"] == "web_cannot_start"
    assert said[0]["error"] == "Data file x.toml is not valid TOML."


def test_a_database_of_another_version_is_said_before_any_process_is_forked(
    make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_context()
    stamp_newest(context.database)
    with context.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE alembic_version SET version_num = '0000'"
        )
    monkeypatch.setattr(
        web_server.Server, "run", lambda _: pytest.fail("it was started")
    )
    with pytest.raises(Misconfigured, match="hotline db upgrade"):
        web_server.serve(context.settings)


STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print(flush=True); time.sleep(60)",
)


def test_all_are_stopped_at_once_and_redis_last(
    make_context: Callable[..., Context],
) -> None:
    """Children that will not stop are given one time together, not one after the other."""
    children = [
        Child(f"worker-{number}", STUBBORN, stop_seconds=1.0)
        for number in range(8)
    ]
    sleep = (sys.executable, "-c", "import time; time.sleep(60)")
    redis = Child("redis", sleep)
    tree = Tree(make_context().settings, [redis, *children])
    for child in tree.children:
        tree._start(child)
    ended: list[str] = []
    wait = supervise._await_ends

    def note(some: Sequence[Child]) -> None:
        wait(some)
        ended.extend(child.name for child in some)

    begun = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervise, "_await_ends", note)
        tree._stop_all()
    assert time.monotonic() - begun < 5.0
    assert ended[-1] == "redis"
    assert not any(child.is_alive() for child in tree.children)


@pytest.mark.parametrize(
    ("host", "bound", "reached"),
    [
        ("127.0.0.1", "127.0.0.1:8000", "127.0.0.1:8000"),
        ("::1", "[::1]:8000", "[::1]:8000"),
        ("::", "[::]:8000", "[::1]:8000"),
        ("0.0.0.0", "0.0.0.0:8000", "127.0.0.1:8000"),
    ],
)
def test_any_address_can_be_bound_and_reached(
    host: str, bound: str, reached: str
) -> None:
    settings = load_settings(host=host)
    assert settings.public_url == f"http://{bound}"
    assert settings.reached_at == reached
    assert web_server.Server(settings).cfg.address == [(host, 8000)]
