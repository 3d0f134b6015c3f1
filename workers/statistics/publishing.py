"""What of the figures the public reads: closed quarters, with small numbers kept back.

Quarters only: where a year and its months were published side by side, what is kept back in one
could be taken from the others.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hotline.intake.form.published import (
    Page,
    PublishedCounts,
    PublishedDuration,
    PublishedFigures,
    PublishedStep,
    PublishedTable,
)
from workers.statistics.closing import list_closed, load_closed
from workers.statistics.counting.durations import SHARES_WITHIN_DAYS, Step
from workers.statistics.periods import Period, parse_period
from workers.statistics.showing.document import write_report
from workers.statistics.suppression import (
    LEAST,
    Published,
    suppress_number,
    suppress_together,
)
from workers.statistics.tables import Figures, TableName

FEWEST_TIMED = 20
"""Of fewer, a median and shares would be about single cases."""
STEPS = {
    PublishedStep.POLICE: Step.RECEIPT_TO_POLICE,
    PublishedStep.REMOVAL: Step.RECEIPT_TO_REMOVAL,
    PublishedStep.NOTICE_TO_REMOVAL: Step.NOTICE_TO_REMOVAL,
}
OF_ONE_SUM = (
    (
        (PublishedTable.KINDS, TableName.REPORTS_BY_KIND, "count"),
        (PublishedTable.LANGUAGES, TableName.REPORTS_BY_LANGUAGE, "count"),
    ),
    ((PublishedTable.COUNTRIES, TableName.BY_COUNTRY, "found"),),
)
"""Tables whose numbers add up to the same, as reports by kind and by language do."""


@dataclass(frozen=True, slots=True)
class Quarters:
    """The publisher of the public pages; ``zone`` is that of the home country."""

    zone: str

    def list_periods(self, session: Session) -> list[str]:
        closed = list_closed(session, self.zone)
        return [period.name for period in closed if _is_quarter(period)]

    def read_period(self, session: Session, name: str) -> PublishedFigures:
        period = parse_period(name, self.zone)
        figures = load_closed(session, period)
        assert figures is not None, "only closed periods are offered"
        return publish_figures(period, figures)

    def write_report(self, page: Page, house: str) -> bytes:
        return write_report(page, house)


def publish_figures(period: Period, figures: Figures) -> PublishedFigures:
    tables: dict[PublishedTable, PublishedCounts] = {}
    for group in OF_ONE_SUM:
        counts = [
            _read_counts(figures, name, column) for _, name, column in group
        ]
        # Together, as one small number could be worked out from the sum of the
        # other table.
        for (published, _, _), shown in zip(
            group, suppress_together(counts), strict=True
        ):
            tables[published] = _to_published(shown)
    removed = figures[TableName.TOTALS].value("locations_removed", "count")
    return PublishedFigures(
        name=period.name,
        first=period.first,
        last=period.last,
        tables=tables,
        durations={
            published: _publish_duration(figures, step)
            for published, step in STEPS.items()
        },
        removed=suppress_number(int(removed or 0)),
        least=LEAST,
    )


def _is_quarter(period: Period) -> bool:
    # Months would have numbers too small to be shown, and years come too late.
    return "-Q" in period.name


def _read_counts(
    figures: Figures, name: TableName, column: str
) -> dict[str, int]:
    table = figures[name]
    return {
        row.key: int(table.value(row.key, column) or 0) for row in table.rows
    }


def _to_published(shown: Published) -> PublishedCounts:
    return PublishedCounts(shown.counts, shown.total)


def _publish_duration(
    figures: Figures, step: Step
) -> PublishedDuration | None:
    table = figures[TableName.DURATIONS]
    count = int(table.value(step, "count") or 0)
    median = table.value(step, "median_hours")
    # Left out as a whole: a count beside a missing time would say how few they
    # were.
    if count < FEWEST_TIMED or median is None:
        return None
    return PublishedDuration(
        median,
        {
            days: float(table.value(step, f"within_{days}_days") or 0)
            for days in SHARES_WITHIN_DAYS
        },
    )
