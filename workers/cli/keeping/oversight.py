"""Commands of oversight: audit, retention, configuration."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import typer

from hotline.core.context import utc_now
from hotline.core.errors import Misconfigured
from workers.cli.keeping.two_people import ask_people, require_answering
from workers.cli.opening import load_running_settings, open_house
from workers.cli.output import emit_json, stdout


def register(app: typer.Typer) -> None:
    audit = typer.Typer(help="The audit log.", no_args_is_help=True)
    audit.command("verify")(verify_log)
    audit.command("restored")(note_restore)
    app.add_typer(audit, name="audit")
    retention = typer.Typer(
        help="Erasing what is no longer needed.", no_args_is_help=True
    )
    retention.command("run")(run_retention)
    retention.command("plan")(show_plan)
    app.add_typer(retention, name="retention")
    config = typer.Typer(help="Settings and data files.", no_args_is_help=True)
    config.command("check")(check_configuration)
    app.add_typer(config, name="config")


def verify_log(
    json: bool = typer.Option(False, "--json", help="One JSON object."),
    heads: Path | None = typer.Option(
        None,
        "--heads",
        help="A copy of the file of heads that is kept on another machine.",
        exists=True,
        dir_okay=False,
    ),
) -> None:
    """Walk the whole chain of the audit log and say how far the seal reaches."""
    from hotline.core.storage import audit
    from hotline.core.storage.audit_heads import ChainBroken

    context = open_house()
    assert context.settings.audit_heads_file is not None
    # Whoever changed the log here may have changed the file beside it; a copy
    # elsewhere shows that.
    path = heads or context.settings.audit_heads_file
    with context.database.reading() as session:
        result = audit.verify_chain(session, path, context.keyring)
    if json:
        emit_json(
            {
                "intact": result.intact,
                "sealed": result.sealed,
                "open": result.open,
                "compared": result.compared,
                "fault": result.fault or None,
            }
        )
    # After the JSON: a program reads there what is wrong, and learns by the
    # exit code that something is.
    if not result.intact:
        raise ChainBroken(f"The audit log is broken: {result.fault}.")
    if not json:
        stdout.print(
            f"Intact: {result.sealed} entries sealed, {result.open} not sealed yet, "
            f"compared with {result.compared} heads of {path.name}.",
            soft_wrap=True,
        )


def note_restore(
    why: str = typer.Option(
        ..., "--why", help="Which backup, and why it was put back."
    ),
    first: str = typer.Option(
        ..., "--by", help="User name of who put it back."
    ),
    second: str = typer.Option(
        ..., "--with", help="User name of a second person."
    ),
) -> None:
    """Note that the database was put back from a backup. Two persons answer for it.

    The heads of what was lost are void from then on; whatever is changed later is still found. Run
    it once after a restore, before the service starts. Both are asked for their passwords.
    """
    from workers.backup.restore import note_restore as record_restore

    people = (first, second)
    require_answering(people, why)
    context = open_house()
    now = utc_now()
    ask_people(context, people, now)
    record_restore(context, people, why.strip(), now)
    stdout.print("Noted. The log is sealed and verified from here on.")


def run_retention(
    json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Erase contact data and narratives whose time is over; the scheduler does it by itself too."""
    from hotline.core.datafiles.periods import Sort, load_periods
    from hotline.intake import retention
    from triage.cases.keeping.last_act import happened_since
    from workers.retention.forgetting import forget_all

    context = open_house()
    now = utc_now()

    def say(name: str, count: int) -> None:
        if not json:
            stdout.print(_count_words({name: count}))

    counts = forget_all(context, now, say)
    with context.database.reading() as session:
        held = retention.count_waiting(
            session, context.settings, now=now, happened=happened_since
        ).unread
    if json:
        emit_json(counts | {"held_unread": held})
        return
    stdout.print(f"Nothing more is due. {_count_words(counts)}")
    if held:
        days = load_periods(context.settings)[Sort.UNREAD_WORDS].days
        stdout.print(
            f"Reports kept because nobody read their last words: {held}; "
            f"{days} days at most.",
            soft_wrap=True,
        )


def show_plan(
    json: bool = typer.Option(False, "--json", help="One JSON object."),
    ahead: int = typer.Option(
        0,
        "--days-ahead",
        min=0,
        max=36_525,
        help="As it will be in so many days, if nothing happens until then.",
    ),
) -> None:
    """Say what would be forgotten now, and when the next is; nothing is changed."""
    from workers.retention.plan import make_plan

    context = open_house()
    # Only the clock is moved: the periods are those of today.
    now = utc_now() + timedelta(days=ahead)
    with context.database.reading() as session:
        plan = make_plan(session, context, now)
    if json:
        emit_json(plan.to_json())
        return
    for planned in plan.sorts:
        next_at = planned.next_at
        when = f"next {next_at:%Y-%m-%d}" if next_at else "none near"
        stdout.print(
            f"{planned.sort.value:<18} due {planned.due:>6}   "
            f"there {planned.kept:>6}   {when}",
            soft_wrap=True,
            highlight=False,
        )
    stdout.print(
        f"Held back: {plan.unread} reports whose last words nobody read, "
        f"{plan.under_hold} cases under a hold of the police.",
        soft_wrap=True,
    )


def _count_words(counts: dict[str, int]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')}: {n}" for name, n in counts.items()
    )


def check_configuration() -> None:
    """Read all settings and data files and name every fault at once."""
    from workers import configuration

    settings = load_running_settings()
    faults = [
        *configuration.list_faults(settings),
        *configuration.list_examples_in_letters(settings),
    ]
    if faults:
        raise Misconfigured("Faults found: " + " ".join(faults))
    stdout.print(
        f"Settings and data files are good. Home country: {settings.country}."
    )
    for note in configuration.find_gaps(settings):
        stdout.print(f"Note: {note}", soft_wrap=True, markup=False)
