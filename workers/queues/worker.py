"""One job worker process: jobs run in it, the fetcher in a child of its own.

It takes one id after the other from the queues of its pools. The id is looked up in the outbox, and
the row there names one of the jobs that this process knows; nothing else can be asked of it.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import redis
import structlog

from hotline.core.errors import Unavailable
from hotline.core.logs import origin_of
from hotline.core.settings import Settings
from workers.processes.stopping import StopRequest
from workers.queues import tools as toolbox
from workers.queues.execute import OutOfTime, execute
from workers.queues.jobs import jobs_of
from workers.queues.pools import Pool
from workers.queues.redis_connection import connect
from workers.queues.transport import (
    ALIVE_SECONDS,
    HEARTBEAT_SECONDS,
    JOB_SECONDS,
    Inbox,
    alive_key,
)

log = structlog.get_logger(__name__)

# The end of a job's time is told again until it is heard, and then the process ends itself: it is
# stuck in a call of the system that nothing can interrupt, and its parent starts another one.
TOLD_AGAIN_SECONDS = 5.0
STUCK_SECONDS = JOB_SECONDS + 30
AWAY_SECONDS = 1.0
STUCK_CODE = 70


class Worker:
    """Takes and does work until it is told to stop; what it has begun is finished first."""

    def __init__(
        self, tools: toolbox.Tools, inbox: Inbox, pools: Sequence[Pool]
    ) -> None:
        self._tools = tools
        self._inbox = inbox
        self._jobs = jobs_of(pools)
        self.stop = StopRequest()
        self._began: float | None = None

    def run(self, *, burst: bool = False) -> None:
        """With ``burst``, until the queues are empty; ``Unavailable`` if Redis is away then."""
        while not self.stop.is_set():
            try:
                entry_id = self._inbox.take(wait=not burst)
                if entry_id is None and burst and self._inbox.is_empty():
                    return
            except redis.RedisError as error:
                if burst:
                    raise Unavailable("Redis does not answer.") from None
                log.warning("redis_unreachable", error=type(error).__name__)
                self.stop.wait(AWAY_SECONDS)
                continue
            if entry_id is not None:
                self._do(entry_id)

    def _do(self, entry_id: uuid.UUID) -> None:
        """Whatever goes wrong, the process goes on: the sweeper brings the row again."""
        self._began = time.monotonic()
        try:
            with limited(JOB_SECONDS):
                execute(self._tools, entry_id, self._jobs)
        except (Exception, OutOfTime) as error:
            # The failure itself could not be written down.
            log.error(
                "row_left_behind",
                error=type(error).__name__,
                where=origin_of(error),
            )
        finally:
            self._began = None
            self._inbox.put_down(entry_id)

    def beat(self, settings: Settings) -> None:
        """Say to Redis that this process lives, and end it where it is stuck for good."""
        connection = connect(settings)
        key = alive_key(socket.gethostname(), os.getpid())
        while True:
            began = self._began
            if began is not None and time.monotonic() - began > STUCK_SECONDS:
                log.error("worker_stuck", seconds=STUCK_SECONDS)
                # Nothing gentler ends a thread that is stuck in the system.
                os._exit(STUCK_CODE)
            # That Redis is away is said by the loop that takes the work.
            with suppress(redis.RedisError):
                connection.set(key, 1, ex=ALIVE_SECONDS)
            if self.stop.wait(HEARTBEAT_SECONDS):
                return


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """``OutOfTime`` within, after ``seconds``. In the main thread of a process only."""

    def ring(*_: object) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, TOLD_AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def work(
    settings: Settings,
    *,
    pools: Sequence[Pool] = tuple(Pool),
    burst: bool = False,
) -> None:
    """Take jobs until told to stop; with ``burst``, until the queues are empty."""
    tools = toolbox.build_tools(settings)
    try:
        tools.prepare(pools)
        worker = Worker(tools, Inbox(settings, pools), pools)
        worker.stop.on_signals(signal.SIGTERM, signal.SIGINT)
        threading.Thread(
            target=worker.beat, args=(settings,), daemon=True
        ).start()
        # A burst ends by itself soon, and nobody should expect its machine
        # afterwards.
        if not burst:
            tools.keep_watch(pools)
        worker.run(burst=burst)
    finally:
        tools.close()
