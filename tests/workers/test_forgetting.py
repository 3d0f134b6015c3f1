"""Forgetting goes on until nothing is due, in pieces that no tick waits for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage import machine
from hotline.intake import retention, service
from hotline.intake.models import Report
from tests.support.cases import open_case
from tests.support.clock import NOW
from tests.support.items import make_item
from tests.support.reports import sight_item
from triage.cases.models import Case
from workers.retention import forgetting
from workers.retention.forgetting import EVERY, STEPS, Rounds, forget_all


def close_report(session: Session, context: Context, name: str) -> Case:
    """A case of one report, both closed now."""
    item = make_item(f"url:{name}")
    session.add(item)
    part = sight_item(session, context, item)
    case = open_case(session, item, f"AL-2026-{name}")
    service.advance_part(Act(session, context, "test", NOW), part, "closed")
    return case


def count_left(context: Context) -> int:
    left = select(func.count()).where(Report.erased_at.is_(None))
    with context.database.reading() as session:
        return session.scalar(left) or 0


@pytest.fixture
def three_closed(context: Context) -> Context:
    with context.database.writing() as session:
        for name in ("a", "b", "c"):
            close_report(session, context, name)
    return context


def slow_clock() -> Iterator[float]:
    """Each look at it is half a tick's time later."""
    return count(0, 0.6 * forgetting.SECONDS_OF_A_TICK)


def test_a_long_round_takes_many_ticks_and_leaves_nothing(
    three_closed: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    late = NOW + timedelta(
        days=three_closed.settings.retention_report_days + 1
    )
    ticking = slow_clock()
    rounds = Rounds(three_closed, clock=lambda: next(ticking))
    left = []
    for second in range(20):
        rounds.go_on(late + timedelta(seconds=second))
        left.append(count_left(three_closed))
    # The first batch is of the periods whose figures are kept.
    assert left[:4] == [3, 2, 1, 0]
    assert set(left[4:]) == {0}


def test_the_next_round_begins_after_a_pause(three_closed: Context) -> None:
    rounds = Rounds(three_closed)
    assert rounds.go_on(NOW) == 0
    late = NOW + timedelta(
        days=three_closed.settings.retention_report_days + 1
    )
    assert rounds.go_on(NOW + EVERY - timedelta(seconds=1)) == 0
    assert rounds.go_on(late) > 0
    assert count_left(three_closed) == 0


def test_a_step_that_fails_stops_no_other(
    three_closed: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> int:
        raise RuntimeError

    broken = {"broken": fail, **STEPS}
    monkeypatch.setattr(forgetting, "STEPS", broken)
    late = NOW + timedelta(
        days=three_closed.settings.retention_report_days + 1
    )
    Rounds(three_closed).go_on(late)
    assert count_left(three_closed) == 0


def test_an_act_on_the_case_starts_the_clock_anew(context: Context) -> None:
    days = timedelta(days=context.settings.retention_report_days)
    acted = NOW + timedelta(days=300)
    with context.database.writing() as session:
        case = close_report(session, context, "a")
        session.flush()
        machine.advance_state(
            session, case, "examined", actor="person:a", now=acted
        )
    forget_all(context, NOW + days)
    assert count_left(context) == 1
    forget_all(context, acted + days)
    assert count_left(context) == 0
