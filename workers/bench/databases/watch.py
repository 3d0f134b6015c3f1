"""What a tick of the scheduler costs with many watched items, beside few on the same database."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.storage.ids import new_id
from partners.watching.models import Watch
from partners.watching.service import (
    POSTED_A_TICK,
    due_checks,
    post_due_checks,
)
from triage.cases.models import Case, CaseItem
from triage.cases.vocabulary import CaseState, PlaceState
from triage.items.models import Item
from workers.bench.filling.shared_rows import (
    Columns,
    Tables,
    insert_all,
    make_item,
    make_place,
)
from workers.bench.results import Measurement, Row
from workers.bench.serving.database import (
    gather_statistics,
    open_new_context,
)
from workers.bench.serving.postgres import run_postgres

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FEW = 1_000
TICKS = 15
# More than one tick takes up, so that each that is measured has as much to do.
_DUE = 2 * POSTED_A_TICK
_BATCH = 5_000
Work = Callable[[Session, Context], None]


def measure_watching(
    size: int = 100_000,
    *,
    database: str = "",
    tick: Callable[[str], None] = print,
) -> Measurement:
    """Milliseconds a tick, ``size`` watched items beside ``FEW``; ticks of the two alternate.

    ``database`` is the URL of a PostgreSQL server whose user may create databases; without one, a
    server is started where the package for it is installed, and left out where it is not.
    """
    rows: list[Row] = []
    with ExitStack() as stack:
        own_folder = tempfile.TemporaryDirectory(prefix="hotline-bench-")
        folder = Path(stack.enter_context(own_folder))
        servers = {"SQLite": ""}
        with suppress(ImportError):
            servers["PostgreSQL"] = database or stack.enter_context(
                run_postgres(folder)
            )
        for name, url in servers.items():
            tick(f"{name}: filling {size:,} and {FEW:,} watched items")
            many = stack.enter_context(_open_filled(folder, url, size))
            few = stack.enter_context(_open_filled(folder, url, FEW))
            for work_name, work in WORKS.items():
                ours, reference = _take_turns(work, many, few)
                case = f"{name}, {size:,}, {work_name}"
                row = Row(case, ours, reference, f"{FEW:,} items")
                rows.append(row)
    return Measurement("watch", "ms", rows)


def _take_turns(
    work: Work, many: Context, few: Context
) -> tuple[float, float]:
    """Medians in milliseconds; each run is undone, so that all meet the same table."""
    of_many = []
    of_few = []
    for _ in range(TICKS + 1):
        of_many.append(_time_work(work, many))
        of_few.append(_time_work(work, few))
    # The first turn of each pays for compiled statements and cold pages.
    ours = statistics.median(of_many[1:])
    reference = statistics.median(of_few[1:])
    return ours, reference


def _time_work(work: Work, context: Context) -> float:
    with Session(context.database.engine) as session:
        started = time.perf_counter()
        work(session, context)
        session.flush()
        taken = time.perf_counter() - started
        # Undone outside the measured time.
        session.rollback()
    return taken * 1000


def _run_tick(session: Session, context: Context) -> None:
    post_due_checks(session, context, NOW)


def _ask_question(session: Session, _context: Context) -> None:
    session.execute(due_checks(NOW)).all()


WORKS: Mapping[str, Work] = {
    "a tick": _run_tick,
    "its question alone": _ask_question,
}


def fill_database(context: Context, size: int) -> None:
    """``size`` watched items of a fifth as many hosts; some are due, the others within a month."""
    dice = random.Random(size)
    with context.database.writing() as session:
        for start in range(0, size, _BATCH):
            end = min(size, start + _BATCH)
            batch = [
                _make_watched(
                    number, dice, is_due=number < _DUE, hosts=size // 5
                )
                for number in range(start, end)
            ]
            insert_all(session, TABLES, batch)
    gather_statistics(context.database)


TABLES: Tables = (
    (Item, "item"),
    (Case, "case"),
    (CaseItem, "place"),
    (Watch, "watch"),
)


def _make_watched(
    number: int, dice: random.Random, *, is_due: bool, hosts: int
) -> dict[str, Columns]:
    """The rows of one watched item, by the names in ``TABLES``."""
    item_id, case_id = new_id(), new_id()
    host = f"host{dice.randrange(hosts)}.example"
    looked = NOW - timedelta(minutes=dice.randint(10, 600))
    next_at = NOW - timedelta(seconds=1)
    if not is_due:
        next_at = NOW + timedelta(minutes=dice.randint(1, 43_200))
    item = make_item(
        item_id,
        f"http://{host}/{number}",
        NOW,
        key=f"url://{host}/{number}",
        display=host,
        host=host,
        fetchable=True,
    )
    case: Columns = {
        "id": case_id,
        "reference": f"B-{number}",
        "opened_at": NOW,
        "state": CaseState.IN_PROGRESS,
        "state_since": NOW,
    }
    place = make_place(case_id, item_id, NOW, state=PlaceState.NOTICED)
    watch: Columns = {
        "id": new_id(),
        "item_id": item_id,
        "case_id": case_id,
        "host": host,
        "policy": "default",
        "baseline": {},
        "next_at": next_at,
        "planned_at": looked,
        "last_at": looked,
        "state": "watching",
        "state_since": NOW,
    }
    return {"item": item, "case": case, "place": place, "watch": watch}


@contextmanager
def _open_filled(folder: Path, server: str, size: int) -> Iterator[Context]:
    """A context on a database of its own with ``size`` watched items."""
    name = f"watch_{uuid.uuid4().hex}"
    with open_new_context(folder, server, name) as context:
        fill_database(context, size)
        yield context
