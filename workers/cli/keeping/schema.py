"""``hotline db``: the schema, there and back, and what either would do, said before."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from hotline.core.context import build_context
from hotline.core.errors import Conflict
from workers.cli.output import emit_json, stdout
from workers.migrations.plan import (
    MigrationPlan,
    Step,
    TouchedTable,
    plan_downgrade,
    plan_upgrade,
)

KIB = 1024


def upgrade(
    plan: bool = typer.Option(
        False, "--plan", help="Say what would be done; nothing is changed."
    ),
    as_json: bool = typer.Option(False, "--json", help="The plan as JSON."),
) -> None:
    """Bring the database's schema and the directory's seed up to date."""
    from workers.cli.running.preparing import (
        bring_up_to_date,
        load_service_settings,
    )
    from workers.house import preparing_alone, require_database
    from workers.migrations import run

    settings = load_service_settings().direct()
    # A plan changes nothing, and so must not make the file that it is about.
    if plan or as_json:
        require_database(settings)
    # Past a pooler: a lock that a session holds means nothing where each
    # transaction may get another one.
    context = build_context(settings)
    try:
        if plan or as_json:
            _show(plan_upgrade(context.database), as_json=as_json)
            return
        before = run.current_revision(context.database)
        with preparing_alone(context.database):
            bring_up_to_date(context)
        after = run.current_revision(context.database)
    finally:
        context.close()
    stdout.print(
        f"Schema: {before or 'none'} -> {after}"
        if before != after
        else "Up to date."
    )


def downgrade(
    revision: str = typer.Argument(help="The schema to go back to, as 0022."),
    plan: bool = typer.Option(
        False, "--plan", help="Say what would be done; nothing is changed."
    ),
    as_json: bool = typer.Option(False, "--json", help="The plan as JSON."),
    accept_loss: bool = typer.Option(
        False,
        "--accept-loss",
        help="Go back although tables or columns with data would be dropped.",
    ),
) -> None:
    """Take the schema back to that of an older version, where there is a way.

    Stop the service first. What only the newer schema has a place for is lost: make a backup.
    """
    from workers.cli.running.preparing import load_service_settings
    from workers.house import require_database
    from workers.migrations import run

    settings = load_service_settings().direct()
    require_database(settings)
    context = build_context(settings)
    try:
        planned = plan_downgrade(context.database, revision)
        if plan or as_json:
            _show(planned, as_json=as_json)
            return
        lost = [name for step in planned.steps for name in step.lost]
        if lost and not accept_loss:
            raise Conflict(
                f"On the way back to {revision} this is dropped with what is in it: "
                f"{', '.join(lost)}.",
                hint="Make a backup, then say --accept-loss; or restore the backup of before the "
                "upgrade.",
            )
        run.downgrade_schema(context.database, revision)
    finally:
        context.close()
    stdout.print(
        f"Schema: {planned.have} -> {revision}. Start the version that belongs to it."
    )


def _show(plan: MigrationPlan, *, as_json: bool) -> None:
    if as_json:
        emit_json(plan.to_json())
        return
    if not plan.steps:
        stdout.print(f"Up to date: the schema is {plan.have}.")
        return
    stdout.print(
        f"Schema {plan.have or 'none'} -> {plan.want}, {len(plan.steps)} steps. "
        f"The database has {_in_words(plan.database_size)}.",
        soft_wrap=True,
    )
    for step in plan.steps:
        for line in _lines_of(step):
            stdout.print(line, markup=False, soft_wrap=True)


def _lines_of(step: Step) -> Sequence[str]:
    statements = (
        "looks at rows first"
        if step.statements is None
        else f"{step.statements} statements"
    )
    lines = [f"{step.revision}  {step.title} ({statements})"]
    for name in step.made:
        lines.append(f"    makes {name}")
    for table in step.touched:
        lines.append(f"    changes {_table_in_words(table)}")
    for name in step.lost:
        lines.append(f"    drops {name}")
    return lines


def _table_in_words(table: TouchedTable) -> str:
    size = "" if table.size is None else f", {_in_words(table.size)}"
    return f"{table.name}: {table.rows} rows{size}"


def _in_words(size: int) -> str:
    value = float(size)
    for unit in ("bytes", "KiB", "MiB"):
        if value < KIB:
            return f"{value:.0f} {unit}"
        value /= KIB
    return f"{value:.1f} GiB"
