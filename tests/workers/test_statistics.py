"""What the figures look like outside, and what a list of durations says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import literal, select, union_all

from hotline.core.context import Context
from hotline.core.storage.machine import HistoryEntry
from triage.cases.models import Case
from workers.bench.databases.watch import NOW, fill_database
from workers.statistics.counting.durations import NOTHING
from workers.statistics.counting.sql import measure_durations
from workers.statistics.figures import collect_figures

HOUR = 3600


def test_durations_are_told_by_values_that_were_measured(
    make_context: Callable[..., Context],
) -> None:
    hours = (1, 2, 30, 100, 150)
    taken = union_all(
        *(
            select(
                literal("step").label("step"),
                literal(hour * HOUR).label("seconds"),
            )
            for hour in hours
        )
    )
    with make_context().database.reading() as session:
        measured = measure_durations(session, taken)
    assert measured["step"].to_json() == {
        "count": 5,
        "median_hours": 30.0,
        "p90_hours": 150.0,
        "within_1_days": 0.4,
        "within_3_days": 0.6,
        "within_6_days": 0.8,
    }


def test_without_durations_nothing_is_said() -> None:
    assert NOTHING.to_json() == {
        "count": 0,
        "median_hours": None,
        "p90_hours": None,
        "within_1_days": None,
        "within_3_days": None,
        "within_6_days": None,
    }


def test_the_figures_of_a_new_service_are_whole(
    make_context: Callable[..., Context],
) -> None:
    context = make_context()
    now = datetime(2026, 11, 2, tzinfo=UTC)
    with context.database.reading() as session:
        figures = collect_figures(session, now).to_json()
    assert figures["reports"] == {
        "total": 0,
        "by_channel": {},
        "by_kind": {},
        "by_language": {},
    }
    assert figures["items"] == {"unique": 0, "by_hosting_country": {}}
    assert figures["cases"] == {"by_state": {}, "by_kind": {}}
    assert figures["told"] == {
        "referrals_by_state": {},
        "outcomes_by_office": {},
        "notices_by_state": {},
    }
    assert list(figures["durations"]) == [
        "report_to_assessment",
        "report_to_referral",
        "report_to_notice",
        "report_to_removal",
        "notice_to_removal",
        "hold",
    ]
    assert figures["as_of"] == {"time": "2026-11-02T00:00:00+00:00"}


def test_a_step_takes_from_its_first_end_to_its_other(
    make_context: Callable[..., Context],
) -> None:
    context = make_context()
    fill_database(context, 10)
    with context.database.writing() as session:
        case = session.scalars(select(Case.id)).first()
        for hours in (5, 2):
            assessed = HistoryEntry(
                entity="case",
                entity_id=case,
                event="assessed",
                from_state="",
                to_state="assessed",
                actor="test",
                at=NOW + timedelta(hours=hours),
            )
            session.add(assessed)
    with context.database.reading() as session:
        figures = collect_figures(session, NOW)
    assert figures.items.unique == 10
    assert figures.cases.by_state == {"in_progress": 10}
    taken = figures.durations["report_to_assessment"]
    assert (taken.count, taken.median_hours) == (1, 2.0)
    assert figures.durations["report_to_removal"].count == 0
