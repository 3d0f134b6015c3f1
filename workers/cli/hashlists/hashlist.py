"""Known-hash lists: import, update, list, export, roll back, switch on and off."""

from __future__ import annotations

import sys

import typer
from rich.table import Table

from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.errors import InvalidInput
from triage.hashlists import formats
from workers.cli.hashlists import hashlist_changes, hashlist_imports
from workers.cli.keeping.two_people import ask_people, require_answering
from workers.cli.opening import open_house, operator_name
from workers.cli.output import (
    emit_json,
    list_alternatives,
    stdout,
)

BY = typer.Option("", "--by", help="User name of who exports.")
WITH = typer.Option("", "--with", help="User name of a second person.")
WHY = typer.Option("", "--why", help="What for.")
WRITABLE_NAMES = list_alternatives(formats.writable_formats())


def register(app: typer.Typer) -> None:
    lists = typer.Typer(help="Known-hash lists.", no_args_is_help=True)
    lists.command("import")(hashlist_imports.import_file)
    lists.command("update")(hashlist_imports.update_list)
    lists.command("list")(print_lists)
    lists.command("versions")(print_versions)
    lists.command("diff")(print_differences)
    lists.command("set")(hashlist_changes.change_properties)
    lists.command("police")(hashlist_changes.switch_police)
    lists.command("export")(export_list)
    lists.command("own")(export_own_list)
    lists.command("rollback")(roll_list_back)
    lists.command("enable")(hashlist_changes.enable_list)
    lists.command("disable")(hashlist_changes.disable_list)
    app.add_typer(lists, name="hashlist")


def print_lists(
    json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """All lists with their sizes."""
    from sqlalchemy import select

    from triage.hashlists import service
    from triage.hashlists.models import HashList
    from triage.hashlists.police_switch import state_of

    context = open_house()
    with context.database.reading() as session:
        sizes = service.list_sizes(session)
        rows = [
            {
                "name": entry.name,
                "entries": sizes.get(entry.id, 0),
                "version": entry.version,
                "enabled": entry.enabled,
                "remote": entry.remote,
                "police": state_of(entry),
                "default_class": entry.default_class,
                "source": entry.source,
            }
            for entry in session.scalars(
                select(HashList).order_by(HashList.name)
            )
        ]
    if json:
        for row in rows:
            emit_json(row)
        return
    if not rows:
        stdout.print(
            "No list yet. `hotline hashlist import NAME FILE` brings the first one in."
        )
        return
    table = Table(*rows[0], box=None)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    stdout.print(table)


def print_versions(
    name: str = typer.Argument(help="The list's name."),
    json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """The list's versions, newest first: when, by whom, what came and what went."""
    from triage.hashlists import service, versions

    context = open_house()
    with context.database.reading() as session:
        rows = [
            {
                "version": version.number,
                "at": version.at.isoformat(),
                "by": version.actor,
                "added": version.added,
                "removed": version.removed,
                "rejected": version.rejected,
            }
            for version in versions.list_versions(
                session, service.find_list(session, name)
            )
        ]
    if json:
        for row in rows:
            emit_json(row)
        return
    table = Table(
        "version", "at", "by", "added", "removed", "rejected", box=None
    )
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    stdout.print(table)


def print_differences(
    name: str = typer.Argument(help="The list's name."),
    before: int = typer.Argument(
        help="A version; 0 is the list before its first import."
    ),
    after: int = typer.Argument(
        None, help="Another one; the newest if left out."
    ),
    json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """What came (+) and what went (-) from one version of a list to another, a hash a line.

    Of a list that may not be exported only the first 8 digits are shown.
    """
    from triage.hashlists import service
    from triage.hashlists.imports.differences import list_differences

    context = open_house()
    with context.database.reading() as session:
        target = service.find_list(session, name)
        newest = target.version if after is None else after
        for sign, kind, whole, category in list_differences(
            session, target, before, newest
        ):
            value = whole if target.exportable else f"{whole[:8]}…"
            if json:
                emit_json(
                    {
                        "change": sign,
                        "kind": kind,
                        "value": value,
                        "category": category,
                    }
                )
            else:
                typer.echo(f"{sign} {kind} {value} {category}".rstrip())


def export_list(
    name: str = typer.Argument(help="The list's name."),
    form: str = typer.Option("csv", "--format", help=f"{WRITABLE_NAMES}."),
    first: str = BY,
    second: str = WITH,
    why: str = WHY,
) -> None:
    """Write the list's current entries to standard output, where its owner allows that.

    Two people answer for it: both are asked for their passwords.
    """
    from triage.hashlists import exports

    context = open_house()
    two = _confirm_two(context, first, second, why)
    with context.database.writing() as session:
        act = Act(session, context, operator_name(), utc_now())
        hash_list = exports.open_for_export(act, name)
        if two:
            exports.agree_to_export(
                act, name, why=why, first=first, second=second
            )
    # By now the log says so, whatever comes of it.
    with context.database.reading() as session:
        entries = exports.stream_entries(session, hash_list)
        formats.write_entries(form, entries, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def export_own_list(
    form: str = typer.Option("csv", "--format", help=f"{WRITABLE_NAMES}."),
    first: str = BY,
    second: str = WITH,
    why: str = WHY,
) -> None:
    """Write the hashes of files that this hotline confirmed and no list knew, to standard output.

    Only files that were themselves the reported location, in cases that people assessed as illegal
    and approved a plan for. Two people answer for it: both are asked for their passwords.
    """
    from triage.cases.examination.hashes.confirmed import (
        own_entries,
        record_export,
    )
    from triage.hashlists.exports import OWN, agree_to_export

    # A wrong name ends here, before the log notes an export.
    formats.writer_of(form)
    context = open_house()
    two = _confirm_two(context, first, second, why)
    with context.database.writing() as session:
        act = Act(session, context, operator_name(), utc_now())
        if two:
            agree_to_export(act, OWN, why=why, first=first, second=second)
        record_export(session, form, actor=act.actor, now=act.now)
    with context.database.reading() as session:
        source = context.settings.hotline_domain
        formats.write_entries(
            form, own_entries(session, source=source), sys.stdout.buffer
        )
    sys.stdout.buffer.flush()


def _confirm_two(context: Context, first: str, second: str, why: str) -> bool:
    """Whether two people are needed; then both have shown who they are."""
    if not context.settings.second_person:
        return False
    if not first or not second:
        raise InvalidInput(
            "Two people answer for what leaves in bulk.",
            hint="Name them with --by and --with, and say --why.",
        )
    people = (first, second)
    require_answering(people, why)
    ask_people(context, people, utc_now())
    return True


def roll_list_back(
    name: str = typer.Argument(help="The list's name."),
    version: int = typer.Argument(
        help="The version whose entries become current again."
    ),
) -> None:
    """Go back to an earlier version of a list, as a new version."""
    from triage.hashlists import service, versions

    context = open_house()
    with context.database.writing() as session:
        now = utc_now()
        done = versions.roll_back(
            Act(session, context, operator_name(), now),
            service.find_list(session, name),
            version,
        )
    stdout.print(
        f"{name}: version {done.version}, {done.added} added, {done.removed} removed."
    )
