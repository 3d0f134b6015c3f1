"""Commands of oversight: audit, figures, retention, configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import typer

from hotline.core.context import Context, utc_now
from hotline.core.errors import Forbidden, InvalidInput, Misconfigured
from hotline.core.placeholders import list_placeholders
from hotline.core.settings import Settings
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
    app.add_typer(retention, name="retention")
    config = typer.Typer(help="Settings and data files.", no_args_is_help=True)
    config.command("check")(check_configuration)
    app.add_typer(config, name="config")
    app.command("stats")(print_figures)


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
    if first == second:
        raise InvalidInput(
            "Two different people have to answer for a restore."
        )
    if not why.strip():
        raise InvalidInput("Say which backup was put back, and why.")
    context = open_house()
    now = utc_now()
    for name in (first, second):
        password = typer.prompt(
            f"Password of {name}", hide_input=True, err=True
        )
        _confirm_person(context, name, password, now)
    _record_restore(context, (first, second), why.strip(), now)
    stdout.print("Noted. The log is sealed and verified from here on.")


def _record_restore(
    context: Context, persons: tuple[str, str], reason: str, now: datetime
) -> None:
    """In the log and, once it is sealed, in the file of heads."""
    from hotline.core.storage import audit, audit_heads

    path = context.settings.audit_heads_file
    assert path is not None
    last = audit_heads.last_head(path)
    first, second = persons
    with context.database.writing() as session:
        restore = audit_heads.Restore(
            persons=persons,
            reason=reason,
            kept=audit.last_agreeing(session, path),
            lost=last.number if last else 0,
        )
        audit.record_entry(
            session,
            actor=f"person:{first}",
            action="audit.restored",
            entity="audit",
            entity_id="log",
            now=now,
            second=f"person:{second}",
            why=restore.reason,
            lost=restore.lost,
        )
        audit.seal_entries(session)
    with context.database.reading() as session:
        audit.write_head(session, path, context.keyring, now, restore=restore)


def _confirm_person(
    context: Context, name: str, password: str, now: datetime
) -> None:
    """Sign the person in and out again, with the delays and notes of every sign-in."""
    from hotline.accounts import logins

    with context.database.writing() as session:
        token = logins.sign_in(session, context, name, password, now)
        if token is not None:
            logins.sign_out(session, token, now)
    if token is None:
        raise Forbidden(
            f"The password of {name} is not right, or nobody has that name."
        )


def run_retention(
    json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Erase contact data and narratives whose time is over; the scheduler does it by itself too."""
    from hotline.intake import retention
    from triage.cases.last_act import happened_since
    from workers.forgetting import forget_all

    context = open_house()
    now = utc_now()

    def say(name: str, count: int) -> None:
        if not json:
            stdout.print(_count_words({name: count}))

    counts = forget_all(context, now, say)
    with context.database.reading() as session:
        held = retention.count_waiting(
            session, context, now=now, happened=happened_since
        ).unread
    if json:
        emit_json(counts | {"held_unread": held})
        return
    stdout.print(f"Nothing more is due. {_count_words(counts)}")
    if held:
        days = context.settings.retention_unread_days
        stdout.print(
            f"Reports kept because nobody read their last words: {held}; "
            f"{days} days at most.",
            soft_wrap=True,
        )


def _count_words(counts: dict[str, int]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')}: {n}" for name, n in counts.items()
    )


def check_configuration() -> None:
    """Read all settings and data files and name every fault at once."""
    settings = load_running_settings()
    faults = list_faults(settings)
    examples = list_placeholders(settings)
    if examples and settings.smtp_host:
        faults.append(
            "Letters are to leave, but these settings are examples: "
            f"{', '.join(examples)}."
        )
    if faults:
        raise Misconfigured("Faults found: " + " ".join(faults))
    stdout.print(
        f"Settings and data files are good. Home country: {settings.country}."
    )
    for note in find_gaps(settings):
        stdout.print(f"Note: {note}", soft_wrap=True, markup=False)


def find_gaps(settings: Settings) -> list[str]:
    """What is not wrong, but leaves a part of the service without effect."""
    gaps = []
    examples = list_placeholders(settings)
    if examples:
        gaps.append(
            f"no letter leaves while these are examples: {', '.join(examples)}."
        )
    if not settings.smtp_host:
        gaps.append("no smtp_host is set, so nothing is sent by e-mail.")
    if not settings.control_url:
        gaps.append(
            "no control_url is set, so no removal can be verified: an absence counts "
            "only while a page of your own can be reached."
        )
    return gaps


def list_faults(settings: Settings) -> list[str]:
    """Every fault of every data file, each named once."""
    from hotline.core import languages
    from hotline.core.datafiles import countries
    from hotline.intake.flood.limits import load_limits
    from hotline.intake.inbound.mail import load_senders
    from partners.directory import seed
    from partners.referrals.offices import load_offices
    from triage import priority
    from triage.availability.pages import load_error_pages
    from triage.availability.policy import load_policy, policy_file
    from triage.cases.assessment import load_schema
    from triage.cases.handling.next_case import load_exposure
    from triage.hashlists.owners.remote import load_remote_lists
    from triage.hosting.sources.cdn import CdnRanges
    from triage.hosting.sources.known import load_known_networks
    from triage.jurisdiction import rules
    from triage.locations.catalogue import load_platforms

    folder = settings.data_dir
    faults = [
        *countries.find_country_faults(folder),
        *languages.find_language_faults(folder),
        *rules.list_faults(folder),
        *priority.list_faults(folder),
        *seed.list_faults(folder),
    ]
    loaders: tuple[Callable[[Path], object], ...] = (
        load_platforms,
        load_limits,
        load_senders,
        load_remote_lists,
        CdnRanges.load_file,
        load_known_networks,
        load_error_pages,
        load_schema,
        load_exposure,
        load_offices,
        lambda where: load_policy(
            where, name=policy_file(settings.availability_policy)
        ),
    )
    for load in loaders:
        try:
            load(folder)
        except Misconfigured as error:
            faults.append(str(error))
    if settings.country not in countries.list_countries(folder):
        faults.append(
            f"There is no data file for the home country {settings.country}."
        )
    return list(dict.fromkeys(faults))


def print_figures(
    json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Figures from the history: reports, items, and the time that each step took."""
    from workers.statistics.figures import collect_figures

    context = open_house()
    with context.database.reading() as session:
        statistics = collect_figures(session, utc_now()).to_json()
    if json:
        emit_json(statistics)
        return
    for group, values in statistics.items():
        stdout.print(group.replace("_", " "), style="bold")
        for name, value in values.items():
            line = f"  {name.replace('_', ' '):<28} {_in_words(value)}"
            stdout.print(line, soft_wrap=True, markup=False)


def _in_words(value: object) -> str:
    if isinstance(value, Mapping):
        return "  ".join(
            f"{name} {_in_words(entry)}" for name, entry in value.items()
        )
    return "-" if value is None else str(value)
