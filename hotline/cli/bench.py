"""``hotline bench …``: figures, both sides measured in the same run."""

from __future__ import annotations

from typing import Any

import typer
from rich.table import Table

from hotline.cli.output import emit_json, stderr, stdout

JSON = typer.Option(False, "--json", help="One JSON object.")
SECONDS = typer.Option(3.0, min=0.1, help="Time for each measurement.")


def register(app: typer.Typer) -> None:
    bench = typer.Typer(help="Measure, with a reference in the same run.", no_args_is_help=True)
    for command in (url, hash_, match, intake):
        bench.command(command.__name__.rstrip("_"))(command)
    app.add_typer(bench, name="bench")


def url(seconds: float = SECONDS, json: bool = JSON) -> None:
    """Identity of locations, URLs per second on one core."""
    from triage.locations.bench import run

    _print(run(seconds), json)


def hash_(seconds: float = SECONDS, json: bool = JSON) -> None:
    """Decoding and hashing of pictures, pictures per second on one core."""
    from triage.fingerprints.bench import run

    _print(run(seconds), json)


def match(
    size: int = typer.Option(1_000_000, min=1_000, help="Known hashes in the index."),
    json: bool = JSON,
) -> None:
    """Matching PDQ hashes at distance 31, queries per second."""
    from triage.matching.bench import run

    _print(run(size=size, tick=lambda text: stderr.print(text, style="dim")), json)


def intake(
    seconds: float = typer.Option(20.0, min=0.1, help="Time for each measurement."),
    database: str = typer.Option("", help="URL of an empty database; SQLite by default."),
    json: bool = JSON,
) -> None:
    """Accepting reports through the web server, beside a bare view; reports per second."""
    from hotline.bench.intake import run

    _print(run(seconds, database=database), json)


def _print(result: dict[str, Any], json: bool) -> None:
    if json:
        emit_json(result)
        return
    stdout.print(f"{result['name']}, {result['unit']}, {result['machine']['cores']} cores")
    rows = result["rows"]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*(str(row.get(name, "")) for name in columns))
    stdout.print(table)
