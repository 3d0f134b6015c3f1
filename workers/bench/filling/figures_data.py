"""Made-up years of a hotline, rows and history, for measuring and testing the figures.

Every case goes the way that the state machines allow, at times drawn by a seed. Names end in
``.example``; networks are those of documentation.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from workers.bench.filling.figures_life import CaseLife
from workers.bench.filling.figures_rows import Rows, Span, make_cast


def make_batches(size: int, span: Span, *, batch: int) -> Iterator[Rows]:
    """``size`` cases with all that happened to them, ``batch`` cases at a time."""
    # Seeded, so that two runs of the same size fill the same database.
    dice = random.Random(size)
    rows = Rows()
    cast = make_cast(rows, span.start)
    step = (span.end - span.start) / max(1, size)
    for number in range(size):
        life = CaseLife(
            rows=rows,
            cast=cast,
            dice=dice,
            number=number,
            now=span.start + step * number,
            end=span.end,
        )
        life.live()
        if (number + 1) % batch == 0:
            yield rows
            rows = Rows()
    yield rows


def fill_with_cases(
    session: Session, size: int, span: Span, *, batch: int = 2_000
) -> None:
    """All rows in one transaction of the caller's."""
    for rows in make_batches(size, span, batch=batch):
        rows.insert_into(session)


def last_year(now: datetime) -> Span:
    """The calendar year before ``now`` and what is over of this one."""
    return Span(datetime(now.year - 1, 1, 1, tzinfo=UTC), now)
