"""Running the service: up, web, worker, scheduler; and the database's schema."""

from __future__ import annotations

import typer

from hotline.core.errors import InvalidInput
from hotline.core.language import counting
from hotline.core.settings import Settings
from workers.cli.keeping import schema
from workers.cli.keeping.own_keys import renew_key
from workers.cli.output import stderr, stdout
from workers.cli.running.preparing import (
    FIRST_ADMINISTRATOR,
    load_service_settings,
    prepare_house,
)


def register(app: typer.Typer) -> None:
    app.command("up")(up)
    app.command("web")(web)
    app.command("worker")(worker)
    app.command("scheduler")(scheduler)
    app.command("metrics")(metrics)
    database = typer.Typer(
        help="The database's schema and keys.", no_args_is_help=True
    )
    database.command("upgrade")(schema.upgrade)
    database.command("downgrade")(schema.downgrade)
    database.command("renew-key")(renew_key)
    app.add_typer(database, name="db")


def up() -> None:
    """Run everything: Redis if need be, web, workers and scheduler, until Ctrl-C."""
    from workers.processes import supervise

    settings = load_service_settings()
    lock = supervise.lock_data_dir(settings)
    try:
        supervise.require_free_port(settings.host, settings.port)
        # Counts of processes that have ended would be added to those of the
        # new ones.
        counting.forget_counts(settings)
        show_password(prepare_house(settings))
        tree = supervise.Tree(
            settings, supervise.service_children(settings), lock
        )
        tree.run(lambda: announce_addresses(settings))
        stderr.print("Stopped.")
    finally:
        lock.close()


def web() -> None:
    """Serve the pages and the API."""
    from workers.processes.programs import serve_web

    serve_web(load_service_settings())


def worker(
    burst: bool = typer.Option(
        False, help="Stop when there is nothing left to do."
    ),
    only: str = typer.Option(
        "", help="One kind of work (intake, sending, looking, ...); else all."
    ),
) -> None:
    """Take jobs from the queues and do them."""
    from workers.processes.programs import serve_queues
    from workers.queues.pools import Pool

    pools = tuple(pool for pool in Pool if only in ("", pool))
    if not pools:
        raise InvalidInput(
            f"There is no such kind of work. There are: {', '.join(Pool)}."
        )
    serve_queues(load_service_settings(), pools, burst=burst)


def scheduler() -> None:
    """Post what is due: checks, reminders, deadlines, retention, the audit seal."""
    from workers.processes.programs import serve_clock

    serve_clock(load_service_settings())


def metrics() -> None:
    """Serve the figures for Prometheus, on a port of their own (metrics_port)."""
    from workers.processes.programs import serve_figures

    serve_figures(load_service_settings())


def show_password(password: str) -> None:
    """At once, before anything else can fail: it is stored only as a hash and never shown again."""
    if password:
        _print_addresses(
            "",
            f"  First administrator: {FIRST_ADMINISTRATOR}   password: {password}",
            "  The password is shown this once only. Administrators need each other's approval:",
            "  add a second one here with hotline user add NAME --role administrator",
        )


def announce_addresses(settings: Settings) -> None:
    """Where everything is, once it answers."""
    from workers.configuration import find_gaps

    _print_addresses(
        *(f"  Note: {gap}" for gap in find_gaps(settings)),
        "",
        f"  Public form      {settings.public_url}/",
        f"  Console          {settings.console_url}/console/",
        f"  Providers' pages {settings.provider_url}/provider/",
        "",
        "  Stop with Ctrl-C.",
        "",
    )


def _print_addresses(*lines: str) -> None:
    for line in lines:
        stdout.print(line, soft_wrap=True, markup=False)
