"""``hotline stats``: the figures of a period, to read or to hand on."""

from __future__ import annotations

import typer

from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput
from workers.cli.opening import opened_house
from workers.cli.output import emit_json, stdout
from workers.statistics.comparing import rows_before
from workers.statistics.periods import Period, between, last_over, parse_period
from workers.statistics.showing.exports import describe_looks
from workers.statistics.tables import Figures, Value

PERIOD = typer.Option(
    "",
    "--period",
    help="2026, 2026-Q3, 2026-10 or 2026-10-03..2026-10-20. "
    "The last whole month if left out.",
)
FROM = typer.Option("", "--from", help="The first day, as 2026-10-03.")
TO = typer.Option("", "--to", help="The last day, included.")


def register(app: typer.Typer) -> None:
    app.command("stats")(print_figures)


def print_figures(
    period: str = PERIOD,
    first: str = FROM,
    last: str = TO,
    json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Figures of a period beside the one before: reports, cases, removals, times of each step."""
    from workers.statistics.closing import load_closed, read_figures

    with opened_house() as context:
        now = utc_now()
        zone = context.country.time_zone
        chosen = (
            choose_period(period, first, last, zone) or last_over(now, zone)[0]
        )
        with context.database.reading() as session:
            figures = read_figures(session, context, chosen, now)
            before = read_figures(session, context, chosen.before(), now)
            is_closed = load_closed(session, chosen) is not None
    if json:
        emit_json(describe_looks(chosen, figures, before, is_closed))
        return
    stdout.print(f"{chosen.name}, beside {chosen.before().name}", style="bold")
    _print_tables(figures, before)


def choose_period(
    period: str, first: str, last: str, zone: str
) -> Period | None:
    """What was named; None where nothing was."""
    if period and (first or last):
        raise InvalidInput("Name either a period or two days, not both.")
    if bool(first) != bool(last):
        raise InvalidInput("Name both days: --from and --to.")
    if first:
        return between(first, last, zone)
    return parse_period(period, zone) if period else None


def _print_tables(figures: Figures, before: Figures) -> None:
    for table in figures.tables:
        if not table.rows:
            continue
        stdout.print(_in_words(table.name.value), style="bold")
        earlier = rows_before(table, before[table.name])
        for row, values_before in zip(table.rows, earlier, strict=True):
            values = "  ".join(
                f"{_in_words(column)} {_write_value(value)}"
                for column, value in zip(
                    table.columns, row.values, strict=True
                )
            )
            line = f"  {_in_words(row.key):<32} {values}"
            # Of several columns a line would be too long to be read.
            if len(values_before) == 1:
                line += f"  (before: {_write_value(values_before[0])})"
            stdout.print(line, soft_wrap=True, markup=False)


def _in_words(slug: str) -> str:
    return slug.replace("_", " ")


def _write_value(value: Value) -> str:
    return "-" if value is None else str(value)
