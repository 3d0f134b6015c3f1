"""``hotline hash``: the fingerprints of files that a member of staff lawfully has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hotline.core.errors import InvalidInput
from workers.cli.output import emit_json, stdout

if TYPE_CHECKING:
    from triage.fingerprints.model import MediaFingerprint


def register(app: typer.Typer) -> None:
    app.command("hash")(hash_files)


def hash_files(
    files: list[str] = typer.Argument(
        ..., metavar="FILE…", help="Pictures, videos, any file."
    ),
    json: bool = typer.Option(False, "--json", help="One JSON object a line."),
    dihedral: bool = typer.Option(
        False, help="Also the PDQ of a picture turned and mirrored."
    ),
) -> None:
    """Hash files in memory; nothing is stored. A file that is no media gets exact hashes alone."""
    from triage.fingerprints.media import fingerprint_media

    for name in files:
        _check_names(name)
    for name in files:
        fingerprint = fingerprint_media(_read_file(name), dihedral=dihedral)
        if json:
            emit_json({"file": _printable_name(name), **fingerprint.to_json()})
        else:
            _print_fingerprint(_printable_name(name), fingerprint)


def _check_names(name: str) -> None:
    """Every name is looked at before the first file is hashed: all is printed, or nothing."""
    path = Path(name)
    if path.is_dir():
        raise InvalidInput(
            f"{_printable_name(name)} is a directory: name the files in it."
        )
    if not path.exists():
        raise InvalidInput(f"{_printable_name(name)} does not exist.")
    if not os.access(path, os.R_OK):
        raise InvalidInput(
            f"{_printable_name(name)} cannot be read: permission denied."
        )


def _read_file(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"{_printable_name(name)} cannot be read: {error.strerror}."
        ) from None


def _printable_name(name: str) -> str:
    """A name may hold bytes that are no text; they are shown as replacement characters."""
    return os.fsencode(name).decode(errors="replace")


def _print_fingerprint(name: str, fingerprint: MediaFingerprint) -> None:
    facts = fingerprint.to_json()
    frames, turned = facts.pop("frames"), facts.pop("dihedral")
    facts["problems"] = ", ".join(facts["problems"])
    stdout.print(name, markup=False, soft_wrap=True, style="bold")
    for field, value in facts.items():
        if value is not None and value != "":
            stdout.print(
                f"  {field:<12} {value}", markup=False, soft_wrap=True
            )
    for frame in frames:
        text = f"  {frame['at']:>10.2f} s {frame['pdq']}  quality {frame['quality']}"
        stdout.print(text, markup=False, soft_wrap=True)
    for pdq in turned:
        stdout.print(f"  {'turned':<12} {pdq}", markup=False, soft_wrap=True)
