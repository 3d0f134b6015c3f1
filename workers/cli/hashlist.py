"""Known-hash lists: import, update, list, export, roll back, switch on and off."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from os import SEEK_END
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import typer
from rich.table import Table

from hotline.core.context import utc_now
from hotline.core.errors import Forbidden, InvalidInput
from triage.hashlists import formats
from triage.hashlists.kinds import ListClass
from workers.cli.opening import open_house
from workers.cli.output import alternatives, emit_json, progress, stderr, stdout

if TYPE_CHECKING:
    from triage.hashlists.service import Import, ListProperties

ACTOR = "cli"
MB = 1_000_000
FORMAT_NAMES = alternatives(formats.list_formats())
WRITABLE_NAMES = alternatives(formats.writable_formats())
READABLE = alternatives(known.label for known in formats.list_formats().values())


def register(app: typer.Typer) -> None:
    lists = typer.Typer(help="Known-hash lists.", no_args_is_help=True)
    lists.command("import")(import_)
    lists.command("update")(update)
    lists.command("list")(list_)
    lists.command("versions")(versions)
    lists.command("diff")(diff)
    lists.command("set")(change)
    lists.command("police")(police)
    lists.command("export")(export)
    lists.command("own")(own)
    lists.command("rollback")(rollback)
    lists.command("enable")(enable)
    lists.command("disable")(disable)
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
    default_class: str = typer.Option("baseline", help="baseline, national or listed."),
    json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Import a file as the list's next version, all of it or nothing.

    An import that broke off goes on where it stopped: give the same command within a day.
    """
    from triage.hashlists.imports import importing

    if default_class not in tuple(ListClass):
        raise InvalidInput(
            f"There is no class {default_class!r}.", hint=", ".join(ListClass) + "."
        )
    given: ListProperties = {"default_class": default_class}
    if source:
        given["source"] = source
    if licence:
        given["licence"] = licence
    context = open_house()
    with _open(file) as stream, progress() as bar:
        if not stream.seekable():
            raise InvalidInput(
                f"{file} can be read only once.", hint="Save it to a file first."
            )
        chosen = form or formats.detect(stream.read(65_536), file.name)
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
    _tell(name, file.name, {"format": chosen}, done, json)


def update(
    name: str = typer.Argument(help="The list's name; made if there is none."),
    ncmec: str = typer.Option(
        help="Address of an NCMEC hash-sharing service, up to /v2."
    ),
    user_file: Path = typer.Option(help="File whose first line is the user name."),
    password_file: Path = typer.Option(help="File whose first line is the password."),
    whole: bool = typer.Option(
        False, "--whole", help="Fetch everything, not only what is new."
    ),
    json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Fetch what is new in a shared list, and make it the next version: all pages or nothing."""
    from hotline.core.network.client import reach_of
    from triage.hashlists.owners.ncmec import HashSharing
    from triage.hashlists.owners.ncmec import update as fetch

    context = open_house()
    user, password = _first_line(user_file), _first_line(password_file)
    sharing_service = HashSharing(
        ncmec, user, password, reach=reach_of(context.settings)
    )
    with sharing_service as sharing, progress() as bar:
        task = bar.add_task(f"Fetching {name}", total=None)
        found = fetch(
            context,
            name,
            sharing,
            actor=ACTOR,
            now=utc_now(),
            whole=whole,
            tick=lambda entries: bar.update(task, completed=entries),
        )
    if found.done is not None:
        _tell(name, "NCMEC", {"checkpoint": found.checkpoint}, found.done, json)
    elif json:
        emit_json({"list": name, "checkpoint": found.checkpoint, "version": None})
    else:
        stdout.print(f"{name}: nothing new since {found.checkpoint or 'ever'}.")


def _tell_resumed(records: int) -> None:
    stderr.print(
        f"hotline: goes on behind the first {records:,} records, which an import of this file that "
        "broke off had read."
    )


def _tell(
    name: str, origin: str, more: dict[str, str], done: Import, json: bool
) -> None:
    """What an import did; the first few lines that could not be read go to stderr."""
    for problem in done.problems:
        stderr.print(f"hotline: {origin}: {problem}", markup=False)
    if json:
        counts = {
            name: value for name, value in asdict(done).items() if name != "problems"
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
        sizes = service.sizes(session)
        found = [
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
            for entry in session.scalars(select(HashList).order_by(HashList.name))
        ]
    if json:
        for row in found:
            emit_json(row)
        return
    if not found:
        stdout.print(
            "No list yet. `hotline hashlist import NAME FILE` brings the first one in."
        )
        return
    table = Table(*found[0], box=None)
    for row in found:
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
        found = [
            {
                "version": one.number,
                "at": one.at.isoformat(),
                "by": one.actor,
                "added": one.added,
                "removed": one.removed,
                "rejected": one.rejected,
            }
            for one in service.versions(session, service.named(session, name))
        ]
    if json:
        for row in found:
            emit_json(row)
        return
    table = Table("version", "at", "by", "added", "removed", "rejected", box=None)
    for row in found:
        table.add_row(*(str(value) for value in row.values()))
    stdout.print(table)


def diff(
    name: str = typer.Argument(help="The list's name."),
    before: int = typer.Argument(
        help="A version; 0 is the list before its first import."
    ),
    after: int = typer.Argument(None, help="Another one; the newest if left out."),
    json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """What came (+) and what went (-) from one version of a list to another, a hash a line.

    Of a list that may not be exported only the first 8 digits are shown.
    """
    from triage.hashlists import service
    from triage.hashlists.imports.differences import differences

    context = open_house()
    with context.database.reading() as session:
        target = service.named(session, name)
        newest = target.version if after is None else after
        for sign, kind, whole, category in differences(session, target, before, newest):
            value = whole if target.exportable else f"{whole[:8]}…"
            if json:
                emit_json(
                    {"change": sign, "kind": kind, "value": value, "category": category}
                )
            else:
                typer.echo(f"{sign} {kind} {value} {category}".rstrip())


def change(
    name: str = typer.Argument(help="The list's name."),
    source: str = typer.Option(None, help="Who gave the list."),
    licence: str = typer.Option(None, help="What may be done with it."),
    default_class: str = typer.Option(
        None, help="Class of entries without a label we map."
    ),
    label: list[str] = typer.Option(
        [],
        "--map",
        metavar="LABEL=CLASS",
        help="Class of the list's own label; repeat it.",
    ),
    confidence: float = typer.Option(None, help="How far the list is trusted, 0 to 1."),
    pdq_threshold: int = typer.Option(
        None, help="Bits that a PDQ may differ by, 0 to 31."
    ),
    phash_threshold: int = typer.Option(
        None, help="Bits that a pHash may differ by, 0 to 10."
    ),
    exportable: bool = typer.Option(
        None, help="Whether its owner lets it leave this service."
    ),
) -> None:
    """Change what a list says of itself: source, licence, classes, thresholds."""
    from triage.hashlists import service

    given = {
        "source": source,
        "licence": licence,
        "default_class": default_class,
        "category_map": _mapping(label),
        "confidence": confidence,
        "exportable": exportable,
        "pdq_threshold": pdq_threshold,
        "phash_threshold": phash_threshold,
    }
    properties = cast(
        "ListProperties",
        {key: value for key, value in given.items() if value is not None},
    )
    if not properties:
        raise InvalidInput(
            "Nothing to change.", hint="`hotline hashlist set --help` names all."
        )
    context = open_house()
    with context.database.writing() as session:
        found = service.named(session, name)
        service.set_properties(session, found, properties, actor=ACTOR, now=utc_now())
    stdout.print(f"{name}: changed {', '.join(properties)}.", markup=False)


def police(
    name: str = typer.Argument(help="The list's name."),
    on: bool = typer.Option(..., "--on/--off", help="Off is the rule."),
) -> None:
    """Whether a strong match with the list tells the police by itself, before anybody has looked.

    An exact hash, or PDQ within the threshold and of good quality, of a file seen from then on. The
    police hold begins as ever; class, notices and all else stay with people. Where acts take two
    persons this is switched on by them, on the console's page of lists; here it is switched off.
    """
    from triage.hashlists import police_switch as switch
    from triage.hashlists import service

    context = open_house()
    with context.database.writing() as session:
        found, now = service.named(session, name), utc_now()
        if on:
            if context.settings.second_person:
                raise Forbidden(
                    "Two persons switch this on; a command cannot tell who they are.",
                    hint="Ask on the console's page of hash lists, where another one agrees.",
                )
            switch.ask(session, found, actor=ACTOR, second_person=False, now=now)
        else:
            switch.stop(session, found, actor=ACTOR, now=now)
        state = switch.state_of(found)
    told = {
        "on": "a strong match tells the police by itself from now on",
        "off": "the police are told by people only",
    }
    if state != "off":
        stderr.print(
            "hotline: nobody looks before such a referral leaves.", style="yellow"
        )
    stdout.print(f"{name}: {told[state]}.", markup=False)


def _mapping(labels: list[str]) -> dict[str, str] | None:
    pairs = [text.rpartition("=") for text in labels]
    if not all(label and found for label, _, found in pairs):
        raise InvalidInput(
            "A class mapping is written LABEL=CLASS, such as A1=baseline."
        )
    return {label.strip(): found.strip() for label, _, found in pairs} or None


def export(
    name: str = typer.Argument(help="The list's name."),
    form: str = typer.Option("csv", "--format", help=f"{WRITABLE_NAMES}."),
) -> None:
    """Write the list's current entries to standard output, where its owner allows that."""
    from triage.hashlists import service

    context = open_house()
    with context.database.writing() as session:
        hash_list = service.for_export(session, name, actor=ACTOR, now=utc_now())
    with (
        context.database.reading() as session
    ):  # by now the log says so, whatever comes of it
        entries = service.entries_for_export(session, hash_list)
        formats.write(form, entries, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def own(
    form: str = typer.Option("csv", "--format", help=f"{WRITABLE_NAMES}."),
) -> None:
    """Write the hashes of files that this hotline confirmed and no list knew, to standard output.

    Only files that were themselves the reported location, in cases that people assessed as illegal
    and approved a plan for.
    """
    from triage.cases.examination.confirmed import own_entries, record_export

    formats.writer_of(form)  # a wrong name ends here, before the log notes an export
    context = open_house()
    with context.database.writing() as session:
        record_export(session, form, actor=ACTOR, now=utc_now())
    with context.database.reading() as session:
        source = context.settings.hotline_domain
        formats.write(form, own_entries(session, source=source), sys.stdout.buffer)
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
            session, service.named(session, name), version, actor=ACTOR, now=now
        )
    stdout.print(
        f"{name}: version {done.version}, {done.added} added, {done.removed} removed."
    )


def enable(name: str = typer.Argument(help="The list's name.")) -> None:
    """Match with the list again."""
    _switch(name, True, utc_now())


def disable(name: str = typer.Argument(help="The list's name.")) -> None:
    """Match with the list no more; its entries stay."""
    _switch(name, False, utc_now())


def _switch(name: str, enabled: bool, now: datetime) -> None:
    from triage.hashlists import service

    context = open_house()
    with context.database.writing() as session:
        found = service.named(session, name)
        service.set_enabled(session, found, enabled, actor=ACTOR, now=now)
    stdout.print(f"{name} is {'on' if enabled else 'off'}.")


def _first_line(file: Path) -> str:
    with _open(file) as stream:
        line = stream.readline(1_000).decode("utf-8", "replace").strip()
    if not line:
        raise InvalidInput(f"{file} is empty.")
    return line


def _open(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.") from error
