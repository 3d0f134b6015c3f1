"""The outbox: once a key, retried with growing waits, laid aside for a person, never forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.storage import outbox
from hotline.core.storage.outbox import FRESH, LEASE, OutboxEntry

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def _post(context: Context, key: str, **options: object) -> bool:
    with context.database.writing() as session:
        return outbox.post_work(
            session,
            "item.examine",
            key=key,
            payload={"item_id": "x"},
            now=NOW,
            **options,
        )  # type: ignore[arg-type]


def _only(context: Context) -> OutboxEntry:
    with context.database.reading() as session:
        return session.scalars(select(OutboxEntry)).one()


def test_the_same_key_is_stored_once(context: Context) -> None:
    assert _post(context, "a")
    assert not _post(context, "a")
    assert _post(context, "b")


def test_only_what_was_committed_is_handed_over(context: Context) -> None:
    notes: list[str] = []
    context.database.after_commit = notes.extend
    _post(context, "a", queue="urgent")
    try:
        with context.database.writing() as session:
            outbox.post_work(
                session, "item.examine", key="b", payload={}, now=NOW
            )
            raise RuntimeError
    except RuntimeError:
        pass
    assert notes == [f"item.examine:urgent:{_only(context).id}"]


def test_delayed_work_waits_for_its_time(context: Context) -> None:
    notes: list[str] = []
    context.database.after_commit = notes.extend
    _post(context, "a", delay=timedelta(minutes=5))
    assert notes == []
    with context.database.writing() as session:
        assert not outbox.left_behind(session, now=NOW + FRESH)
        assert (
            len(outbox.left_behind(session, now=NOW + timedelta(minutes=5)))
            == 1
        )


def test_a_handed_row_is_left_alone_for_a_lease_only(context: Context) -> None:
    _post(context, "a")
    with context.database.writing() as session:
        outbox.left_behind(session, now=NOW + FRESH)[0].handed_at = NOW
    with context.database.writing() as session:
        assert not outbox.left_behind(
            session, now=NOW + LEASE - timedelta(seconds=1)
        )
        assert outbox.left_behind(session, now=NOW + LEASE)


def test_of_what_was_left_behind_danger_comes_first(context: Context) -> None:
    for key, queue in (("a", "default"), ("b", "urgent"), ("c", "checks")):
        _post(context, key, queue=queue)
    with context.database.writing() as session:
        found = outbox.left_behind(session, now=NOW + FRESH, limit=2)
        assert [each.key for each in found] == ["b", "a"]


def test_failures_wait_longer_each_time_and_end_with_a_person(
    context: Context,
) -> None:
    _post(context, "a")
    waits = []
    for _ in range(3):
        with context.database.writing() as session:
            entry = session.scalars(select(OutboxEntry)).one()
            outbox.note_failure(
                entry, "x" * 900, now=NOW, attempts=4, base=10, final=False
            )
            waits.append((entry.due_at - NOW).total_seconds())
    assert all(5 * 2**n <= wait <= 10 * 2**n for n, wait in enumerate(waits))
    assert len(_only(context).last_error) == 300
    with context.database.writing() as session:
        entry = session.scalars(select(OutboxEntry)).one()
        outbox.note_failure(
            entry, "x", now=NOW, attempts=4, base=10, final=False
        )
    assert _only(context).dead_at == NOW
    with context.database.writing() as session:
        assert outbox.count_open_work(session, now=NOW) == {
            "open": 0,
            "overdue": 0,
            "dead": 1,
        }
        assert outbox.lock_entry(session, _only(context).id) is None


def test_a_final_failure_is_laid_aside_at_once_and_can_be_replayed(
    context: Context,
) -> None:
    _post(context, "a")
    with context.database.writing() as session:
        entry = session.scalars(select(OutboxEntry)).one()
        assert not outbox.replay_entry(session, entry.id, now=NOW)
        outbox.note_failure(
            entry, "x", now=NOW, attempts=4, base=10, final=True
        )
        session.flush()
        assert outbox.replay_entry(
            session, entry.id, now=NOW + timedelta(hours=1)
        )
    assert _only(context).attempts == 0
    with context.database.writing() as session:
        assert outbox.left_behind(session, now=NOW + timedelta(hours=1))
