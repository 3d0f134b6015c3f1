"""The measuring itself: real servers, what they stored, what it refuses. No figure is judged."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select

from hotline.core.context import Context, utc_now
from hotline.core.errors import Conflict, Unavailable
from hotline.core.storage.database import Database
from hotline.intake import service
from hotline.intake.models import Report
from hotline.intake.submission import read_submission
from workers.bench import intake
from workers.bench.serving.load import Load, ask_server


def test_both_sides_are_measured_on_one_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "LINES", 20)
    monkeypatch.setattr(intake, "ROUNDS", 1)
    monkeypatch.setattr(intake, "CLIENTS", 2)
    database = f"sqlite:///{tmp_path / 'bench.db'}"
    told = intake.measure_intake(0.2, database=database).to_json()
    assert told["database"] == "sqlite" and len(told["rows"]) == 5
    for row in told["rows"]:
        assert row["ours"] > 0 and row["reference"] > 0
        assert row["p99_ms"] > 0 and row["reference_p99_ms"] > 0
    measured = Database(database)
    with measured.reading() as session:
        stored = dict(
            session.execute(
                select(Report.channel, func.count()).group_by(Report.channel)
            ).all()
        )
    tables = inspect(measured.engine).get_table_names()
    measured.dispose()
    assert stored["api"] >= 24 and stored["form"] >= 2
    assert "bench_bare" not in tables


def test_a_database_with_reports_is_left_alone(
    make_context: Callable[..., Context],
) -> None:
    context = make_context()
    with context.database.writing() as session:
        submission = read_submission({"narrative": "x"})
        service.receive_report(
            session, context, submission, channel="form", now=utc_now()
        )
    url = context.settings.database_url.get_secret_value()
    with pytest.raises(Conflict):
        intake.measure_intake(0.1, database=url)
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Report)) == 1


def test_load_counts_what_was_done() -> None:
    load = Load()
    # Long enough for the threads to begin on a busy machine.
    load.add_visits(1, lambda _: None, seconds=1.0, clients=2, units=5)
    assert load.units == 5 * len(load.visits) > 0
    assert Load(visits=[0.001] * 199 + [1.0]).p99_ms == 1.0
    assert Load(visits=[0.001] * 98 + [1.0, 2.0]).p99_ms == 2000.0


def test_an_answer_that_was_not_expected_ends_the_measuring() -> None:
    class Closed(HTTPConnection):
        def request(self, *_: object, **__: object) -> None: ...

        def getresponse(self) -> object:  # type: ignore[override]
            class Answer:
                status = 503
                read = staticmethod(lambda: b"")

            return Answer()

    with pytest.raises(Unavailable):
        ask_server(Closed("127.0.0.1"), "GET", "/", expect=200)
