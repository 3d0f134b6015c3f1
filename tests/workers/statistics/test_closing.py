"""A closed period stays as it is, whatever is erased or done later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select

from hotline.core.context import Context
from hotline.core.jobs.task import AlreadyDone, Task
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake.models import ReportMessage
from tests.support.clock import Clock
from tests.support.jobs import JobRunner
from workers.bench.filling.figures_data import fill_with_cases
from workers.bench.filling.figures_rows import Span
from workers.queues.pools import POOL_OF_JOB
from workers.retention import forgetting
from workers.statistics import closing
from workers.statistics.models import ClosedPeriod
from workers.statistics.periods import month_of, parse_period
from workers.statistics.tables import Figures, TableName

ZONE = "Europe/Tirane"
NOW = datetime(2026, 4, 2, tzinfo=UTC)
SPAN = Span(datetime(2026, 2, 3, tzinfo=UTC), NOW)
QUARTER = parse_period("2026-Q1", ZONE)


@pytest.fixture
def filled(context: Context) -> Context:
    with context.database.writing() as session:
        fill_with_cases(session, 60, SPAN)
    return context


def close_all(context: Context) -> JobRunner:
    runner = JobRunner(
        context, Clock(NOW), jobs={closing.JOB: closing.close_period}
    )
    with context.database.writing() as session:
        closing.post_closing(session, context, now=NOW)
    runner.work()
    assert not runner.errors
    return runner


def test_what_is_over_since_the_first_report_is_closed_once(
    filled: Context,
) -> None:
    assert POOL_OF_JOB[closing.JOB]
    close_all(filled)
    with filled.database.reading() as session:
        closed = closing.list_closed(session, ZONE)
        assert closing.list_due(session, ZONE, NOW) == []
    assert [period.name for period in closed] == [
        "2026-Q1",
        "2026-03",
        "2026-02",
    ]
    close_all(filled)
    with filled.database.reading() as session:
        assert len(session.scalars(select(ClosedPeriod)).all()) == 3
        posted = session.scalars(
            select(OutboxEntry).where(OutboxEntry.job == closing.JOB)
        ).all()
    assert len(posted) == 3


def test_a_house_without_reports_has_nothing_to_close(
    context: Context,
) -> None:
    with context.database.writing() as session:
        assert closing.list_due(session, ZONE, NOW) == []


def test_kept_figures_say_what_counting_says_and_outlive_what_is_erased(
    filled: Context,
) -> None:
    with filled.database.reading() as session:
        counted = closing.read_figures(session, filled, QUARTER, NOW)
    close_all(filled)
    returned = counted[TableName.TOTALS].value(closing.RETURNED, "count")
    assert returned
    with filled.database.writing() as session:
        session.execute(delete(ReportMessage))
    later = NOW + timedelta(days=400)
    with filled.database.reading() as session:
        kept = closing.read_figures(session, filled, QUARTER, later)
    assert kept == counted


def test_a_longer_period_is_counted_from_closed_months_where_words_are_gone(
    filled: Context,
) -> None:
    close_all(filled)
    whole = parse_period("2026-02-01..2026-03-31", ZONE)
    with filled.database.writing() as session:
        before = closing.read_figures(session, filled, QUARTER, NOW)
        session.execute(delete(ReportMessage))
    with filled.database.reading() as session:
        figures = closing.read_figures(session, filled, whole, NOW)
    expected = before[TableName.TOTALS].value(closing.RETURNED, "count")
    told = figures[TableName.TOTALS].value(closing.RETURNED, "count")
    assert told == expected != 0


def test_closing_twice_changes_nothing(filled: Context) -> None:
    march = month_of(2026, 3, ZONE)
    with filled.database.writing() as session:
        figures = closing.read_figures(session, filled, march, NOW)
        assert closing.keep_figures(session, march, figures, NOW)
        assert not closing.keep_figures(session, march, figures, NOW)


def test_a_table_that_is_new_is_added_to_what_was_closed_before(
    filled: Context,
) -> None:
    march = month_of(2026, 3, ZONE)
    with filled.database.writing() as session:
        whole = closing.read_figures(session, filled, march, NOW)
        some = [t for t in whole.tables if t.name is not TableName.TOLD]
        closing.keep_figures(session, march, Figures(tuple(some)), NOW)
        session.execute(delete(ReportMessage))
    with filled.database.reading() as session:
        assert march in closing.list_due(session, ZONE, NOW)
        assert closing.read_figures(session, filled, march, NOW) == whole
    close_all(filled)
    with filled.database.reading() as session:
        assert closing.load_closed(session, march) == whole
        assert closing.list_due(session, ZONE, NOW) == []


def test_the_job_runs_twice_without_harm(filled: Context) -> None:
    runner = close_all(filled)
    with filled.database.reading() as session:
        entry = session.scalars(
            select(OutboxEntry).where(OutboxEntry.job == closing.JOB)
        ).first()
    assert entry is not None
    task = Task(filled, entry.id, entry.payload, 2, runner.now)
    with pytest.raises(AlreadyDone):
        closing.close_period(task)


def test_figures_are_kept_before_anything_is_forgotten() -> None:
    assert next(iter(forgetting.STEPS)) == "figures"
