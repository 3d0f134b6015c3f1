"""Backups are made on time by one scheduler, and ``/readyz`` tells how old the newest is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.context import Context, utc_now
from hotline.core.storage.backup_runs import BackupRun
from workers.app import create_app
from workers.backup.schedule import BackupsOnTime

HOUR = timedelta(hours=1)


def process(code: int) -> subprocess.Popen[bytes]:
    made = subprocess.Popen(
        [sys.executable, "-c", f"raise SystemExit({code})"]
    )
    made.wait()
    return made


@pytest.fixture
def daily(context: Context) -> Context:
    settings = context.settings.model_copy(update={"backup_hours": 24.0})
    return replace(context, settings=settings)


def note_backup(context: Context, *, hours: float, finished: bool) -> None:
    began = utc_now() - hours * HOUR
    with context.database.writing() as session:
        run = BackupRun(name="hotline-x", started_at=began)
        run.finished_at = began if finished else None
        session.add(run)


def starts(context: Context, code: int = 0) -> tuple[BackupsOnTime, list[str]]:
    started: list[str] = []

    def start(run_id: str) -> subprocess.Popen[bytes]:
        started.append(run_id)
        return process(code)

    return BackupsOnTime(context, lambda _: True, start), started


def test_one_of_two_schedulers_starts_it(daily: Context) -> None:
    one, started = starts(daily)
    two, as_well = starts(daily)
    now = utc_now()
    assert (one.go_on(now), two.go_on(now)) == (1, 0)
    assert not as_well
    with daily.database.reading() as session:
        assert str(session.scalars(select(BackupRun.id)).one()) == started[0]


def test_a_failed_one_is_tried_again_after_a_quarter_of_the_time(
    daily: Context,
) -> None:
    backups, started = starts(daily, code=1)
    now = utc_now()
    for hours, total in ((0, 1), (1, 1), (5.9, 1), (6.1, 2), (12.3, 3)):
        backups.go_on(now + hours * HOUR)
        assert len(started) == total, hours


def test_none_is_made_where_none_is_asked_for_or_due(
    context: Context, daily: Context
) -> None:
    by_hand, started = starts(context)
    assert by_hand.go_on(utc_now()) == 0
    note_backup(context, hours=23, finished=True)
    backups, as_well = starts(daily)
    assert backups.go_on(utc_now()) == 0
    assert backups.go_on(utc_now() + 2 * HOUR) == 1
    assert not started and len(as_well) == 1


@pytest.mark.parametrize(
    ("given", "hours", "status", "said"),
    [
        ({}, None, 200, None),
        ({"backup_hours": 24.0}, None, 200, "there is no backup"),
        ({"backup_hours": 24.0}, 47, 200, None),
        ({"backup_hours": 24.0}, 49, 200, "the newest backup is 49 hours old"),
        ({"backup_max_age_hours": 10.0}, 11, 200, "11 hours old"),
        ({"backup_max_age_hours": 10.0}, 9, 200, None),
        ({"backup_required": True}, None, 503, "there is no backup"),
        ({"backup_required": True}, 900, 200, None),
        (
            {"backup_required": True, "backup_hours": 1.0},
            3,
            503,
            "3 hours old",
        ),
    ],
)
def test_readyz_tells_the_age_and_fails_only_if_told_to(
    make_context: Callable[..., Context],
    given: dict[str, Any],
    hours: float | None,
    status: int,
    said: str | None,
) -> None:
    context = make_context("sqlite", **given)
    note_backup(context, hours=1, finished=False)
    if hours is not None:
        note_backup(context, hours=hours, finished=True)
    answer = create_app(context).test_client().get("/readyz")
    assert answer.status_code == status
    fault = answer.json["faults"].get("backup")
    assert fault == said if said is None else said in fault
    assert answer.json["backup_age_hours"] == hours
