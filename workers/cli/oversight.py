"""Commands of oversight: audit, figures, retention, configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from hotline.core.context import utc_now
from hotline.core.errors import HotlineError, Misconfigured
from hotline.core.settings import Settings, load_settings
from workers.cli.opening import open_house
from workers.cli.output import emit_json, stdout


class BrokenChain(HotlineError):
    """The audit log is not what it was."""


def register(app: typer.Typer) -> None:
    audit = typer.Typer(help="The audit log.", no_args_is_help=True)
    audit.command("verify")(verify)
    app.add_typer(audit, name="audit")
    retention = typer.Typer(
        help="Erasing what is no longer needed.", no_args_is_help=True
    )
    retention.command("run")(run_retention)
    app.add_typer(retention, name="retention")
    config = typer.Typer(help="Settings and data files.", no_args_is_help=True)
    config.command("check")(check)
    app.add_typer(config, name="config")
    app.command("stats")(stats)


def verify(json: bool = typer.Option(False, "--json", help="One JSON object.")) -> None:
    """Walk the whole chain of the audit log and say how far the seal reaches."""
    from hotline.core.storage import audit

    context = open_house()
    assert context.settings.audit_heads_file is not None
    with context.database.reading() as session:
        found = audit.verify(
            session, context.settings.audit_heads_file, context.keyring
        )
    if json:
        emit_json(
            {
                "intact": found.intact,
                "sealed": found.sealed,
                "open": found.open,
                "fault": found.fault or None,
            }
        )
    if not found.intact:
        raise BrokenChain(f"The audit log is broken: {found.fault}.")
    if not json:
        stdout.print(
            f"Intact: {found.sealed} entries sealed, {found.open} not sealed yet."
        )


def run_retention(
    json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Erase contact data and narratives whose time is over; the scheduler does it by itself too."""
    from hotline.intake import service as intake

    context = open_house()
    with context.database.writing() as session:
        counts = intake.retention(session, context, now=utc_now())
    if json:
        emit_json(counts)
    else:
        stdout.print(
            ", ".join(f"{name.replace('_', ' ')}: {n}" for name, n in counts.items())
        )


def check() -> None:
    """Read all settings and data files and name every fault at once."""
    settings = load_settings()
    faults = list_faults(settings)
    if faults:
        raise Misconfigured("Faults found: " + " ".join(faults))
    stdout.print(f"Settings and data files are good. Home country: {settings.country}.")
    for note in gaps(settings):
        stdout.print(f"Note: {note}", soft_wrap=True, markup=False)


def gaps(settings: Settings) -> list[str]:
    """What is not wrong, but leaves a part of the service without effect."""
    found = []
    if not settings.smtp_host:
        found.append("no smtp_host is set, so nothing is sent by e-mail.")
    if not settings.control_url:
        found.append(
            "no control_url is set, so no removal can be verified: an absence counts "
            "only while a page of your own can be reached."
        )
    return found


def list_faults(settings: Settings) -> list[str]:
    """Every fault of every data file, each named once."""
    from hotline.core.datafiles import countries
    from hotline.intake.flood.limits import load_limits
    from hotline.intake.inbound.mail import load_senders
    from partners.directory import seed
    from triage import priority
    from triage.availability.pages import load_error_pages
    from triage.availability.policy import load_policy, policy_file
    from triage.cases.assessment import load_schema
    from triage.hashlists.owners.remote import load_remote_lists
    from triage.hosting.sources.cdn import CdnRanges
    from triage.hosting.sources.known import load_known_networks
    from triage.jurisdiction import rules
    from triage.locations.catalogue import load_platforms

    folder = settings.data_dir
    faults = [
        *countries.faults(folder),
        *rules.list_faults(folder),
        *priority.list_faults(folder),
        *seed.faults(folder),
    ]
    loaders: tuple[Callable[[Path], object], ...] = (
        load_platforms,
        load_limits,
        load_senders,
        load_remote_lists,
        CdnRanges.load,
        load_known_networks,
        load_error_pages,
        load_schema,
        lambda where: load_policy(
            where, name=policy_file(settings.availability_policy)
        ),
    )
    for load in loaders:
        try:
            load(folder)
        except Misconfigured as error:
            faults.append(str(error))
    if settings.country not in countries.available(folder):
        faults.append(f"There is no data file for the home country {settings.country}.")
    return list(dict.fromkeys(faults))


def stats(json: bool = typer.Option(False, "--json", help="One JSON object.")) -> None:
    """Figures from the history: reports, items, and the time that each step took."""
    from workers.statistics.figures import figures

    context = open_house()
    with context.database.reading() as session:
        found = figures(session, utc_now())
    if json:
        emit_json(found)
        return
    for group, values in found.items():
        stdout.print(group.replace("_", " "), style="bold")
        for name, value in values.items():
            line = f"  {name.replace('_', ' '):<28} {_words(value)}"
            stdout.print(line, soft_wrap=True, markup=False)


def _words(value: object) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{name} {_words(entry)}" for name, entry in value.items())
    return "-" if value is None else str(value)
