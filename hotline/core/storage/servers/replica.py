"""A copy of the database that is read for figures and search, and never for a decision.

A copy lags behind, and one that was cut off lags behind for ever without saying so. The service
itself writes a row every few seconds (``write_mark``): what the copy has of it tells how old the
copy is, whatever made it. One that is too old, or does not answer, is left alone for a while, and
the database itself is asked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hotline.core.storage.database import Database
from hotline.core.storage.servers.write_mark import MARK_ID, WriteMark

MOST_LAG = timedelta(seconds=30)
"""Six beats of the mark: a figure of half a minute ago is a figure of today."""
LEFT_ALONE_SECONDS = 30.0
LOOK_SECONDS = 60.0
log = structlog.get_logger(__name__)


class Replica:
    """Sessions that read: of the copy while it is good, else of the database itself."""

    def __init__(
        self,
        database: Database,
        url: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._copy = (
            Database(url, only_reading=True, look_seconds=LOOK_SECONDS)
            if url
            else None
        )
        self._clock = clock
        self._left_alone_until = 0.0
        self._lock = threading.Lock()

    @contextmanager
    def looking(self, now: datetime) -> Iterator[Session]:
        """For what is shown and nothing else: whoever acts on it reads the database once more."""
        # Asked each time: a copy that was cut off falls behind without an
        # error.
        source = self._copy if self._is_good(now) else None
        with (source or self._database).reading() as session:
            yield session

    def dispose(self) -> None:
        if self._copy is not None:
            self._copy.dispose()

    def _is_good(self, now: datetime) -> bool:
        if self._copy is None or self._clock() < self._left_alone_until:
            return False
        fault = self._find_fault(self._copy, now)
        if fault:
            with self._lock:
                self._left_alone_until = self._clock() + LEFT_ALONE_SECONDS
            log.warning("replica_left_alone", reason=fault)
        return not fault

    @staticmethod
    def _find_fault(copy: Database, now: datetime) -> str:
        try:
            lag = measure_replica_lag(copy, now)
        except SQLAlchemyError as error:
            return type(error).__name__
        if lag is None:
            return "it has never been written to"
        return f"{lag} behind" if lag > MOST_LAG else ""


def measure_replica_lag(copy: Database, now: datetime) -> timedelta | None:
    """How old what the copy knows is; None where it has no mark of the service."""
    with copy.reading() as session:
        mark = session.get(WriteMark, MARK_ID)
    # Clocks of two machines differ a little; no copy is ahead of what it
    # copies.
    return None if mark is None else max(now - mark.touched_at, timedelta())


def ask_replica_lag(url: str, now: datetime) -> timedelta | None:
    """The same of the copy at ``url``, for whoever watches it; None also where it is silent."""
    copy = Database(url, only_reading=True)
    try:
        return measure_replica_lag(copy, now)
    except SQLAlchemyError:
        return None
    finally:
        copy.dispose()
