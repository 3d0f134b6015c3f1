"""How long a migration keeps others waiting on a table of a million rows.

Whoever works on with a table meanwhile is played by a thread that changes one of its rows again and
again, and by another that reads one: the longest that one of them took is what the service feels
of a lock, however PostgreSQL calls it. Beside it, the longest without a migration.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from hotline.core.errors import InvalidInput
from hotline.core.storage.database import Database
from workers.bench.filling.schema_rows import fill_table, reflect_table
from workers.bench.results import Measurement, Row, list_load
from workers.bench.serving.database import gather_statistics
from workers.bench.serving.postgres import create_database, open_server
from workers.migrations import run
from workers.migrations.plan import Step, plan_upgrade
from workers.migrations.serving import VERSION_BEFORE

OF_STAFF = frozenset(
    {"person", "person_request", "login_session", "staff_identity"}
)
"""Tables of those who work here."""
MOST_STAFF = 10_000
"""More than work at any hotline."""
QUIET_SECONDS = 5.0
"""How long the table is watched without a migration."""
LET_GO_SECONDS = 0.002
Tick = Callable[[str], None]


def measure_migrations(
    size: int = 1_000_000,
    *,
    since: str = VERSION_BEFORE,
    database: str = "",
    tick: Tick = print,
) -> Measurement:
    """Milliseconds: the longest that anybody waited, for each migration after schema ``since``.

    Each table that they change has ``size`` rows before the first of them (of those who work here
    ``MOST_STAFF`` at the most). ``database`` is the URL
    of a PostgreSQL server whose user may create databases and is a superuser; without one, a server
    is started where the package for it is installed.
    """
    if not run.knows_revision(since):
        raise InvalidInput(f"There is no schema {since[:20]}.")
    with ExitStack() as stack:
        _, server = stack.enter_context(open_server(database))
        url = stack.enter_context(create_database(server, "migrations_bench"))
        measured = Database(url.get_secret_value())
        stack.callback(measured.dispose)
        # Connections of their own, without what a migration says to its session.
        others = Database(url.get_secret_value())
        stack.callback(others.dispose)
        run.upgrade_schema(measured, since)
        steps = plan_upgrade(measured).steps
        _fill(measured, steps, size, tick)
        rows = [_measure_step(measured, others, step, tick) for step in steps]
    return Measurement(
        "migrations", "ms", rows, {"size": size, "load": list_load()}
    )


def _fill(
    database: Database, steps: Sequence[Step], size: int, tick: Tick
) -> None:
    names = {table.name for step in steps for table in step.touched}
    for name in sorted(names):
        rows = min(size, MOST_STAFF) if name in OF_STAFF else size
        tick(f"filling {name}: {rows:,} rows")
        with database.engine.begin() as connection:
            fill_table(connection, name, rows)
    gather_statistics(database)


def _measure_step(
    database: Database, others: Database, step: Step, tick: Tick
) -> Row:
    tick(f"{step.revision}  {step.title}")
    names = [table.name for table in step.touched]
    # Before the migration: what it does to the table's pages would slow the
    # quiet side as well.
    with _others_at_work(others, names) as quiet:
        time.sleep(QUIET_SECONDS if names else 0)
    with _others_at_work(others, names) as disturbed:
        started = time.monotonic()
        run.upgrade_schema(database, step.revision)
        seconds = time.monotonic() - started
    return Row(
        step.revision,
        disturbed.longest_ms(),
        quiet.longest_ms(),
        "without a migration",
        {
            "tables": ", ".join(names),
            "waited for": disturbed.slowest(),
            "seconds": round(seconds, 1),
        },
    )


@dataclass
class Waits:
    """The longest that each act took, in milliseconds."""

    longest: dict[str, float] = field(default_factory=dict)

    def note(self, act: str, milliseconds: float) -> None:
        self.longest[act] = max(self.longest.get(act, 0.0), milliseconds)

    def longest_ms(self) -> float:
        return max(self.longest.values(), default=0.0)

    def slowest(self) -> str:
        return max(self.longest, key=lambda act: self.longest[act], default="")


@contextmanager
def _others_at_work(
    database: Database, names: Sequence[str]
) -> Iterator[Waits]:
    """Within, a thread writes to each table and another reads it, one short act after the other."""
    waits, stop = Waits(), threading.Event()
    with database.engine.connect() as connection:
        acts = {
            act: statement
            for name in names
            for act, statement in _acts_on(connection, name)
        }
    threads = [
        threading.Thread(
            target=_act_until, args=(database, act, statement, waits, stop)
        )
        for act, statement in acts.items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield waits
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _acts_on(connection: Connection, name: str) -> Iterator[tuple[str, str]]:
    quote = connection.dialect.identifier_preparer.quote
    table = quote(name)
    key = next(iter(reflect_table(connection, name).primary_key))
    column = quote(key.name)
    first = f"(SELECT {column} FROM {table} LIMIT 1)"  # noqa: S608  # a table of ours, quoted
    yield (
        f"reading {name}",
        f"SELECT {column} FROM {table} WHERE {column} = {first}",  # noqa: S608
    )
    yield (
        f"writing {name}",
        f"UPDATE {table} SET {column} = {column} WHERE {column} = {first}",  # noqa: S608
    )


def _act_until(
    database: Database,
    act: str,
    statement: str,
    waits: Waits,
    stop: threading.Event,
) -> None:
    while not stop.wait(LET_GO_SECONDS):
        with database.engine.connect() as connection:
            started = time.monotonic()
            connection.exec_driver_sql(statement)
            connection.commit()
            waits.note(act, (time.monotonic() - started) * 1000)
