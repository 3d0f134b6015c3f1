"""Which reports join one item, and which must not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.outbox import OutboxEntry
from hotline.core.task import Task
from hotline.intake import service as intake
from hotline.intake.submission import read
from triage.items.models import Item
from triage.items.service import register_report

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def items(context: Context, *locations: str) -> list[Item]:
    """The items of reports, one for each location."""
    for location in locations:
        with context.database.writing() as session:
            submission = read({"locations": [location]})
            intake.receive(session, context, submission, channel="form", now=NOW)
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
def test_two_reports_of_one_location_are_one_item(context: Context, one: str, other: str) -> None:
    (item,) = items(context, one, other)
    assert item.sighting_count == 2


def test_a_handle_without_its_platform_may_be_anybodys(context: Context) -> None:
    found = items(context, "@anna_b", "@anna_b")
    assert [item.canonical for item in found] == ["@anna_b", "@anna_b"]
    assert len({item.key for item in found}) == 2
