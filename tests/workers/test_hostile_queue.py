"""Whoever reaches Redis can put anything there: known jobs run for their own rows, and no more."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.jobs.task import Task
from hotline.core.storage import outbox
from hotline.core.storage.outbox import OutboxEntry
from workers.queues import worker as workers_loop
from workers.queues.execute import OutOfTime
from workers.queues.pools import Pool
from workers.queues.tools import Tools
from workers.queues.transport import (
    Inbox,
    Transport,
    in_hand_key,
    queue_key,
    read_id,
)
from workers.queues.worker import Worker, limited

NOW = datetime.now(UTC) - timedelta(minutes=1)
POOLS = (Pool.LOOKING,)


@dataclass
class House:
    """A worker for what looks at items, whose one job notes for which row it ran."""

    context: Context
    redis: redis.Redis
    ran: list[uuid.UUID] = field(default_factory=list)

    def post(self, job: str = "item.examine", **options: Any) -> uuid.UUID:
        key = uuid.uuid4().hex
        with self.context.database.writing() as session:
            outbox.post_work(
                session, job, key=key, payload={}, now=NOW, **options
            )
            return session.scalars(
                select(OutboxEntry.id).where(OutboxEntry.key == key)
            ).one()

    def worker(self) -> Worker:
        found = Worker(
            Tools(self.context), Inbox(self.context.settings, POOLS), POOLS
        )
        found._jobs = {"item.examine": self._examine}
        return found

    def put(self, member: bytes | str) -> None:
        self.redis.zadd(queue_key(Pool.LOOKING), {member: 0})

    def row(self, entry_id: uuid.UUID) -> OutboxEntry:
        with self.context.database.reading() as session:
            return session.get_one(OutboxEntry, entry_id)

    def _examine(self, _: Tools, task: Task) -> None:
        self.ran.append(task.entry_id)
        with task.finishing():
            pass


@pytest.fixture
def house(make_context: Callable[..., Context], redis_server: Any) -> House:
    context = make_context(redis_url=redis_server.url)
    return House(context, redis_server.client())


def _hostile(marker: Path) -> list[bytes | str]:
    known = str(uuid.uuid4())
    shell = f"touch {marker}"
    return [
        b"",
        b"\x00",
        b"\xff" * 64,
        b"\x80\x04\x95pickle",
        b"-1",
        b"0",
        b"9" * 4000,
        b"x" * 20_000_000,
        b"os.system",
        f"os.system('{shell}')",
        "workers.queues.execute.run",
        "subprocess.call",
        "../../etc/passwd",
        known.upper(),
        f"{{{known}}}",
        f"urn:uuid:{known}",
        known.replace("-", ""),
        f" {known}",
        f"{known}\n",
        f"{known}\x00",
        f"{known}:os.system",
        "𝟎" * 8 + known[8:],
        json.dumps({"job": "os.system", "args": [shell], "id": known}),
        json.dumps([f"os.system:{shell}", None, [shell], {}]),
        known,  # well-formed, and of no row
        str(uuid.UUID(int=0)),
    ]


def test_nothing_runs_but_a_known_job_for_its_own_row(
    house: House, tmp_path: Path
) -> None:
    marker = tmp_path / "escaped"
    good = house.post()
    done = house.post()
    with house.context.database.writing() as session:
        session.get_one(OutboxEntry, done).done_at = NOW
    dead = house.post()
    with house.context.database.writing() as session:
        session.get_one(OutboxEntry, dead).dead_at = NOW
    later = house.post(delay=timedelta(days=1))
    others = house.post("delivery.attempt", queue="urgent")
    unknown = house.post("os.system")
    for member in _hostile(marker):
        house.put(member)
    for entry_id in (done, dead, later, others, unknown, good):
        house.put(str(entry_id))
    _call_in_the_way_of_other_libraries(house.redis, str(good), marker)

    house.worker().run(burst=True)

    assert house.ran == [good]
    assert not marker.exists()
    assert house.row(good).done_at is not None
    for entry_id in (later, others, unknown):
        row = house.row(entry_id)
        assert (row.done_at, row.dead_at, row.attempts) == (None, None, 0)
    assert not house.redis.exists(queue_key(Pool.LOOKING))
    assert not house.redis.keys("hotline:in-hand:*")


def _call_in_the_way_of_other_libraries(
    client: redis.Redis, entry_id: str, marker: Path
) -> None:
    """Job records and lists as task queues have them, under their names and under ours."""
    call = json.dumps(["os.system", None, [f"touch {marker}"], {}])
    record: dict[str | bytes, bytes | float | int | str] = {
        "data": call,
        "created_at": "2026-01-01T00:00:00.000000Z",
        "success_callback_name": "os.system",
        "failure_callback_name": "os.system",
        "meta": call,
        "origin": "looking",
        "status": "queued",
    }
    for name in (
        f"rq:job:{entry_id}",
        f"hotline:job:{entry_id}",
        "rq:job:os.system",
    ):
        client.hset(name, mapping=record)
    for name in (
        "rq:queue:looking",
        "rq:queue:urgent",
        "rq:queue:default",
        "celery",
    ):
        client.rpush(name, call, entry_id)


@pytest.mark.parametrize("kind", ["string", "list", "hash", "set", "stream"])
def test_a_queue_of_another_type_is_replaced(house: House, kind: str) -> None:
    key, good = queue_key(Pool.LOOKING), house.post()
    put: dict[str, Callable[[], Any]] = {
        "string": lambda: house.redis.set(key, "x" * 1000),
        "list": lambda: house.redis.rpush(key, "os.system"),
        "hash": lambda: house.redis.hset(key, "data", "os.system"),
        "set": lambda: house.redis.sadd(key, str(good)),
        "stream": lambda: house.redis.xadd(key, {"data": "os.system"}),
    }
    put[kind]()
    house.worker().run(burst=True)
    transport = Transport(house.context.settings)
    assert transport.sweep(house.context.database, datetime.now(UTC)) == 1
    house.worker().run(burst=True)
    assert house.ran == [good]


def test_strange_scores_and_marks_only_delay(house: House) -> None:
    first, second = house.post(), house.post()
    house.redis.zadd(
        queue_key(Pool.LOOKING),
        {str(first): float("inf"), str(second): -1e308},
    )
    house.redis.rpush(in_hand_key(first), "somebody else's")
    house.worker().run(burst=True)
    assert house.ran == [second]
    assert house.row(first).attempts == 0


def test_an_id_put_there_a_hundred_times_is_done_once(house: House) -> None:
    good = house.post()
    for _ in range(100):
        house.put(str(good))
        house.worker().run(burst=True)
    assert house.ran == [good]


def test_a_job_ends_with_its_time_and_the_worker_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that catches all errors; its row is tried again, like after every failure."""
    monkeypatch.setattr(workers_loop, "JOB_SECONDS", 0.3)
    slow, good = house.post(), house.post()

    def wait(tools: Tools, task: Task) -> None:
        if task.entry_id == good:
            house._examine(tools, task)
            return
        import time

        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                time.sleep(1)
            except Exception:
                continue
        house.ran.append(slow)

    worker = house.worker()
    worker._jobs = {"item.examine": wait}
    house.put(str(slow))
    house.redis.zadd(queue_key(Pool.LOOKING), {str(good): 1})
    worker.run(burst=True)
    assert house.ran == [good]
    assert (house.row(slow).attempts, house.row(slow).last_error) == (
        1,
        "OutOfTime",
    )


def test_the_time_that_is_over_is_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers_loop, "TOLD_AGAIN_SECONDS", 0.1)
    import time

    with pytest.raises(OutOfTime), limited(0.1):
        try:
            time.sleep(5)
        except OutOfTime:
            time.sleep(5)


def test_only_an_id_in_its_one_form_is_one() -> None:
    entry_id = uuid.uuid4()
    assert read_id(str(entry_id).encode()) == entry_id
    for member in _hostile(Path(os.devnull))[:-2]:
        assert (
            read_id(member.encode() if isinstance(member, str) else member)
            is None
        )
