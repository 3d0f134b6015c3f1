"""Making a backup: the data and the keys of one moment, in two archives, while reports come in."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from pyrage import x25519
from sqlalchemy import select

from hotline import __version__
from hotline.core.context import Context, utc_now
from hotline.core.errors import Conflict
from hotline.core.settings import Settings
from hotline.core.storage import audit
from hotline.core.storage.backup_runs import BackupRun
from hotline.core.storage.keys.key_files import KEY_NAMES
from workers.backup import age, archive, catalogue
from workers.backup.archive import Manifest, Member
from workers.backup.catalogue import BackupNote
from workers.backup.snapshot import Snapshot, taking_snapshot

Say = Callable[[str, int], None]
"""Told what is written and how many bytes of it."""


def create_backup(
    context: Context,
    *,
    run_id: uuid.UUID | None = None,
    actor: str = audit.SYSTEM,
    say: Say = lambda *_: None,
) -> BackupNote:
    """Both archives and their note. What is not whole has no note, and is deleted by the next one.

    ``run_id``: of the row that the scheduler wrote when it started this; ``actor``: who asked.
    """
    settings = context.settings
    people = settings.backup_recipients
    keys_people = settings.backup_keys_recipients or people
    recipients = age.read_recipients(people, "backup_recipients")
    keys_recipients = age.read_recipients(
        keys_people, "backup_keys_recipients"
    )
    with _alone(settings):
        # Under the lock: half an archive here is of a run that broke off, and
        # not of one that goes on.
        _drop_halves(context)
        now = utc_now()
        name = f"hotline-{now:%Y%m%dT%H%M%SZ}"
        run_id = _note_start(context, name, now, run_id)
        manifest = _write_data(context, name, now, recipients, say)
        _write_archive(
            catalogue.keys_path(settings, name),
            _members_of_keys(context, manifest),
            keys_recipients,
        )
        note = _describe(
            settings, name, manifest, tuple(people), tuple(keys_people)
        )
        catalogue.write_note(settings, note)
        _note_end(context, run_id, note, actor)
    _drop_old(settings, now)
    return note


def _write_data(
    context: Context,
    name: str,
    now: datetime,
    recipients: Sequence[x25519.Recipient],
    say: Say,
) -> Manifest:
    settings = context.settings
    # Before the database: heads may name nothing that the copy of it has not.
    heads = _read_heads(settings)
    files = list(_own_files(settings.data_dir))
    with taking_snapshot(settings, context.database, now) as snapshot:
        manifest = Manifest(
            at=snapshot.at.isoformat(),
            program=__version__,
            dialect=snapshot.dialect,
            revision=snapshot.revision,
            rows=snapshot.rows,
        )
        _write_archive(
            catalogue.data_path(settings, name),
            _members_of_data(manifest, heads, files, snapshot, say),
            recipients,
        )
    return manifest


def _members_of_data(
    manifest: Manifest,
    heads: bytes,
    files: Iterable[Member],
    snapshot: Snapshot,
    say: Say,
) -> Iterator[Member]:
    yield Member(archive.MANIFEST, manifest.to_json())
    yield Member(archive.HEADS, heads)
    yield from files
    written = 0
    for piece in archive.cut_pieces(snapshot.chunks):
        yield piece
        written += len(piece.content)
        say("database", written)


def _members_of_keys(context: Context, manifest: Manifest) -> Iterator[Member]:
    """Each name's key in use has the number 0; those that are only read with follow."""
    yield Member(archive.MANIFEST, manifest.to_json())
    for name in KEY_NAMES:
        for number, key in enumerate(context.keyring.keys_of(name)):
            yield Member(f"{archive.KEYS}{name}.{number}", key)


def _read_heads(settings: Settings) -> bytes:
    path = settings.audit_heads_file
    if path is None or not path.is_file():
        return b""
    return path.read_bytes()


def _own_files(data_dir: Path) -> Iterator[Member]:
    for folder in archive.FOLDERS:
        for path in sorted((data_dir / folder).rglob("*")):
            # A link may lead out of the directory, to what nobody meant to
            # hand on.
            if path.is_file() and not path.is_symlink():
                name = path.relative_to(data_dir).as_posix()
                yield Member(name, path.read_bytes())


def _write_archive(
    path: Path,
    members: Iterable[Member],
    recipients: Sequence[x25519.Recipient],
) -> None:
    """Under a draft's name until it is whole and on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        age.encrypt(archive.write_stream(members), file, recipients)
        file.flush()
        # Else the name could be on the disk before the bytes when the power
        # fails.
        os.fsync(file.fileno())
    draft.replace(path)


def _describe(
    settings: Settings,
    name: str,
    manifest: Manifest,
    people: tuple[str, ...],
    keys_people: tuple[str, ...],
) -> BackupNote:
    data = catalogue.data_path(settings, name)
    keys = catalogue.keys_path(settings, name)
    return BackupNote(
        name=name,
        at=manifest.at,
        program=manifest.program,
        dialect=manifest.dialect,
        revision=manifest.revision,
        data_size=data.stat().st_size,
        data_sha256=catalogue.digest_of_file(data),
        keys_size=keys.stat().st_size,
        keys_sha256=catalogue.digest_of_file(keys),
        recipients=people,
        keys_recipients=keys_people,
    )


def _note_start(
    context: Context, name: str, now: datetime, run_id: uuid.UUID | None
) -> uuid.UUID:
    with context.database.writing() as session:
        run = session.get(BackupRun, run_id) if run_id else None
        if run is None:
            run = BackupRun(name=name, started_at=now)
            session.add(run)
        run.name = name
    return run.id


def _note_end(
    context: Context, run_id: uuid.UUID, note: BackupNote, actor: str
) -> None:
    now = utc_now()
    with context.database.writing() as session:
        run = session.get_one(BackupRun, run_id)
        run.finished_at, run.size = now, note.data_size + note.keys_size
        audit.record_entry(
            session,
            actor=actor,
            action="backup.created",
            entity="backup",
            entity_id=note.name,
            now=now,
            data_sha256=note.data_sha256,
            keys_sha256=note.keys_sha256,
            recipients=list(note.recipients),
        )


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    folder = catalogue.folder_of(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("Another backup is being made just now.") from None
        yield


def _drop_halves(context: Context) -> None:
    """Of backups that broke off: drafts, and archives of which the database knows that they did."""
    settings = context.settings
    noted = {note.name for note in catalogue.list_notes(settings)}
    with context.database.reading() as session:
        broken_off = session.scalars(
            select(BackupRun.name).where(BackupRun.finished_at.is_(None))
        ).all()
    for name in set(broken_off) - noted - {""}:
        catalogue.data_path(settings, name).unlink(missing_ok=True)
        catalogue.keys_path(settings, name).unlink(missing_ok=True)
    for folder in {catalogue.folder_of(settings), settings.backup_keys_dir}:
        assert folder is not None
        for path in folder.glob(".hotline-*"):
            path.unlink()


def _drop_old(settings: Settings, now: datetime) -> None:
    """What was erased since must not live on in backups without end. The newest one stays."""
    oldest = now - timedelta(days=settings.backup_keep_days)
    for note in catalogue.list_notes(settings)[1:]:
        if note.moment < oldest:
            for path in (
                catalogue.note_path(settings, note.name),
                catalogue.data_path(settings, note.name),
                catalogue.keys_path(settings, note.name),
            ):
                path.unlink(missing_ok=True)
