"""Bring a known-hash list up to date: from a file, or from a service that shares lists."""

from __future__ import annotations

from dataclasses import asdict
from os import SEEK_END
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import typer

from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput
from triage.hashlists import formats
from triage.hashlists.kinds import ListClass
from workers.cli.opening import open_house, operator_name
from workers.cli.output import (
    emit_json,
    list_alternatives,
    make_progress,
    stderr,
    stdout,
)

if TYPE_CHECKING:
    from triage.hashlists.owners.ncmec import Update
    from triage.hashlists.service import ListProperties
    from triage.hashlists.versions import Import

MB = 1_000_000
FORMAT_NAMES = list_alternatives(formats.list_formats())
READABLE = list_alternatives(
    form.label for form in formats.list_formats().values()
)


def import_file(
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

    properties = _properties_of_new_list(default_class, source, licence)
    context = open_house()
    with _open_file(file) as stream, make_progress() as bar:
        megabytes = _size_of(stream, file) // MB + 1
        chosen = form or _detect_format(stream, file)
        task = bar.add_task(f"Importing into {name}, MB", total=megabytes)
        done = importing.import_file(
            context,
            name,
            stream,
            form=chosen,
            whole=not add,
            actor=operator_name(),
            clock=utc_now,
            tick=lambda read: bar.update(task, completed=read // MB),
            resumed=_tell_resumed,
            **properties,
        )
    _print_import(name, file.name, {"format": chosen}, done, json)


def _properties_of_new_list(
    default_class: str, source: str, licence: str
) -> ListProperties:
    if default_class not in tuple(ListClass):
        raise InvalidInput(
            f"There is no class {default_class!r}.",
            hint=", ".join(ListClass) + ".",
        )
    properties: ListProperties = {"default_class": default_class}
    if source:
        properties["source"] = source
    if licence:
        properties["licence"] = licence
    return properties


def _size_of(stream: BinaryIO, file: Path) -> int:
    """Bytes of the file, which is left at its beginning."""
    # Its beginning is read twice: once to know the format, once as entries.
    if not stream.seekable():
        raise InvalidInput(
            f"{file} can be read only once.",
            hint="Save it to a file first.",
        )
    size = stream.seek(0, SEEK_END)
    stream.seek(0)
    return size


def _detect_format(stream: BinaryIO, file: Path) -> str:
    form = formats.detect_format(stream.read(65_536), file.name)
    stream.seek(0)
    return form


def update_list(
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
    from triage.hashlists.owners import ncmec as owner

    context = open_house()
    user, password = _first_line(user_file), _first_line(password_file)
    sharing_service = owner.HashSharing(
        ncmec, user, password, reach=reach_of(context.settings)
    )
    with sharing_service as sharing, make_progress() as bar:
        task = bar.add_task(f"Fetching {name}", total=None)
        fetched = owner.update_list(
            context,
            name,
            sharing,
            actor=operator_name(),
            now=utc_now(),
            whole=whole,
            tick=lambda entries: bar.update(task, completed=entries),
        )
    _print_update(name, fetched, json)


def _print_update(name: str, fetched: Update, json: bool) -> None:
    mark = fetched.checkpoint
    if fetched.done is not None:
        _print_import(name, "NCMEC", {"checkpoint": mark}, fetched.done, json)
    elif json:
        emit_json({"list": name, "checkpoint": mark, "version": None})
    else:
        stdout.print(f"{name}: nothing new since {mark or 'ever'}.")


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


def _first_line(file: Path) -> str:
    with _open_file(file) as stream:
        # Of a file that is none of passwords not all is read into memory.
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
