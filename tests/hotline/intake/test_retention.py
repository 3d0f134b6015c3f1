"""Retention goes on until nothing is due, and never forgets words that were not read in time."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, HotlineError
from hotline.core.storage import audit
from hotline.intake import retention, service
from hotline.intake.models import Report, ReportMessage
from hotline.intake.registry.vocabulary import Channel
from hotline.intake.submission import Submission

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def context(
    request: pytest.FixtureRequest, make_context: Callable[..., Context]
) -> Context:
    """The ids of the audit log and of the reports are stored differently on each database."""
    return make_context(request.param)


def receive_closed(context: Context) -> service.Received:
    with context.database.writing() as session:
        submission = Submission(
            locations=["https://a.example/"], contact="a@b.test"
        )
        received = service.receive_report(
            session, context, submission, channel=Channel.API, now=NOW
        )
        session.flush()
        for part in session.get_one(Report, received.report_id).parts:
            for event in ("examined", "closed"):
                service.advance_part(
                    Act(session, context, "system", NOW), part, event
                )
    return received


def test_it_goes_on_until_nothing_is_due(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for _ in range(5):
        receive_closed(context)
    sums: list[int] = []
    late = NOW + timedelta(days=context.settings.retention_report_days)
    counts = retention.forget_all_due(
        context,
        now=late,
        progress=lambda counts: sums.append(counts["reports"]),
    )
    assert counts["reports"] == 5
    assert sums == [2, 4, 5]


def test_a_word_of_either_side_starts_the_clock_anew(context: Context) -> None:
    received = receive_closed(context)
    days = timedelta(days=context.settings.retention_report_days)
    asked = NOW + timedelta(days=300)
    with context.database.writing() as session:
        report = session.get_one(Report, received.report_id)
        service.ask_reporter(
            Act(session, context, "person:a", asked), report, "?"
        )
    assert retention.forget_all_due(context, now=NOW + days)["reports"] == 0
    assert retention.forget_all_due(context, now=asked + days)["reports"] == 1


@pytest.mark.parametrize("is_read", [True, False])
def test_unread_words_hold_a_report_for_a_bounded_time(
    context: Context, *, is_read: bool
) -> None:
    received = receive_closed(context)
    with context.database.writing() as session:
        report = session.get_one(Report, received.report_id)
        service.add_information(
            Act(session, context, audit.PUBLIC, NOW), report, "more"
        )
        if is_read:
            service.open_texts(
                Act(session, context, "person:a", NOW), report, why="case"
            )
    due = NOW + timedelta(days=context.settings.retention_report_days)
    with context.database.reading() as session:
        waiting = retention.count_waiting(session, context.settings, now=due)
        assert (waiting.due, waiting.unread) == (is_read, not is_read)
    assert retention.forget_all_due(context, now=due)["reports"] == is_read
    limit = due + timedelta(days=context.settings.retention_unread_days)
    assert retention.forget_all_due(context, now=limit)["reports"] == (
        not is_read
    )


def test_words_written_while_reports_were_chosen_keep_their_report(
    make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL only: two transactions of SQLite never write at once."""
    context = make_context("postgresql")
    received = receive_closed(context)
    late = NOW + timedelta(days=context.settings.retention_report_days)
    with context.database.writing() as writer:
        report = writer.get_one(Report, received.report_id)
        service.add_information(
            Act(writer, context, "public", late), report, "more"
        )
        writer.flush()
        with context.database.writing() as session:
            counts = retention.forget_due(session, context, now=late)
    assert counts["reports"] == 0
    assert retention.forget_all_due(context, now=late)["reports"] == 0


def test_words_that_come_after_the_erasure_are_refused_and_not_lost(
    make_context: Callable[..., Context],
) -> None:
    context = make_context("postgresql")
    received = receive_closed(context)
    late = NOW + timedelta(days=context.settings.retention_report_days)
    outcomes: list[BaseException | None] = []

    def add() -> None:
        try:
            with context.database.writing() as session:
                report = session.get_one(Report, received.report_id)
                begun.set()
                service.add_information(
                    Act(session, context, "public", late), report, "more"
                )
        except HotlineError as error:
            outcomes.append(error)
        else:
            outcomes.append(None)

    begun = threading.Event()
    with context.database.writing() as session:
        counts = retention.forget_due(session, context, now=late)
        session.flush()
        writer = threading.Thread(target=add)
        writer.start()
        assert begun.wait(10)
    writer.join(10)
    assert counts["reports"] == 1
    assert [type(outcome) for outcome in outcomes] == [Conflict]
    with context.database.reading() as session:
        assert not session.scalars(select(ReportMessage)).all()


def test_only_so_many_are_counted(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "COUNTED", 2)
    for _ in range(3):
        receive_closed(context)
    late = NOW + timedelta(days=context.settings.retention_report_days)
    with context.database.reading() as session:
        waiting = retention.count_waiting(session, context.settings, now=late)
    assert (waiting.due, waiting.unread) == (2, 0)
