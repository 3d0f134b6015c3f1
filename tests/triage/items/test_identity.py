"""Which reports join one item, and which must not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.jobs.task import Task
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake import service as intake
from hotline.intake.submission import read_submission
from triage.cases.examination.register import register_report
from triage.cases.models import Case
from triage.items.models import Item

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def items(context: Context, *locations: str) -> list[Item]:
    """The items of reports, one for each location."""
    for location in locations:
        with context.database.writing() as session:
            submission = read_submission({"locations": [location]})
            intake.receive_report(
                session, context, submission, channel="form", now=NOW
            )
    with context.database.reading() as session:
        query = select(OutboxEntry).where(OutboxEntry.job == "report.received")
        entries = session.scalars(query).all()
    for entry in entries:
        register_report(Task(context, entry.id, entry.payload, 1, NOW))
    with context.database.reading() as session:
        return list(session.scalars(select(Item)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hxxp://A[.]example/x", "http://a.example/x?utm_source=b"),
        ("telegram @anna_b", "t.me/anna_b"),
    ],
)
def test_two_reports_of_one_location_are_one_item(
    context: Context, one: str, other: str
) -> None:
    (item,) = items(context, one, other)
    assert item.sighting_count == 2


def test_a_handle_without_its_platform_may_be_anybodys(
    context: Context,
) -> None:
    found = items(context, "@anna_b", "@anna_b")
    assert [item.canonical for item in found] == ["@anna_b", "@anna_b"]
    assert len({item.key for item in found}) == 2


def test_danger_is_before_a_person_with_its_routes_before_anything_was_fetched(
    context: Context,
) -> None:
    with context.database.writing() as session:
        submission = read_submission(
            {"locations": ["http://danger.example/x"], "danger_now": True}
        )
        intake.receive_report(
            session, context, submission, channel="form", now=NOW
        )
    items(context)
    with context.database.reading() as session:
        case = session.scalars(select(Case)).one()
        assert (case.state, case.danger_now, case.item.examined_at) == (
            "waiting",
            True,
            None,
        )
        assert case.routing["routes"][0]["to"] == "emergency"
        assert case.routing["routes"][0]["urgency"] == "immediate"
        assert case.priority > 0
        jobs = session.execute(
            select(OutboxEntry.job, OutboxEntry.queue)
        ).all()
        assert ("item.examine", "urgent") in jobs
