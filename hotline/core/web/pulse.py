"""Whether this process can store anything: it tries every few seconds, and remembers how it went.

A full disk, a database that was turned read-only or a lock that nobody lets go all answer reading
as ever, so that only a write tells. A thread of each web process writes, and not the request that
asks: whoever can reach ``/readyz`` could else have the database write as often as they like. It is
not the scheduler that writes either: that one may have died while reports are still taken in, and
then the form must not be taken off the net.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

import structlog

from hotline.core.context import utc_now
from hotline.core.logs import origin_of
from hotline.core.storage.database import SQLITE_BUSY_MS, Database
from hotline.core.storage.servers.write_mark import touch_mark

BEAT_SECONDS = 5.0
SILENT_SECONDS = SQLITE_BUSY_MS / 1000 + 3 * BEAT_SECONDS
"""Longer than a writer may have to wait its turn behind a large import."""
log = structlog.get_logger(__name__)


class Pulse:
    """The write of one process. Until the first beat it is taken to be well."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clock = clock
        self._written_at = clock()
        self._failed = False

    def start(self) -> None:
        """Beat from now on in a thread; to be called after a server's fork."""
        threading.Thread(target=self._beat_forever, daemon=True).start()

    def beat(self, now: datetime) -> None:
        """Write once, and remember whether it worked."""
        try:
            with self._database.writing() as session:
                touch_mark(session, now)
        # The thread has to outlive whatever this is: the next beat tells
        # whether it passed.
        except Exception as error:
            self._failed = True
            log.error(
                "nothing_can_be_stored",
                error=type(error).__name__,
                where=origin_of(error),
            )
            return
        self._failed = False
        self._written_at = self._clock()

    def find_fault(self, _: datetime) -> str:
        """What is wrong, for the readiness check; "" when the last write is not long ago."""
        silent = self._clock() - self._written_at > SILENT_SECONDS
        if self._failed or silent:
            return "the database takes nothing"
        return ""

    def _beat_forever(self) -> None:
        while True:
            self.beat(utc_now())
            time.sleep(BEAT_SECONDS)
