"""A process stops however many signals tell it to, and at whatever moment."""

from __future__ import annotations

import ast
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from workers.processes import stopping
from workers.processes.stopping import StopRequest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def kept_handlers() -> Iterator[None]:
    before = {
        number: signal.getsignal(number)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_it_wakes_whoever_waits_and_stays_set() -> None:
    stop = StopRequest()
    assert not stop.wait(0.01)
    woken: list[bool] = []
    threads = [
        threading.Thread(target=lambda: woken.append(stop.wait(30)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    started = time.monotonic()
    stop.set()
    for thread in threads:
        thread.join(10)
    assert woken == [True, True, True]
    assert time.monotonic() - started < 5
    assert stop.is_set()
    assert stop.wait(30)


@pytest.mark.usefixtures("kept_handlers")
@pytest.mark.timeout(20, method="thread")
def test_a_signal_in_the_middle_of_another_does_not_block() -> None:
    """A second signal is raised at every line of the first one's ``set``."""
    stop = StopRequest()
    stop.on_signals(signal.SIGTERM, signal.SIGINT)
    raised = 0

    def interrupt(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal raised
        if frame.f_code.co_filename not in (
            stopping.__file__,
            threading.__file__,
        ):
            return None
        if event == "line" and raised < 20:
            raised += 1
            os.kill(os.getpid(), signal.SIGINT)
        return interrupt

    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        stop.wait(1)
    finally:
        sys.settrace(before)
    assert raised > 2
    assert stop.is_set()


def test_no_handler_of_a_signal_sets_an_event() -> None:
    """Whoever listens to SIGTERM does so by a StopRequest."""
    found = []
    for package in ("hotline", "triage", "partners", "workers"):
        for path in (ROOT / package).rglob("*.py"):
            if path == Path(stopping.__file__):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and ast.unparse(node.func) == "signal.signal"
                ):
                    what = ast.unparse(node)
                    if ".set()" in what or ".stop()" in what:
                        found.append(f"{path.relative_to(ROOT)}: {what}")
    assert found == []
