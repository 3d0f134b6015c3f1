"""The machines that the service runs on: which live, and how new their index is."""

from __future__ import annotations

import typer
from rich.table import Table

from hotline.core.context import utc_now
from hotline.core.errors import NotFound
from workers.cli.opening import open_house
from workers.cli.output import emit_json, stdout


def register(app: typer.Typer) -> None:
    machines = typer.Typer(
        help="The machines that the service runs on, and whether they live.",
        no_args_is_help=True,
    )
    machines.command("list")(print_machines)
    machines.command("forget")(forget)
    app.add_typer(machines, name="machines")


def print_machines(
    json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """All machines of the last week; the silent ones are those to look after."""
    from hotline.core.storage.servers.presence import is_silent, list_machines
    from triage.hashlists.models import HashIndexState
    from triage.hashlists.search.index_edition import measure_lag

    now = utc_now()
    rows = []
    with open_house().database.reading() as session:
        for machine in list_machines(session):
            index = session.get(HashIndexState, machine.name)
            missing = (
                measure_lag(session, index.edition).missing if index else None
            )
            rows.append(
                {
                    "name": machine.name,
                    "state": "silent" if is_silent(machine, now) else "alive",
                    "seen_at": machine.seen_at.isoformat(timespec="seconds"),
                    "index_built_at": (
                        index.built_at.isoformat(timespec="seconds")
                        if index
                        else None
                    ),
                    "index_missing_versions": missing,
                }
            )
    if json:
        for row in rows:
            emit_json(row)
        return
    if not rows:
        stdout.print("No machine has run the service yet.")
        return
    table = Table("Machine", "State", "Seen", "Index built", "Versions behind")
    for row in rows:
        table.add_row(
            *("-" if value is None else str(value) for value in row.values())
        )
    stdout.print(table)


def forget(
    name: str = typer.Argument(..., help="As `hotline machines list` has it."),
) -> None:
    """Stop expecting a machine that was taken away. It is known again if it speaks again."""
    from hotline.core.storage.servers.presence import forget_machine
    from triage.hashlists.models import HashIndexState

    with open_house().database.writing() as session:
        if not forget_machine(session, name):
            raise NotFound(
                f"No machine is called {name}.",
                hint="`hotline machines list` names them.",
            )
        # Else the machine would go on counting as one whose index is behind.
        index = session.get(HashIndexState, name)
        if index is not None:
            session.delete(index)
    stdout.print(f"{name} is forgotten.")
