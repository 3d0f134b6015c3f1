"""Redis and RQ: how work that the outbox holds reaches a worker. May fail at any time."""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Container
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import redis
import structlog
from rq import Queue
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.job import Job, JobStatus
from rq.queue import EnqueueData
from rq.serializers import JSONSerializer

from hotline.core import outbox
from hotline.core.database import Database
from hotline.core.logs import origin
from hotline.core.settings import Settings

log = structlog.get_logger(__name__)

# In the order in which a worker looks: danger first, routine re-checks last.
PIPELINE = ("urgent", "default", "checks")
# Servers of others may be slow to answer: who waits for them must not keep a report waiting.
WEBHOOKS = "webhooks"
QUEUES = (*PIPELINE, WEBHOOKS)
RUN = "workers.execute.run"
JOB_SECONDS = 110  # below outbox.LEASE, so that a handed-over row never runs twice at once
# A bulk of ten thousand reports must not wait for as many hand-overs: the sweeper does the rest.
HANDED_OVER_AT_ONCE = 100
# What one web process hands over itself, so that a single report is on its way at once: twenty a
# second. Of a flood it holds what it can carry before the sweeper comes for it.
CARRIED_AT_ONCE = 2
CARRIED_EVERY_SECONDS = 0.1
HELD_BY_COURIER = 30
# After that the sweeper may have handed it over: two workers would begin the same work, and a
# message to others would leave twice. Below outbox.FRESH.
GOOD_FOR_SECONDS = 1.5
# After a refused connection nobody knocks again for this long: a request must not wait for Redis.
PAUSE_SECONDS = 2.0
CONNECT_SECONDS = 0.5


def connect(settings: Settings, *, blocking: bool = False) -> redis.Redis:
    """A client. ``blocking`` ones wait on a queue, so they have no read time-out of their own."""
    read_timeout = None if blocking else 2.0
    return redis.Redis.from_url(
        settings.redis, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=read_timeout
    )


class Transport:
    """Hands outbox rows to RQ. Where Redis is away it says so and leaves them to the sweeper."""

    def __init__(self, settings: Settings) -> None:
        self._connection = connect(settings)
        self._queues = {
            name: Queue(name, connection=self._connection, serializer=JSONSerializer)
            for name in QUEUES
        }
        self._paused_until = 0.0

    def after_commit(self, notes: list[str]) -> None:
        """``notes`` are ``queue:outbox id``, as ``outbox.post`` leaves them."""
        if time.monotonic() < self._paused_until:
            return
        fresh: dict[str, list[EnqueueData]] = defaultdict(list)
        for note in notes[:HANDED_OVER_AT_ONCE]:
            name, entry_id = note.split(":", 1)
            fresh[name].append(Queue.prepare_data(RUN, job_id=entry_id, **_call(entry_id)))
        try:
            with self._connection.pipeline() as pipeline:
                for name, entries in fresh.items():
                    self._queues[name].enqueue_many(entries, pipeline=pipeline)
                pipeline.execute()
        except redis.RedisError as error:
            self._is_away(error)

    def hand_over(self, name: str, entry_id: str, waiting: Container[str] = ()) -> bool | None:
        """Put one row on the queue ``name`` unless it is there; False if Redis is away.

        None where a worker is at the row right now: whether that ends well is not known yet.
        ``waiting``: what is known to be on the queue, which saves asking.
        """
        if entry_id in waiting:
            return True
        try:
            return self._enqueue(self._queues[name], entry_id)
        except redis.RedisError as error:
            self._is_away(error)
            return False

    def _is_away(self, error: redis.RedisError) -> None:
        self._paused_until = time.monotonic() + PAUSE_SECONDS
        log.warning("redis_unreachable", error=type(error).__name__)

    def sweep(self, database: Database, now: datetime) -> int:
        """Hand over what was left behind; returns how many rows."""
        with database.writing() as session:
            entries = outbox.left_behind(session, now=now)
            count, waiting = 0, self._waiting({entry.queue for entry in entries})
            for entry in entries:
                handed = self.hand_over(entry.queue, str(entry.id), waiting)
                if handed is False:
                    break
                if handed:
                    entry.handed_at = now
                    count += 1
            return count

    def _waiting(self, names: set[str]) -> set[str]:
        """What is on these queues, read once for a whole sweep: they may be long."""
        try:
            return {entry for name in names for entry in self._queues[name].get_job_ids()}
        except redis.RedisError:
            return set()

    def _enqueue(self, queue: Queue, entry_id: str) -> bool | None:
        enqueue = partial(queue.enqueue_call, RUN, job_id=entry_id, **_call(entry_id))
        try:
            enqueue(unique=True)
            return True
        except DuplicateJobError:
            pass
        try:
            job = Job.fetch(entry_id, connection=self._connection, serializer=JSONSerializer)
            status = job.get_status()
        except (NoSuchJobError, InvalidJobOperation):
            return None  # it ended in this very moment
        if status == JobStatus.QUEUED and entry_id in queue.get_job_ids():
            return True
        if status in (JobStatus.QUEUED, JobStatus.STARTED) and not _is_over(job):
            return None  # with a worker, or on its way to one
        job.delete()  # its worker was killed, or the queue was wiped around it
        enqueue()
        return True


class Courier:
    """Hands over from a thread of its own: whoever reports never waits for Redis.

    It carries a few at a time, danger first. To hand over a report takes as long as to store it, so
    that in a flood most is left to the sweeper, like what is still held when the process ends.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._notes: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def after_commit(self, notes: list[str]) -> None:
        if self._thread is None:  # not before the first note: the server forks its processes
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._carry, daemon=True)
                    self._thread.start()
        now = time.monotonic()
        for note in notes:
            self._notes.put((now, note))

    def _carry(self) -> None:
        held: list[tuple[float, str]] = []
        while True:
            if not held:
                held.append(self._notes.get())
            while not self._notes.empty():
                held.append(self._notes.get())
            since = time.monotonic() - GOOD_FOR_SECONDS
            held = [(at, note) for at, note in held if at > since]
            held.sort(key=lambda one: QUEUES.index(one[1].partition(":")[0]))
            first, held = held[:CARRIED_AT_ONCE], held[CARRIED_AT_ONCE:HELD_BY_COURIER]
            try:
                self._transport.after_commit([note for _, note in first])
            except Exception as error:  # the thread must outlive it; the sweeper has the rest
                log.error("courier_failed", error=type(error).__name__, where=origin(error))
            time.sleep(CARRIED_EVERY_SECONDS)


def _call(entry_id: str) -> dict[str, Any]:
    return {
        "args": (entry_id,),
        "timeout": JOB_SECONDS,
        "result_ttl": 0,
        "failure_ttl": 3600,
        "description": entry_id,
    }


def _is_over(job: Job) -> bool:
    """Whether a job that counts as running has been at it for longer than it may."""
    started = job.started_at or job.enqueued_at
    if started is None:
        return False
    started = started if started.tzinfo else started.replace(tzinfo=UTC)
    return datetime.now(UTC) - started > timedelta(seconds=JOB_SECONDS)
