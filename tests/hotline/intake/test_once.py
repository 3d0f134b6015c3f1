"""One key, one report: on both databases, in the caller's transaction and in one of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import create_engine, event, func, select, text
from sqlalchemy.exc import IntegrityError

from hotline.core.context import Context
from hotline.core.errors import TooMany
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.crypto import RecordKey
from hotline.core.storage.machine import HistoryEntry
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake import batch, idempotency
from hotline.intake.batch import Arrival, Received
from hotline.intake.models import IdempotencyKey, Report, ReportPart
from hotline.intake.submission import Submission
from tests.support.at_once import results_at_once

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
KEY = "2f1d4b1c-8f0a-4b57-9a3e-7a4c0d5f1e22"
ONE = Submission(
    locations=["https://a.example/1"], contact="a@b.test", danger_now=True
)
TWO = Submission(
    locations=["https://a.example/1", "https://a.example/2"], narrative="x"
)
TABLES = (RecordKey, Report, ReportPart, HistoryEntry, AuditEntry, OutboxEntry)


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)]
)
def context(
    request: pytest.FixtureRequest, make_context: Callable[..., Context]
) -> Context:
    return make_context(request.param)


def send(
    context: Context,
    submission: Submission,
    *,
    alone: bool,
    now: datetime = NOW,
    key: str = KEY,
    **more: Any,
) -> Received:
    with nullcontext() if alone else context.database.writing() as session:
        return idempotency.receive_once(
            session,
            context,
            submission,
            key,
            arrival=Arrival("api", now),
            **more,
        )


def counts(context: Context) -> list[int]:
    with context.database.reading() as session:
        return [
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (*TABLES, IdempotencyKey)
        ]


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(("submission", "parts"), [(ONE, 1), (TWO, 2)])
def test_the_second_try_gets_the_first_answer_and_writes_nothing(
    context: Context, submission: Submission, parts: int, alone: bool
) -> None:
    first = send(context, submission, alone=alone)
    stored = counts(context)
    assert stored == [1, 1, parts, parts, parts, 1, 1]
    for again in (alone, not alone):
        second = send(
            context, submission, alone=again, now=NOW + timedelta(hours=23)
        )
        assert second.again and (second.report_id, second.receipt) == (
            first.report_id,
            first.receipt,
        )
    with pytest.raises(idempotency.OtherBody):
        send(
            context,
            submission.model_copy(update={"narrative": "y"}),
            alone=alone,
        )
    assert counts(context) == stored
    late = send(
        context, submission, alone=alone, now=NOW + timedelta(hours=25)
    )
    assert late.report_id != first.report_id and counts(context)[1] == 2


@pytest.mark.parametrize("submission", [ONE, TWO])
def test_of_many_at_the_same_moment_one_is_stored(
    context: Context, submission: Submission
) -> None:
    ways = (True, False) * 4
    received = [
        answer
        for _ in range(3)
        for answer in results_at_once(
            *(partial(send, context, submission, alone=way) for way in ways)
        )
    ]
    assert len({answer.receipt for answer in received}) == 1
    assert sum(not answer.again for answer in received) == 1
    assert counts(context)[1] == counts(context)[5] == 1


def test_a_quota_that_refuses_leaves_nothing_behind(context: Context) -> None:
    def refuse() -> None:
        raise TooMany("no more", retry_after=1)

    with pytest.raises(TooMany):
        send(context, ONE, alone=False, spend=refuse)
    assert counts(context) == [0] * 7
    send(context, ONE, alone=False)
    send(context, ONE, alone=False, spend=refuse)  # a second try costs nothing


@pytest.mark.parametrize("submission", [ONE, TWO])
def test_its_work_is_told_after_the_commit_and_once(
    context: Context, submission: Submission
) -> None:
    told: list[str] = []
    context.database.after_commit = told.extend
    received = send(context, submission, alone=True)
    with context.database.reading() as session:
        work = session.scalars(select(OutboxEntry)).one()
    queue = "urgent" if submission.danger_now else "default"
    assert told == [f"report.received:{queue}:{work.id}"]
    assert work.payload == {"report_id": str(received.report_id)}
    send(context, submission, alone=True)
    assert len(told) == 1


def test_what_is_one_parameter_is_one_value(context: Context) -> None:
    rows = batch._rows_of_reports(
        context, [(Received(), ONE)], Arrival("api", NOW, actor="user:ana")
    )
    values = {
        f"{table.__tablename__}__{name}": value
        for table, (row,) in rows.items()
        for name, value in row.items()
    }
    for column, other in batch._SAME.items():
        assert values[column] == values[other], column
    moments = [
        value for value in values.values() if isinstance(value, datetime)
    ]
    assert len(moments) == 6 and set(moments) == {NOW}


@pytest.fixture
def noted(make_context: Callable[..., Context]) -> tuple[Context, list[str]]:
    """A context on PostgreSQL, and what goes to it the ordinary way."""
    context, sent = make_context("postgresql"), list[str]()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(context.database.engine, "before_cursor_execute", note)
    return context, sent


@pytest.mark.services
def test_postgresql_gets_a_report_with_one_part_in_one_statement(
    noted: tuple[Context, list[str]],
) -> None:
    context, sent = noted
    send(context, ONE, alone=True)
    batch.store_reports(
        None, context, [(Received(), ONE)], Arrival("api", NOW)
    )
    assert sent == []
    for statement in context.database._texts.values():
        # Beyond either limit the driver parses a statement anew each time.
        assert (
            len(statement) <= 4096
            and len(set(re.findall(r"%\((\w+)\)s", statement))) <= 50
        )
    assert len(context.database._texts) == 2 and counts(context)[1] == 2


@pytest.mark.services
def test_what_fails_the_quick_way_is_told_by_the_ordinary_one_and_writes_nothing(
    noted: tuple[Context, list[str]],
) -> None:
    context, sent = noted
    told: list[str] = []
    context.database.after_commit = told.extend
    once = Received()
    batch.store_reports(None, context, [(once, ONE)], Arrival("api", NOW))
    with pytest.raises(IntegrityError):
        batch.store_reports(
            None,
            context,
            [(Received(receipt=once.receipt), ONE)],
            Arrival("api", NOW),
        )
    assert len(sent) == 1 and len(told) == 1
    assert counts(context) == [1, 1, 1, 1, 1, 1, 0]


@pytest.mark.services
def test_a_connection_that_broke_in_the_pool_loses_no_report(
    noted: tuple[Context, list[str]], postgres_url: str
) -> None:
    context, sent = noted
    other = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    told: list[str] = []
    context.database.after_commit = told.extend
    for broken in range(3):
        send(context, ONE, alone=True, key=f"{KEY}-{broken}-a")
        with other.connect() as connection:
            connection.execute(
                text(f"{others} AND datname = current_database()")
            )
        send(context, ONE, alone=True, key=f"{KEY}-{broken}-b")
    other.dispose()
    assert len(sent) == 3  # after each break one went the ordinary way
    assert counts(context)[1] == len(told) == 6
