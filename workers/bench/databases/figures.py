"""What the figures of a year cost: counted anew, and read after the period was closed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime

from hotline.core.context import Context
from workers.bench.filling.figures_data import make_batches
from workers.bench.filling.figures_rows import Span
from workers.bench.results import Measurement, Row, list_load
from workers.bench.serving.database import (
    gather_statistics,
    open_new_context,
)
from workers.bench.serving.postgres import open_server
from workers.statistics import closing
from workers.statistics.periods import Period, month_of, year_of
from workers.statistics.tables import Figures

SPAN = Span(
    datetime(2024, 7, 1, tzinfo=UTC), datetime(2026, 1, 10, tzinfo=UTC)
)
"""Half of the cases are of the year before the one that is asked for."""
YEAR = 2025
BATCH = 2_000
READS = 15
Tick = Callable[[str], None]


def measure_figures(
    size: int = 100_000, *, database: str = "", tick: Tick = print
) -> Measurement:
    """Seconds for a year and the one before: counted, then read after both were closed.

    ``database`` is the URL of a PostgreSQL server whose user may create databases; without one, a
    server is started where the package for it is installed.
    """
    with ExitStack() as stack:
        folder, server = stack.enter_context(open_server(database))
        context = stack.enter_context(
            open_new_context(folder, server, "figures_bench")
        )
        tick(f"filling {size:,} cases")
        _fill_database(context, size, tick)
        rows = _measure_periods(context, size, tick)
    return Measurement("figures", "s", rows, {"load": list_load()})


def _fill_database(context: Context, size: int, tick: Tick) -> None:
    done = 0
    for rows in make_batches(size, SPAN, batch=BATCH):
        with context.database.writing() as session:
            rows.insert_into(session)
        done += BATCH
        if done % (10 * BATCH) == 0:
            tick(f"{min(done, size):,} cases")
    gather_statistics(context.database)


def _measure_periods(context: Context, size: int, tick: Tick) -> list[Row]:
    zone = context.country.time_zone
    rows = []
    for period in (month_of(YEAR, 6, zone), year_of(YEAR, zone)):
        tick(f"counting {period.name} and the one before")
        # What was counted is kept: at a million cases a year takes minutes.
        counted, figures = _time_look(context, period)
        for each, of_period in figures.items():
            with context.database.writing() as session:
                closing.keep_figures(session, each, of_period, SPAN.end)
        read = statistics.median(
            _time_look(context, period)[0] for _ in range(READS)
        )
        case = f"{size:,} cases, {period.name} and the one before, closed"
        rows.append(Row(case, read, counted, "counted anew"))
    return rows


def _time_look(
    context: Context, period: Period
) -> tuple[float, dict[Period, Figures]]:
    """What a page asks for: a period and what it is compared with. Seconds, and the figures."""
    started = time.perf_counter()
    with context.database.reading() as session:
        figures = {
            each: closing.read_figures(session, context, each, SPAN.end)
            for each in (period, period.before())
        }
    return time.perf_counter() - started, figures
