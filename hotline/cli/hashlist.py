"""Known-hash lists: import, list, export, roll back, switch on and off."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import typer
from rich.table import Table

from hotline.cli.output import emit_json, progress, stderr, stdout
from hotline.core.context import build_context, utc_now
from hotline.core.errors import InvalidInput
from hotline.core.settings import load_settings

ACTOR = "cli"
CLASSES = ("baseline", "national", "listed")


def register(app: typer.Typer) -> None:
    lists = typer.Typer(help="Known-hash lists.", no_args_is_help=True)
    lists.command("import")(import_)
    lists.command("list")(list_)
    lists.command("export")(export)
    lists.command("rollback")(rollback)
    lists.command("enable")(enable)
    lists.command("disable")(disable)
    app.add_typer(lists, name="hashlist")


def import_(
    name: str = typer.Argument(help="The list's name; made if there is none."),
    file: Path = typer.Argument(help="CSV, line list, VICS 2.0 JSON, NCMEC XML or JSON lines."),
    form: str = typer.Option("", "--format", help="Format; found out by itself if left out."),
    add: bool = typer.Option(False, "--add", help="The file only adds; by default it is all."),
    source: str = typer.Option("", help="Who gave the list."),
    licence: str = typer.Option("", help="What may be done with it."),
    default_class: str = typer.Option("baseline", help="Class of entries: " + ", ".join(CLASSES)),
    json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Import a file as the list's next version, all of it or nothing."""
    from triage.hashlists import formats, service

    if default_class not in CLASSES:
        raise InvalidInput(f"There is no class {default_class!r}.", hint=", ".join(CLASSES) + ".")
    stream = _open(file)
    context = build_context(load_settings())
    with stream, context.database.writing() as session, progress() as bar:
        now = utc_now()
        digest = service.digest_of(stream)
        chosen = form or formats.detect(stream.read(65_536), file.name)
        stream.seek(0)
        given = {"source": source, "licence": licence, "default_class": default_class}
        target = service.create_list(
            session, name, actor=ACTOR, now=now, **{k: v for k, v in given.items() if v}
        )
        task = bar.add_task(f"Importing into {name}", total=None)
        done = service.import_version(
            session,
            target,
            formats.parse(chosen, stream),
            digest=digest,
            whole=not add,
            actor=ACTOR,
            now=now,
            tick=lambda rows: bar.update(task, completed=rows),
        )
    for problem in done.problems:
        stderr.print(f"hotline: {file.name}: {problem}", markup=False)
    if json:
        emit_json(
            {
                "list": name,
                "format": chosen,
                "version": done.version,
                "added": done.added,
                "removed": done.removed,
                "rejected": done.rejected,
            }
        )
        return
    stdout.print(
        f"{name}: version {done.version}, {done.added} added, {done.removed} removed, "
        f"{done.rejected} lines not read."
    )


def list_(json: bool = typer.Option(False, "--json", help="One JSON object a line.")) -> None:
    """All lists with their sizes."""
    from sqlalchemy import select

    from triage.hashlists import service
    from triage.hashlists.models import HashList

    context = build_context(load_settings())
    with context.database.reading() as session:
        sizes = service.sizes(session)
        found = [
            {
                "name": entry.name,
                "entries": sizes.get(entry.id, 0),
                "version": entry.version,
                "enabled": entry.enabled,
                "default_class": entry.default_class,
                "source": entry.source,
            }
            for entry in session.scalars(select(HashList).order_by(HashList.name))
        ]
    if json:
        for row in found:
            emit_json(row)
        return
    if not found:
        stdout.print("No list yet. `hotline hashlist import NAME FILE` brings the first one in.")
        return
    table = Table(*found[0], box=None)
    for row in found:
        table.add_row(*(str(value) for value in row.values()))
    stdout.print(table)


def export(
    name: str = typer.Argument(help="The list's name."),
    form: str = typer.Option("csv", "--format", help="csv, vics or ndjson."),
) -> None:
    """Write the list's current entries to standard output, where its owner allows that."""
    from triage.hashlists import formats, service

    context = build_context(load_settings())
    with context.database.writing() as session:
        hash_list = service.for_export(session, name, actor=ACTOR, now=utc_now())
        entries = service.entries_for_export(session, hash_list)
        formats.write(form, entries, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def rollback(
    name: str = typer.Argument(help="The list's name."),
    version: int = typer.Argument(help="The version whose entries become current again."),
) -> None:
    """Go back to an earlier version of a list, as a new version."""
    from triage.hashlists import service

    context = build_context(load_settings())
    with context.database.writing() as session:
        now = utc_now()
        done = service.roll_back(
            session, service.named(session, name), version, actor=ACTOR, now=now
        )
    stdout.print(f"{name}: version {done.version}, {done.added} added, {done.removed} removed.")


def enable(name: str = typer.Argument(help="The list's name.")) -> None:
    """Match with the list again."""
    _switch(name, True, utc_now())


def disable(name: str = typer.Argument(help="The list's name.")) -> None:
    """Match with the list no more; its entries stay."""
    _switch(name, False, utc_now())


def _switch(name: str, enabled: bool, now: datetime) -> None:
    from triage.hashlists import service

    context = build_context(load_settings())
    with context.database.writing() as session:
        found = service.named(session, name)
        service.set_enabled(session, found, enabled, actor=ACTOR, now=now)
    stdout.print(f"{name} is {'on' if enabled else 'off'}.")


def _open(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.") from error
