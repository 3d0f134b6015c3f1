"""``hotline backup``: archives of the data and of the keys, encrypted to people's public keys."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotline.core.context import Context, build_context, utc_now
from hotline.core.errors import Conflict, Misconfigured
from hotline.core.logs import configure_logging
from hotline.core.settings import load_settings
from hotline.core.storage.keys.key_files import path_of_key
from workers.cli.keeping.backup_words import (
    in_bytes,
    print_note,
    print_restored,
    print_verified,
    say_lost,
    say_step,
)
from workers.cli.keeping.two_people import (
    ask_password,
    confirm_person,
    require_answering,
)
from workers.cli.opening import (
    load_running_settings,
    opened_house,
    operator_name,
)
from workers.cli.output import emit_json, make_progress, stdout

if TYPE_CHECKING:
    from pyrage import x25519

    from workers.backup.catalogue import BackupNote
    from workers.backup.restore import LostReport, Restored

app = typer.Typer(
    no_args_is_help=True,
    help="Backups: make, list, verify, restore; encrypted to two people's keys.",
)
Name = Annotated[
    str, typer.Argument(help="As `hotline backup list` names it.")
]
Identity = Annotated[
    Path,
    typer.Option(
        "--identity",
        help="File with the private key of one of the people.",
        exists=True,
        dir_okay=False,
    ),
]
KeysIdentity = Annotated[
    Path | None,
    typer.Option(
        "--keys-identity",
        help="File with a private key that opens the archive of the keys, too; without it the "
        "keys of this machine are used.",
        exists=True,
        dir_okay=False,
    ),
]
ScratchUrl = Annotated[
    str,
    typer.Option(
        "--scratch-url",
        help="An empty PostgreSQL database to try the backup in; one is made otherwise.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="backup")


@app.command()
def create(
    run: Annotated[str, typer.Option("--run", hidden=True)] = "",
    as_json: AsJson = False,
) -> None:
    """Make one of this moment, while reports come in: an archive of the data, one of the keys.

    Older ones than backup_keep_days are deleted.
    """
    from hotline.core.storage.audit import SYSTEM
    from workers.backup.create import create_backup

    with (
        opened_house(load_running_settings().direct()) as context,
        make_progress() as progress,
    ):
        task = progress.add_task("Bytes of the database", total=None)
        note = create_backup(
            context,
            run_id=uuid.UUID(run) if run else None,
            # With a run the scheduler started this, and no person.
            actor=SYSTEM if run else operator_name(),
            say=lambda _, count: progress.update(task, completed=count),
        )
    if as_json:
        emit_json(note.to_json())
        return
    from workers.backup import catalogue

    settings = context.settings
    stdout.print(
        f"{note.name}: data {in_bytes(note.data_size)} in "
        f"{catalogue.data_path(settings, note.name)}, keys {in_bytes(note.keys_size)} in "
        f"{catalogue.keys_path(settings, note.name)}",
        soft_wrap=True,
        markup=False,
    )
    stdout.print(
        "Keep the two archives apart from each other, and a copy of each on another machine.",
        soft_wrap=True,
    )


@app.command("list")
def list_backups(as_json: AsJson = False) -> None:
    """Those in backup_dir, the newest first, with who can open them. No private key is needed."""
    from workers.backup import catalogue

    settings, now = load_running_settings(), utc_now()
    notes = catalogue.list_notes(settings)
    for note in notes:
        missing = [
            path.name
            for path in (
                catalogue.data_path(settings, note.name),
                catalogue.keys_path(settings, note.name),
            )
            if not path.is_file()
        ]
        if as_json:
            emit_json({**note.to_json(), "missing": missing})
        else:
            print_note(note, missing, now)
    if not notes and not as_json:
        stdout.print(
            f"There is no backup in {catalogue.folder_of(settings)}.",
            soft_wrap=True,
            markup=False,
        )


@app.command()
def verify(
    identity: Identity,
    name: Name = "newest",
    keys_identity: KeysIdentity = None,
    scratch_url: ScratchUrl = "",
    as_json: AsJson = False,
) -> None:
    """Put one into a scratch database, count its rows, verify its audit log, open every key.

    Nothing of the service is touched. The scratch database is gone afterwards.
    """
    from workers.backup import age, catalogue
    from workers.backup.verify import trying_backup

    identities = age.read_identities(identity)
    keys = age.read_identities(keys_identity) if keys_identity else None
    with opened_house() as context:
        note = catalogue.find_note(context.settings, name)
        with trying_backup(
            context,
            note,
            identities,
            keys,
            scratch_url=scratch_url,
            step=say_step,
        ) as trial:
            verified = trial.verified
    if as_json:
        emit_json(verified.to_json())
    else:
        print_verified(verified)


@app.command()
def restore(
    name: Name,
    identity: Identity,
    why: Annotated[str, typer.Option("--why", help="Why it is put back.")],
    first: Annotated[
        str, typer.Option("--by", help="User name of who puts it back.")
    ],
    second: Annotated[
        str, typer.Option("--with", help="User name of a second person.")
    ],
    keys_identity: KeysIdentity = None,
    scratch_url: ScratchUrl = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a backup in the place of the present data, which stay beside it.

    It is verified first, in a scratch database. Two people of that database answer for it with
    their passwords. Stop web, workers and scheduler before, on every machine.
    """
    require_answering((first, second), why)
    done = _restore(
        name,
        identity,
        keys_identity,
        scratch_url,
        (first, second),
        why.strip(),
        yes=yes,
    )
    if as_json:
        emit_json(done.to_json())
    else:
        print_restored(done)


@app.command("new-identity")
def new_identity(
    path: Annotated[Path, typer.Argument(help="File for the private key.")],
) -> None:
    """Make a pair of keys for one person: the private one into a file, the public one is printed.

    Each person does so on a machine of their own, and hands over the public key alone.
    """
    from pyrage import x25519

    identity = x25519.Identity.generate()
    text = f"# public key: {identity.to_public()}\n{identity}\n"
    try:
        # A key that is written over opens no backup any more.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict(
            f"{path} is there already, and is never replaced."
        ) from None
    except OSError as error:
        raise Misconfigured(
            f"{path} cannot be written: {error.strerror}."
        ) from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    print(identity.to_public())


def _restore(
    name: str,
    identity: Path,
    keys_identity: Path | None,
    scratch_url: str,
    persons: tuple[str, str],
    why: str,
    *,
    yes: bool,
) -> Restored:
    from workers.backup import age, catalogue, restore

    settings = load_settings().direct()
    configure_logging(settings.log_level)
    restore.require_no_tree(settings)
    note = catalogue.find_note(settings, name)
    identities = age.read_identities(identity)
    keys = age.read_identities(keys_identity) if keys_identity else None
    # Asked before the long work, so that whoever answers need not sit through
    # it.
    passwords = [ask_password(person) for person in persons]
    with restore.keys_taken_back(settings):
        added = _bring_keys(note, keys)
        context = build_context(settings)
        with closing(context):
            # Connections come and go; those of other machines show here alone.
            restore.require_no_connections(context.database)
            _try_first(
                context,
                note,
                identities,
                keys,
                scratch_url,
                persons,
                passwords,
            )
            # Before the exchange: afterwards nobody can say what came in
            # since.
            lost = restore.list_lost(context.database, note.moment)
        say_lost(note, lost)
        if not yes:
            typer.confirm(
                f"Put {note.name} in the place of the present data?",
                abort=True,
            )
    say_step("Putting it into place")
    opened, kept = restore.exchange_data(settings, note, identities, utc_now())
    del opened
    reason = f"{note.name}: {why}"
    return _go_on(note, persons, reason, lost, kept, added)


def _bring_keys(
    note: BackupNote, identities: Sequence[x25519.Identity] | None
) -> tuple[str, ...]:
    """Keys of the backup that this machine has not."""
    from workers.backup import catalogue, opening, restore

    settings = load_settings().direct()
    assert settings.secrets_dir is not None
    if identities is None:
        if (
            settings.key_command
            or path_of_key(settings.secrets_dir, "master").exists()
        ):
            return ()
        raise Misconfigured(
            f"There are no keys in {settings.secrets_dir}.",
            hint="Give --keys-identity, so that those of the backup are put there.",
        )
    if settings.key_command:
        raise Misconfigured(
            "The keys come from key_command here: put those of the backup into the store.",
            hint="Leave --keys-identity away then.",
        )
    path = catalogue.keys_path(settings, note.name)
    return restore.restore_keys(settings, opening.load_keys(path, identities))


def _try_first(
    context: Context,
    note: BackupNote,
    identities: Sequence[x25519.Identity],
    keys: Sequence[x25519.Identity] | None,
    scratch_url: str,
    persons: tuple[str, str],
    passwords: list[str],
) -> None:
    """Verify it, and ask in its own database who answers for it."""
    from workers.backup.verify import trying_backup

    with trying_backup(
        context,
        note,
        identities,
        keys,
        scratch_url=scratch_url,
        step=say_step,
    ) as trial:
        for person, password in zip(persons, passwords, strict=True):
            confirm_person(trial.context, person, password, utc_now())


def _go_on(
    note: BackupNote,
    persons: tuple[str, str],
    reason: str,
    lost: tuple[LostReport, ...] | None,
    kept: str,
    added: tuple[str, ...],
) -> Restored:
    """Note it, and forget again what had been forgotten since."""
    from workers.backup import restore
    from workers.retention.forgetting import forget_all

    context, lost_entries = restore.go_on(
        load_settings().direct(), persons, reason
    )
    try:
        say_step("Erasing again what is due")
        return restore.Restored(
            name=note.name,
            at=note.at,
            lost=lost,
            lost_entries=lost_entries,
            kept=kept,
            keys_added=added,
            waiting=restore.count_waiting_deliveries(context),
            erased=forget_all(context, utc_now()),
        )
    finally:
        context.close()
