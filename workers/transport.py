"""Redis and RQ: how work that the outbox holds reaches a worker. May fail at any time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import partial

import redis
import structlog
from rq import Queue
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from hotline.core import outbox
from hotline.core.database import Database
from hotline.core.settings import Settings

log = structlog.get_logger(__name__)

# In the order in which a worker looks: danger first, routine re-checks last.
QUEUES = ("urgent", "default", "checks")
RUN = "workers.execute.run"
JOB_SECONDS = 110  # below outbox.LEASE, so that a handed-over row never runs twice at once
# A bulk of ten thousand reports must not wait for as many hand-overs: the sweeper does the rest.
HANDED_OVER_AT_ONCE = 100
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
        for note in notes[:HANDED_OVER_AT_ONCE]:
            queue, entry_id = note.split(":", 1)
            if self.hand_over(queue, entry_id) is False:
                return

    def hand_over(self, queue: str, entry_id: str) -> bool | None:
        """Put one row on its queue unless it is there; False if Redis is away.

        None where a worker is at the row right now: whether that ends well is not known yet.
        """
        try:
            return self._enqueue(self._queues[queue], entry_id)
        except redis.RedisError as error:
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            log.warning("redis_unreachable", error=type(error).__name__)
            return False

    def sweep(self, database: Database, now: datetime) -> int:
        """Hand over what was left behind; returns how many rows."""
        with database.writing() as session:
            entries = outbox.left_behind(session, now=now)
            count = 0
            for entry in entries:
                handed = self.hand_over(entry.queue, str(entry.id))
                if handed is False:
                    break
                if handed:
                    entry.handed_at = now
                    count += 1
            return count

    def _enqueue(self, queue: Queue, entry_id: str) -> bool | None:
        enqueue = partial(
            queue.enqueue_call,
            RUN,
            args=(entry_id,),
            job_id=entry_id,
            timeout=JOB_SECONDS,
            result_ttl=0,
            failure_ttl=3600,
            description=entry_id,
        )
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


def _is_over(job: Job) -> bool:
    """Whether a job that counts as running has been at it for longer than it may."""
    started = job.started_at or job.enqueued_at
    if started is None:
        return False
    started = started if started.tzinfo else started.replace(tzinfo=UTC)
    return datetime.now(UTC) - started > timedelta(seconds=JOB_SECONDS)
