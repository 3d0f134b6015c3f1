"""``hotline bench …``: figures, both sides measured in the same run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.table import Table

from workers.cli.output import emit_json, stderr, stdout

if TYPE_CHECKING:
    from workers.bench.results import Figure, Measurement

JSON = typer.Option(False, "--json", help="One JSON object.")
WIDEST = 10
"""Columns that a terminal has room for."""
DATABASE = typer.Option(
    "", help="URL of an empty database; SQLite by default."
)
SERVER = typer.Option(
    "", help="URL of a PostgreSQL server; one is started if empty."
)
SECONDS = typer.Option(3.0, min=0.1, help="Time for each measurement.")


def register(app: typer.Typer) -> None:
    bench = typer.Typer(
        help="Measure, with a reference in the same run.", no_args_is_help=True
    )
    for command in (
        url,
        hash_,
        match,
        import_,
        intake,
        pipeline,
        storage,
        watch,
        queue,
        figures,
        migrations,
    ):
        bench.command(command.__name__.rstrip("_"))(command)
    app.add_typer(bench, name="bench")


def _say_dimly(text: str) -> None:
    """How far a measurement is, beside what it prints in the end."""
    stderr.print(text, style="dim")


def url(seconds: float = SECONDS, json: bool = JSON) -> None:
    """Identity of locations, URLs per second on one core."""
    # Here, as in each below, and not at the top: a bench imports what it
    # measures, and --help should not.
    from workers.bench.locations import measure_locations

    _print_result(measure_locations(seconds), json)


def hash_(seconds: float = SECONDS, json: bool = JSON) -> None:
    """Decoding and hashing of pictures, pictures per second on one core."""
    from workers.bench.fingerprints import measure_fingerprints

    _print_result(measure_fingerprints(seconds), json)


def match(
    size: int = typer.Option(
        1_000_000, min=1_000, help="Known hashes in the index."
    ),
    json: bool = JSON,
) -> None:
    """Matching PDQ hashes at distance 31, queries per second."""
    from workers.bench.matching import measure_matching

    _print_result(
        measure_matching(size=size, tick=_say_dimly),
        json,
    )


def import_(
    size: int = typer.Option(
        1_000_000, min=1_000, help="PDQ hashes in the list."
    ),
    database: str = DATABASE,
    json: bool = JSON,
) -> None:
    """Importing a list, a changed version of it, going back and exporting, entries per second."""
    from workers.bench.imports import measure_imports

    _print_result(measure_imports(size, database=database), json)


def intake(
    seconds: float = typer.Option(
        20.0, min=0.1, help="Time for each measurement."
    ),
    database: str = DATABASE,
    json: bool = JSON,
) -> None:
    """Accepting reports through the web server, beside a bare view; reports per second."""
    from workers.bench.intake import measure_intake

    _print_result(measure_intake(seconds, database=database), json)


def pipeline(
    size: int = typer.Option(
        1_000_000, min=1, help="Random hashes in the index."
    ),
    reports: int = typer.Option(
        60, min=2, help="Reports one after another, for the latency."
    ),
    many: int = typer.Option(
        400, min=10, help="Reports at once, for the rate."
    ),
    workers: int = typer.Option(
        2, min=1, max=64, help="Job worker processes."
    ),
    database: str = DATABASE,
    json: bool = JSON,
) -> None:
    """A known picture from the public form to the class that its case proposes, through everything.

    Starts the whole service in a folder of its own and a host on loopback, and removes both.
    """
    from workers.bench.pipeline import measure_pipeline

    result = measure_pipeline(
        size=size,
        reports=reports,
        many=many,
        workers=workers,
        database=database,
        tick=_say_dimly,
    )
    _print_result(result, json)


def storage(
    reports: int = typer.Option(400, min=10, help="Reports, all at once."),
    database: str = SERVER,
    json: bool = JSON,
) -> None:
    """What a report costs on the disk: as received, after 120 days, after a year; kilobytes.

    Starts the whole service in a folder of its own and a host on loopback, and removes both.
    """
    from workers.bench.databases.storage import measure_storage

    result = measure_storage(
        reports,
        database=database,
        tick=_say_dimly,
    )
    _print_result(result, json)


def watch(
    size: int = typer.Option(100_000, min=1_000, help="Watched items."),
    database: str = SERVER,
    json: bool = JSON,
) -> None:
    """A tick of the scheduler with many watched items, beside few on the same kind of database."""
    from workers.bench.databases.watch import measure_watching

    result = measure_watching(
        size,
        database=database,
        tick=_say_dimly,
    )
    _print_result(result, json)


def queue(
    size: int = typer.Option(100_000, min=1_000, help="Cases in all."),
    few: int = typer.Option(10_000, min=100, help="Cases beside them."),
    asked: int = typer.Option(40, min=2, help="Requests of each page."),
    database: str = SERVER,
    json: bool = JSON,
) -> None:
    """Pages of the queue, look-ups and a case page with many cases, beside few: p95 server time."""
    from workers.bench.databases.queue import measure_queue

    result = measure_queue(
        size,
        few=few,
        asked=asked,
        database=database,
        tick=_say_dimly,
    )
    _print_result(result, json)


def figures(
    size: int = typer.Option(100_000, min=1_000, help="Cases."),
    database: str = SERVER,
    json: bool = JSON,
) -> None:
    """Figures of a month and of a year, read from closed periods beside counted anew."""
    from workers.bench.databases.figures import measure_figures

    result = measure_figures(
        size,
        database=database,
        tick=_say_dimly,
    )
    _print_result(result, json)


def migrations(
    size: int = typer.Option(
        1_000_000, min=1_000, help="Rows of each table that is changed."
    ),
    since: str = typer.Option(
        "", help="The schema to begin with; that of the version before."
    ),
    database: str = SERVER,
    json: bool = JSON,
) -> None:
    """The longest that a migration keeps others waiting for a table, beside a quiet one; ms."""
    from workers.bench.databases.migrations import measure_migrations
    from workers.migrations.serving import VERSION_BEFORE

    result = measure_migrations(
        size,
        since=since or VERSION_BEFORE,
        database=database,
        tick=_say_dimly,
    )
    _print_result(result, json)


def _print_result(result: Measurement, json: bool) -> None:
    written = result.to_json()
    if json:
        emit_json(written)
        return
    cores = written["machine"]["cores"]
    stdout.print(f"{result.name}, {result.unit}, {cores} cores")
    rows = [row.to_json() for row in result.rows]
    # In the order in which they first come up; not every row measures all of
    # them.
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if len(columns) > WIDEST:
        stdout.print(_tabulate_downwards(rows, columns))
        return
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*(str(row.get(name, "")) for name in columns))
    stdout.print(table)


def _tabulate_downwards(
    rows: list[dict[str, Figure]], columns: list[str]
) -> Table:
    """A column for each row, whose many figures are read downwards."""
    cases = [str(row["case"]) for row in rows]
    table = Table("", *cases, box=None)
    for name in columns[1:]:
        table.add_row(name, *(str(row.get(name, "")) for row in rows))
    return table
