"""Redis: how work that the outbox holds reaches a worker. May fail, or lie, at any time.

A pool's queue is one sorted set of ids of outbox rows, first what is most urgent, then what came
first. An id is all that is ever read from there: which job it is for, with what, and whether it is
to be done at all, the worker finds in the database. Whoever reaches Redis can delay work and no
more.
"""

from __future__ import annotations

import queue
import re
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import redis
import structlog

from hotline.core.logs import origin_of
from hotline.core.settings import Settings
from hotline.core.storage import outbox
from hotline.core.storage.database import Database
from hotline.core.storage.outbox import Note
from workers.queues.pools import POOL_OF_JOB, Pool, rank_of
from workers.queues.redis_connection import connect

log = structlog.get_logger(__name__)

# Below outbox.LEASE, so that a handed-over row never runs twice at once.
JOB_SECONDS = 110
# How long a row counts as being with a worker that says nothing more: longer than it may be at it.
IN_HAND_SECONDS = JOB_SECONDS + 5
HEARTBEAT_SECONDS = 10
ALIVE_SECONDS = 60
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
# A worker waits this long for work before it looks whether it is to stop. Below READ_SECONDS.
WAIT_SECONDS = 1
# Ids of one rank are taken by their time: a rank must weigh more than any time in seconds.
RANK_WEIGHT = 1e11

# Exactly as ``str(uuid.UUID)`` writes it: 36 bytes, lower case.
_ID = re.compile(
    rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)


def queue_key(pool: Pool) -> str:
    return f"hotline:queue:{pool}"


def in_hand_key(entry_id: uuid.UUID) -> str:
    return f"hotline:in-hand:{entry_id}"


def alive_key(host: str, pid: int | str) -> str:
    return f"hotline:worker:{host}:{pid}"


def read_id(member: object) -> uuid.UUID | None:
    """The id of an outbox row, or None for whatever else lay in the queue."""
    if isinstance(member, bytes) and _ID.fullmatch(member):
        return uuid.UUID(member.decode("ascii"))
    return None


class Transport:
    """Hands outbox rows over. Where Redis is away it says so and leaves them to the sweeper."""

    def __init__(self, settings: Settings) -> None:
        self._connection = connect(settings)
        self._paused_until = 0.0

    def after_commit(self, notes: Sequence[str]) -> None:
        """``notes`` are as ``outbox.post_work`` leaves them."""
        if time.monotonic() < self._paused_until:
            return
        fresh: dict[Pool, dict[str, float]] = defaultdict(dict)
        now = time.time()
        for written in notes[:HANDED_OVER_AT_ONCE]:
            note = Note.parse(written)
            pool = POOL_OF_JOB.get(note.job)
            if pool is not None:
                fresh[pool][str(note.entry_id)] = _score(note.queue, now)
        try:
            with self._connection.pipeline(transaction=False) as pipeline:
                for pool, members in fresh.items():
                    # "nx": a row that is there already keeps the place that it
                    # has waited for.
                    pipeline.zadd(queue_key(pool), members, nx=True)
                pipeline.execute()
        except redis.RedisError as error:
            self._is_away(error)

    def hand_over(
        self, job: str, name: str, entry_id: uuid.UUID
    ) -> bool | None:
        """Put one row on its pool's queue unless it is there; False if Redis is away.

        None where a worker is at the row right now: whether that ends well is not known yet.
        """
        pool = POOL_OF_JOB.get(job)
        # A row of another version: a person finds it among what is overdue.
        if pool is None:
            return None
        try:
            if self._connection.exists(in_hand_key(entry_id)):
                return None
            self._connection.zadd(
                queue_key(pool),
                {str(entry_id): _score(name, time.time())},
                nx=True,
            )
        except redis.ResponseError as error:
            log.error(
                "queue_unusable", pool=str(pool), error=type(error).__name__
            )
            return False
        except redis.RedisError as error:
            self._is_away(error)
            return False
        return True

    def _is_away(self, error: redis.RedisError) -> None:
        self._paused_until = time.monotonic() + PAUSE_SECONDS
        log.warning("redis_unreachable", error=type(error).__name__)

    def sweep(self, database: Database, now: datetime) -> int:
        """Hand over what was left behind; returns how many rows."""
        with database.writing() as session:
            count = 0
            for entry in outbox.left_behind(session, now=now):
                handed = self.hand_over(entry.job, entry.queue, entry.id)
                # Redis is away, so that every further row would only wait for
                # the same error.
                if handed is False:
                    break
                if handed:
                    # Only what was handed over: what a worker has in hand
                    # comes back here if it dies.
                    entry.handed_at = now
                    count += 1
            return count


class Inbox:
    """Where a worker process takes ids from: the queues of its pools."""

    def __init__(self, settings: Settings, pools: Iterable[Pool]) -> None:
        self._connection = connect(settings)
        self._keys = [queue_key(pool) for pool in pools]

    def take(self, *, wait: bool) -> uuid.UUID | None:
        """The next id, now in this worker's hand; None if there is none for it.

        ``RedisError`` where Redis is away. What is no id is dropped, and so is an id that another
        worker has in hand.
        """
        member = self._pop(wait)
        if member is None:
            return None
        entry_id = read_id(member)
        if entry_id is None:
            log.warning("strange_entry_dropped", length=len(member))
            return None
        # The same id can come twice, by the web process and by the sweeper.
        is_free = self._connection.set(
            in_hand_key(entry_id), 1, nx=True, ex=IN_HAND_SECONDS
        )
        return entry_id if is_free else None

    def put_down(self, entry_id: uuid.UUID) -> None:
        """It ended, well or not: the outbox row says how. Without Redis the mark runs out."""
        try:
            self._connection.delete(in_hand_key(entry_id))
        except redis.RedisError as error:
            log.warning("redis_unreachable", error=type(error).__name__)

    def is_empty(self) -> bool:
        return not any(self._connection.exists(key) for key in self._keys)

    def ping(self) -> None:
        self._connection.ping()

    def _pop(self, wait: bool) -> Any:
        for key in self._keys:
            try:
                first = self._connection.zpopmin(key)
            except redis.ResponseError as error:
                self._replace(key, error)
                continue
            if first:
                return first[0][0]
        if not wait:
            return None
        try:
            came = self._connection.bzpopmin(self._keys, timeout=WAIT_SECONDS)
        except redis.ResponseError:
            # The next look finds which of them it is.
            return None
        return came[1] if came else None

    def _replace(self, key: str, error: redis.ResponseError) -> None:
        """Something else than a queue lies under its name: nothing of ours is lost with it."""
        if "WRONGTYPE" not in str(error):
            raise error
        log.warning("strange_queue_dropped", queue=key)
        self._connection.delete(key)


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
        # Not before the first note: the server forks its processes, and a fork has no threads.
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._carry, daemon=True
                    )
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
            held.sort(key=lambda one: rank_of(Note.parse(one[1]).queue))
            first, held = (
                held[:CARRIED_AT_ONCE],
                held[CARRIED_AT_ONCE:HELD_BY_COURIER],
            )
            try:
                self._transport.after_commit([note for _, note in first])
            except Exception as error:
                # The thread must outlive it; the sweeper has the rest.
                log.error(
                    "courier_failed",
                    error=type(error).__name__,
                    where=origin_of(error),
                )
            time.sleep(CARRIED_EVERY_SECONDS)


def _score(name: str, at: float) -> float:
    return rank_of(name) * RANK_WEIGHT + at
