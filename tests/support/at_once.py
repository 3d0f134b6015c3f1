"""What happens in the same moment: acts that begin together, and one that waits for a lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import text

from hotline.core.storage.database import Database

T = TypeVar("T")
WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


def run_at_once(*acts: Callable[[], T]) -> list[T | Exception]:
    """What came of each act, in their order: what it returned, or what it raised."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T | Exception:
        gate.wait()
        try:
            return act()
        except Exception as fault:
            return fault

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def results_at_once(*acts: Callable[[], T]) -> list[T]:
    """What each act returned; none of them may raise anything."""
    results = []
    for result in run_at_once(*acts):
        if isinstance(result, Exception):
            raise result
        results.append(result)
    return results


def endings_at_once(*acts: Callable[[], object]) -> list[str]:
    """How each act ended, sorted: the name of what it raised, or ``done``."""
    return sorted(
        type(result).__name__ if isinstance(result, Exception) else "done"
        for result in run_at_once(*acts)
    )


def start_behind(database: Database, act: Callable[[], T]) -> Future[T]:
    """Start an act in a thread, and come back once it waits for a lock that the caller holds.

    On PostgreSQL only. ``result()`` of what is returned is what the act returned, or raises what it
    raised.
    """
    pool = ThreadPoolExecutor(1)
    begun = pool.submit(act)
    pool.shutdown(wait=False)
    with database.engine.connect() as connection:
        watcher = connection.execution_options(isolation_level="AUTOCOMMIT")
        while not watcher.scalar(WAITING):
            assert not begun.done(), "it ended without waiting for a lock"
            time.sleep(0.01)
    return begun
