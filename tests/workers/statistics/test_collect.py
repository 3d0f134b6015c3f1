"""How a period is written, and what stands in the figures of an empty house."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.context import Context
from hotline.core.errors import InvalidInput
from triage.cases.assessing.assessment import load_schema
from triage.cases.quality.kappa import compute_kappa
from workers.statistics.counting.agreement import (
    describe_agreement,
)
from workers.statistics.counting.collect import collect_figures
from workers.statistics.periods import (
    Period,
    last_over,
    month_of,
    parse_period,
    quarter_of,
    year_of,
)
from workers.statistics.tables import Figures, TableName

ZONE = "Europe/Tirane"
NOW = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "first", "last", "before"),
    [
        ("2026", "2026-01-01", "2026-12-31", "2025"),
        ("2026-Q1", "2026-01-01", "2026-03-31", "2025-Q4"),
        ("2026-01", "2026-01-01", "2026-01-31", "2025-12"),
        ("2024-02", "2024-02-01", "2024-02-29", "2024-01"),
        (
            "2026-10-03..2026-10-05",
            "2026-10-03",
            "2026-10-05",
            "2026-09-30..2026-10-02",
        ),
    ],
)
def test_a_period_is_read_and_called_as_it_is_written(
    written: str, first: str, last: str, before: str
) -> None:
    period = parse_period(written, ZONE)
    assert (period.first.isoformat(), period.last.isoformat()) == (first, last)
    assert period.name == written
    assert period.before().name == before


@pytest.mark.parametrize(
    "written",
    [
        "",
        "26",
        "2026-13",
        "2026-Q5",
        "2026-00",
        "1999",
        "2100",
        "9999-01",
        "2026-10-05..2026-10-03",
        "2026-02-30..2026-03-01",
        "2001-01-01..2099-01-01",
        "..",
        "a..b",
        "٢٠٢٦",
        "2026\x00",
    ],
)
def test_what_is_no_period_is_said_in_words(written: str) -> None:
    with pytest.raises(InvalidInput):
        parse_period(written, ZONE)


@given(
    st.dates(date(2001, 1, 1), date(2098, 12, 31)),
    st.integers(0, 400),
)
def test_a_period_and_the_one_before_meet_without_a_gap(
    first: date, more: int
) -> None:
    period = Period(first, first + timedelta(days=more), ZONE)
    assert period.before().end == period.start
    assert period.before().zone == period.zone
    if ".." in period.name:
        assert period.before().days == period.days


@given(st.integers(2001, 2098))
def test_months_make_quarters_and_quarters_a_year(year: int) -> None:
    whole = year_of(year, ZONE)
    quarters = [quarter_of(year, number, ZONE) for number in range(1, 5)]
    months = whole.months()
    assert months == [month_of(year, number, ZONE) for number in range(1, 13)]
    assert [
        month for quarter in quarters for month in quarter.months()
    ] == months
    for parts in (quarters, months):
        assert parts[0].start == whole.start
        assert parts[-1].end == whole.end
        assert all(one.end == two.start for one, two in pairwise(parts))


def test_the_last_periods_are_those_that_are_over() -> None:
    new_year = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    names = [period.name for period in last_over(new_year, ZONE)]
    assert names == ["2025-12", "2025-Q4", "2025"]
    before = new_year - timedelta(hours=1)
    names = [period.name for period in last_over(before, ZONE)]
    assert names == ["2025-11", "2025-Q3", "2024"]


def test_kappa_is_what_the_textbook_example_gives() -> None:
    """50 grant proposals, two readers: p = 0.7, e = 0.5, and so 0.4."""
    pairs = {
        ("yes", "yes"): 20,
        ("yes", "no"): 5,
        ("no", "yes"): 10,
        ("no", "no"): 15,
    }
    assert compute_kappa(pairs) == pytest.approx(0.4)
    assert describe_agreement(pairs) == (50, 0.7, 0.4)
    assert compute_kappa({}) is None
    assert compute_kappa({("yes", "yes"): 9}) is None


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abc"), st.sampled_from("abc")),
        st.integers(1, 50),
        min_size=1,
    )
)
def test_kappa_is_one_at_most_and_does_not_mind_who_was_first(
    pairs: dict[tuple[str, str], int],
) -> None:
    kappa = compute_kappa(pairs)
    swapped = {(two, one): count for (one, two), count in pairs.items()}
    assert kappa == compute_kappa(swapped)
    if kappa is not None:
        assert kappa <= 1
        assert (kappa == 1) == all(one == two for one, two in pairs)


def test_the_figures_of_a_new_service_are_whole(
    make_context: Callable[..., Context],
) -> None:
    context = make_context()
    schema = load_schema(context.settings.data_dir)
    period = month_of(2026, 10, ZONE)
    with context.database.reading() as session:
        figures = collect_figures(session, period, schema, NOW)
    assert [table.name for table in figures.tables] == list(TableName)
    assert figures[TableName.TOTALS].value("reports", "count") == 0
    assert figures[TableName.DURATIONS].value("hold", "median_hours") is None
    assert Figures.from_json(figures.to_json()) == figures
