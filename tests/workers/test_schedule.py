"""The scheduler's tick: one step's failure stops no other, and a wiped Redis costs nothing."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.storage import audit, outbox
from hotline.core.storage.outbox import FRESH, LEASE, OutboxEntry
from workers.processes import schedule
from workers.processes.schedule import Scheduler
from workers.queues.pools import Pool
from workers.queues.transport import (
    HELD_BY_COURIER,
    Courier,
    Inbox,
    Transport,
    in_hand_key,
    queue_key,
)

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def wired(
    make_context: Callable[..., Context], redis_server: Any
) -> tuple[Context, Transport, Any]:
    context = make_context(redis_url=redis_server.url)
    return context, Transport(context.settings), redis_server


def _post(context: Context, key: str, queue: str = "default") -> str:
    with context.database.writing() as session:
        outbox.post_work(
            session,
            "item.examine",
            key=key,
            payload={},
            now=NOW - FRESH,
            queue=queue,
        )
        return str(
            session.scalars(
                select(OutboxEntry.id).where(OutboxEntry.key == key)
            ).one()
        )


def _waiting(server: Any) -> list[str]:
    client = server.client()
    return [
        member.decode()
        for pool in Pool
        for member in client.zrange(queue_key(pool), 0, -1)
    ]


def test_what_was_left_behind_is_handed_over_once(
    wired: tuple[Any, ...],
) -> None:
    context, transport, server = wired
    ids = {_post(context, "a"), _post(context, "b", "urgent")}
    assert transport.sweep(context.database, NOW) == 2
    assert set(_waiting(server)) == ids
    assert transport.sweep(context.database, NOW + timedelta(seconds=1)) == 0
    assert transport.sweep(context.database, NOW + LEASE) == 2, (
        "asked again after a lease"
    )
    assert len(_waiting(server)) == 2, "and still there once"


def test_what_was_stored_just_now_is_left_to_who_stored_it(
    wired: tuple[Any, ...],
) -> None:
    context, transport, server = wired
    _post(context, "a")
    assert (
        transport.sweep(context.database, NOW - timedelta(milliseconds=1)) == 0
    )
    assert transport.sweep(context.database, NOW) == 1
    assert len(_waiting(server)) == 1


def test_a_courier_hands_over_what_was_stored(wired: tuple[Any, ...]) -> None:
    context, transport, server = wired
    context.database.after_commit = Courier(transport).after_commit
    ids = {
        _post(context, "danger", "urgent"),
        _post(context, "look again", "checks"),
    }
    _soon(lambda: set(_waiting(server)) == ids)
    assert transport.sweep(context.database, NOW) == 2, (
        "the sweeper finds them on their queues"
    )
    assert len(_waiting(server)) == 2, "and hands none over twice"


def test_in_a_flood_a_courier_carries_danger_first_and_leaves_the_rest(
    wired: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, transport, server = wired
    monkeypatch.setattr(
        "workers.queues.transport.GOOD_FOR_SECONDS", 60.0
    )  # on a slow machine too
    many = [
        _post(context, f"work {number}")
        for number in range(3 * HELD_BY_COURIER)
    ]
    danger = _post(context, "danger", "urgent")
    notes = [f"item.examine:default:{each}" for each in many] + [
        f"item.examine:urgent:{danger}"
    ]
    Courier(transport).after_commit(notes)
    _soon(lambda: danger in _waiting(server))
    assert len(_waiting(server)) < HELD_BY_COURIER
    _soon(lambda: len(_waiting(server)) >= HELD_BY_COURIER)
    assert transport.sweep(context.database, NOW) == len(notes)
    assert set(_waiting(server)) == {danger, *many}


def test_a_courier_leaves_to_the_sweeper_what_it_held_too_long(
    wired: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By then it may be with a worker; handed over again, a second one would begin it too."""
    context, transport, server = wired
    monkeypatch.setattr("workers.queues.transport.GOOD_FOR_SECONDS", 0.0)
    courier = Courier(transport)
    courier.after_commit(
        [f"item.examine:urgent:{_post(context, 'late', 'urgent')}"]
    )
    _soon(lambda: courier._notes.empty())
    monkeypatch.setattr("workers.queues.transport.GOOD_FOR_SECONDS", 60.0)
    fresh = _post(context, "fresh")
    courier.after_commit([f"item.examine:default:{fresh}"])
    _soon(lambda: _waiting(server) != [])
    assert _waiting(server) == [fresh]


def test_a_courier_outlives_a_redis_that_goes_away(
    wired: tuple[Any, ...],
) -> None:
    context, transport, server = wired
    context.database.after_commit = Courier(transport).after_commit
    server.stop()
    lost = _post(context, "while it is away")
    _soon(lambda: transport._paused_until > 0)
    server.start()
    transport._paused_until = 0
    later = _post(context, "when it is back")
    _soon(lambda: _waiting(server) == [later])
    assert transport.sweep(context.database, NOW) == 2
    assert set(_waiting(server)) == {lost, later}


def _soon(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_what_redis_forgot_is_handed_over_again(
    wired: tuple[Any, ...],
) -> None:
    context, transport, server = wired
    entry = _post(context, "a")
    transport.sweep(context.database, NOW)
    server.client().flushall()
    assert transport.sweep(context.database, NOW + LEASE) == 1
    assert _waiting(server) == [entry]


def test_without_redis_nothing_is_marked_as_handed_over(
    wired: tuple[Any, ...],
) -> None:
    context, transport, server = wired
    entry = _post(context, "a")
    server.stop()
    assert transport.sweep(context.database, NOW) == 0
    server.start()
    assert transport.sweep(context.database, NOW) == 1
    assert _waiting(server) == [entry]


def test_a_job_that_is_with_a_worker_is_left_alone(
    wired: tuple[Any, ...],
) -> None:
    context, transport, server = wired
    entry = _post(context, "a")
    inbox = Inbox(context.settings, [Pool.LOOKING])
    transport.hand_over("item.examine", "default", uuid.UUID(entry))
    assert str(inbox.take(wait=False)) == entry
    assert (
        transport.hand_over("item.examine", "default", uuid.UUID(entry))
        is None
    )
    assert _waiting(server) == []
    server.client().delete(
        in_hand_key(uuid.UUID(entry))
    )  # it runs out where a worker was killed
    assert (
        transport.hand_over("item.examine", "default", uuid.UUID(entry))
        is True
    )
    assert _waiting(server) == [entry]


def test_danger_goes_first_and_then_what_came_first(
    wired: tuple[Any, ...],
) -> None:
    context, transport, _ = wired
    ids = [
        _post(context, name, name) for name in ("checks", "default", "urgent")
    ]
    late = _post(context, "late", "default")
    for entry, name in zip(
        [*ids, late], ("checks", "default", "urgent", "default"), strict=True
    ):
        assert transport.hand_over("item.examine", name, uuid.UUID(entry))
    inbox = Inbox(context.settings, [Pool.LOOKING])
    taken = [str(inbox.take(wait=False)) for _ in range(4)]
    assert taken == [ids[2], ids[1], late, ids[0]]
    assert inbox.take(wait=False) is None


def test_nothing_but_ids_is_in_redis(wired: tuple[Any, ...]) -> None:
    context, transport, server = wired
    with context.database.writing() as session:
        outbox.post_work(
            session,
            "item.examine",
            key="a-key",
            payload={"item_id": "payload-marker"},
            now=NOW,
        )
    transport.sweep(context.database, NOW)
    client = server.client()
    kept = b"".join(client.dump(key) or b"" for key in client.scan_iter("*"))
    assert b"payload-marker" not in kept
    assert b"a-key" not in kept


def test_one_broken_step_stops_no_other(
    wired: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, transport, server = wired

    def broken(*_: object) -> int:
        raise RuntimeError

    monkeypatch.setattr(schedule, "expire_holds", broken)
    monkeypatch.setattr(schedule, "send_reminders", broken)
    with context.database.writing() as session:
        audit.record_entry(
            session,
            actor="t",
            action="a.b",
            entity="e",
            entity_id="1",
            now=NOW,
        )
    entry = _post(context, "a")
    done = Scheduler(context, transport).tick(NOW)
    assert "holds_expired" not in done
    assert done["sealed"] == 1
    assert _waiting(server) == [entry]


def test_of_two_schedulers_one_ticks_at_a_time(
    make_context: Callable[..., Context],
) -> None:
    context = make_context("postgresql")
    with (
        context.database.writing() as one,
        context.database.writing() as other,
    ):
        assert schedule.scheduler_lock_held(one)
        assert not schedule.scheduler_lock_held(other)
    with context.database.writing() as session:
        assert schedule.scheduler_lock_held(session)
