"""Known-hash lists: import, update, list, export, roll back, switch on and off."""

from __future__ import annotations

import sys
from dataclasses import asdict
from os import SEEK_END
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import typer
from rich.table import Table

from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput
from triage.hashlists import formats
from triage.hashlists.kinds import ListClass
from workers.cli import hashlist_changes
from workers.cli.opening import open_house
from workers.cli.output import (
    emit_json,
    list_alternatives,
    make_progress,
    stderr,
    stdout,
)

if TYPE_CHECKING:
    from triage.hashlists.service import Import, ListProperties

ACTOR = "cli"
MB = 1_000_000
FORMAT_NAMES = list_alternatives(formats.list_formats())
WRITABLE_NAMES = list_alternatives(formats.writable_formats())
READABLE = list_alternatives(
    known.label for known in formats.list_formats().values()
)


def register(app: typer.Typer) -> None:
    lists = typer.Typer(help="Known-hash lists.", no_args_is_help=True)
    lists.command("import")(import_)
    lists.command("update")(update)
    lists.command("list")(list_)
    lists.command("versions")(versions)
    lists.command("diff")(diff)
    lists.command("set")(hashlist_changes.change)
    lists.command("police")(hashlist_changes.police)
    lists.command("export")(export)
    lists.command("own")(own)
    lists.command("rollback")(rollback)
    lists.command("enable")(hashlist_changes.enable)
    lists.command("disable")(hashlist_changes.disable)
    app.add_typer(lists, name="hashlist")


def import_(
    name: str = typer.Argument(help="The list's name; made if there is none."),
    file: Path = typer.Argument(help=f"{READABLE}."),
    form: str = typer.Option(
        "",
        "--format",
        help=f"{FORMAT_NAMES}; recognised by the file's first lines if left out.",
    ),
    add: bool = typer.Option(
        False, "--add", help="The file only adds; by default it is all."
    ),
    source: str = typer.Option("", help="Who gave the list."),
    licence: str = typer.Option("", help="What may be done with it."),
    default_class: str = typer.Option(
        "baseline", help="baseline, national or listed."
    ),
    json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Import a file as the list's next version, all of it or nothing.

    An import that broke off goes on where it stopped: give the same command within a day.
    """
    from triage.hashlists.imports import importing

    if default_class not in tuple(ListClass):
        raise InvalidInput(
            f"There is no class {default_class!r}.",
            hint=", ".join(ListClass) + ".",
        )
    given: ListProperties = {"default_class": default_class}
    if source:
        given["source"] = source
    if licence:
        given["licence"] = licence
    context = open_house()
    with _open_file(file) as stream, make_progress() as bar:
        if not stream.seekable():
            raise InvalidInput(
                f"{file} can be read only once.",
                hint="Save it to a file first.",
            )
        chosen = form or formats.detect_format(stream.read(65_536), file.name)
        size = stream.seek(0, SEEK_END)
        stream.seek(0)
        task = bar.add_task(f"Importing into {name}, MB", total=size // MB + 1)
        done = importing.import_file(
            context.database,
            name,
            stream,
            form=chosen,
            whole=not add,
            actor=ACTOR,
            clock=utc_now,
            tick=lambda read: bar.update(task, completed=read // MB),
            resumed=_tell_resumed,
            **given,
        )
    _print_import(name, file.name, {"format": chosen}, done, json)


def update(
    name: str = typer.Argument(help="The list's name; made if there is none."),
    ncmec: str = typer.Option(
        help="Address of an NCMEC hash-sharing service, up to /v2."
    ),
    user_file: Path = typer.Option(
        help="File whose first line is the user name."
    ),
    password_file: Path = typer.Option(
        help="File whose first line is the password."
    ),
    whole: bool = typer.Option(
        False, "--whole", help="Fetch everything, not only what is new."
    ),
    json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Fetch what is new in a shared list, and make it the next version: all pages or nothing."""
    from hotline.core.network.client import reach_of
    from triage.hashlists.owners.ncmec import HashSharing
    from triage.hashlists.owners.ncmec import update_list as fetch

    context = open_house()
    user, password = _first_line(user_file), _first_line(password_file)
    sharing_service = HashSharing(
        ncmec, user, password, reach=reach_of(context.settings)
    )
    with sharing_service as sharing, make_progress() as bar:
        task = bar.add_task(f"Fetching {name}", total=None)
        fetched = fetch(
            context,
            name,
            sharing,
            actor=ACTOR,
            now=utc_now(),
            whole=whole,
            tick=lambda entries: bar.update(task, completed=entries),
        )
    if fetched.done is not None:
        _print_import(
            name,
            "NCMEC",
            {"checkpoint": fetched.checkpoint},
            fetched.done,
            json,
        )
    elif json:
        emit_json(
            {"list": name, "checkpoint": fetched.checkpoint, "version": None}
        )
    else:
        stdout.print(
            f"{name}: nothing new since {fetched.checkpoint or 'ever'}."
        )


def _tell_resumed(records: int) -> None:
    stderr.print(
        f"hotline: goes on behind the first {records:,} records, which an import of this file that "
        "broke off had read."
    )


def _print_import(
    name: str, origin: str, more: dict[str, str], done: Import, json: bool
) -> None:
    """What an import did; the first few lines that could not be read go to stderr."""
    for problem in done.problems:
        stderr.print(f"hotline: {origin}: {problem}", markup=False)
    if json:
        counts = {
            name: value
            for name, value in asdict(done).items()
            if name != "problems"
        }
        emit_json({"list": name, **more, **counts})
        return
    stdout.print(
        f"{name}: version {done.version}, {done.added} added, {done.removed} removed, "
        f"{done.rejected} lines not read."
    )


def list_(
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


def versions(
    name: str = typer.Argument(help="The list's name."),
    json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """The list's versions, newest first: when, by whom, what came and what went."""
    from triage.hashlists import service

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
            for version in service.list_versions(
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


def diff(
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


def export(
    name: str = typer.Argument(help="The list's name."),
    form: str = typer.Option("csv", "--format", help=f"{WRITABLE_NAMES}."),
) -> None:
    """Write the list's current entries to standard output, where its owner allows that."""
    from triage.hashlists import exports

    context = open_house()
    with context.database.writing() as session:
        hash_list = exports.open_for_export(
            session, name, actor=ACTOR, now=utc_now()
        )
    with (
        context.database.reading() as session
    ):  # by now the log says so, whatever comes of it
        entries = exports.stream_entries(session, hash_list)
        formats.write_entries(form, entries, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def own(
    form: str = typer.Option("csv", "--format", help=f"{WRITABLE_NAMES}."),
) -> None:
    """Write the hashes of files that this hotline confirmed and no list knew, to standard output.

    Only files that were themselves the reported location, in cases that people assessed as illegal
    and approved a plan for.
    """
    from triage.cases.examination.confirmed import own_entries, record_export

    formats.writer_of(
        form
    )  # a wrong name ends here, before the log notes an export
    context = open_house()
    with context.database.writing() as session:
        record_export(session, form, actor=ACTOR, now=utc_now())
    with context.database.reading() as session:
        source = context.settings.hotline_domain
        formats.write_entries(
            form, own_entries(session, source=source), sys.stdout.buffer
        )
    sys.stdout.buffer.flush()


def rollback(
    name: str = typer.Argument(help="The list's name."),
    version: int = typer.Argument(
        help="The version whose entries become current again."
    ),
) -> None:
    """Go back to an earlier version of a list, as a new version."""
    from triage.hashlists import service

    context = open_house()
    with context.database.writing() as session:
        now = utc_now()
        done = service.roll_back(
            session,
            service.find_list(session, name),
            version,
            actor=ACTOR,
            now=now,
        )
    stdout.print(
        f"{name}: version {done.version}, {done.added} added, {done.removed} removed."
    )


def _first_line(file: Path) -> str:
    with _open_file(file) as stream:
        line = stream.readline(1_000).decode("utf-8", "replace").strip()
    if not line:
        raise InvalidInput(f"{file} is empty.")
    return line


def _open_file(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise InvalidInput(
            f"{file} cannot be read: {error.strerror}."
        ) from error
