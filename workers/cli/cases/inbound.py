"""``hotline import``: reports that a partner handed over as files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput
from workers.cli.opening import open_house
from workers.cli.output import emit_json, stderr, stdout

if TYPE_CHECKING:
    from hotline.intake.inbound.findings import Inbound
    from hotline.intake.inbound.store import Stored

MAX_BYTES = 32 << 20

Files = Annotated[
    list[str], typer.Argument(help="Files; - is standard input.")
]
Source = Annotated[
    str, typer.Option(help="Who handed the reports over; kept with each.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON object a report.")
]


def register(app: typer.Typer) -> None:
    reports = typer.Typer(
        help="Reports that a partner handed over.", no_args_is_help=True
    )
    reports.command("ncmec")(import_cybertipline)
    reports.command("arf")(import_arf)
    reports.command("xarf")(import_xarf)
    app.add_typer(reports, name="import")


def import_cybertipline(
    files: Files, source: Source = "NCMEC", json: AsJson = False
) -> None:
    """CyberTipline reports as XML. What they say of files is dropped unread."""
    from hotline.intake.inbound.formats.ncmec import parse_cybertipline

    _import_files(files, parse_cybertipline, source, json)


def import_arf(
    files: Files, source: Source = "ARF file", json: AsJson = False
) -> None:
    """Abuse reports as mails (RFC 5965). The mail that is complained about is not looked at."""
    from hotline.intake.inbound.formats.arf import parse_arf

    _import_files(files, parse_arf, source, json)


def import_xarf(
    files: Files, source: Source = "X-ARF file", json: AsJson = False
) -> None:
    """X-ARF reports as JSON: version 4, or 0.2. Evidence is dropped unread."""
    from hotline.intake.inbound.formats.xarf import parse_xarf

    _import_files(files, parse_xarf, source, json)


def _import_files(
    files: list[str],
    parse: Callable[[bytes], tuple[Inbound, ...]],
    source: str,
    json: bool,
) -> None:
    """Each file is stored whole or not at all; a bad one does not stop the others."""
    from hotline.intake.inbound.store import store_inbound
    from hotline.intake.registry.vocabulary import Channel

    context = open_house()
    new = repeated = bad = 0
    try:
        for file in files:
            try:
                reports = parse(_read_file(file))
                with context.database.writing() as session:
                    stored = store_inbound(
                        session,
                        context,
                        reports,
                        channel=Channel.PARTNER,
                        source=source,
                        now=utc_now(),
                    )
            except InvalidInput as error:
                bad += 1
                stderr.print(
                    f"hotline: {file}: {error}", markup=False, soft_wrap=True
                )
                continue
            for report in stored:
                new, repeated = new + report.new, repeated + (not report.new)
                _tell_stored(file, report, json)
    finally:
        context.close()
    if not json:
        stdout.print(
            f"{new} reports stored, {repeated} were there, {bad} files not read."
        )
    # Only now, so that one bad file keeps nobody from the good ones behind it.
    if bad:
        raise InvalidInput(f"{bad} of {len(files)} files could not be read.")


def _read_file(file: str) -> bytes:
    try:
        if file == "-":
            # One byte more than is allowed shows that there is more, whatever
            # a file says of its size.
            body = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as stream:
                body = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}.") from error
    if len(body) > MAX_BYTES:
        raise InvalidInput(f"is larger than {MAX_BYTES >> 20} MiB.")
    return body


def _tell_stored(file: str, report: Stored, json: bool) -> None:
    if json:
        emit_json(
            {
                "file": file,
                "reference": report.reference,
                "report_id": str(report.report_id),
                "new": report.new,
            }
        )
        return
    note = "" if report.new else "  (was there)"
    stdout.print(
        f"{report.reference or '-'}  {report.report_id}{note}", markup=False
    )
