"""Retention goes on until nothing is due, and never forgets words that were not read in time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage import audit
from hotline.intake import retention, service
from hotline.intake.models import Report
from hotline.intake.submission import Submission
from hotline.intake.vocabulary import Channel

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
                    session, part, event, actor="system", now=NOW
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
                session, context, report, actor="person:a", why="case", now=NOW
            )
    due = NOW + timedelta(days=context.settings.retention_report_days)
    with context.database.reading() as session:
        assert retention.count_held(session, context, now=due) == (not is_read)
    assert retention.forget_all_due(context, now=due)["reports"] == is_read
    limit = due + timedelta(days=context.settings.retention_unread_days)
    assert retention.forget_all_due(context, now=limit)["reports"] == (
        not is_read
    )
