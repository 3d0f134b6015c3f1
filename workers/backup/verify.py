"""Looking whether a backup would do: it goes into a scratch database, and all is checked there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pyrage import x25519
from sqlalchemy import URL, make_url

from hotline.core.context import Context
from hotline.core.errors import HotlineError
from hotline.core.settings import Settings
from hotline.core.storage import audit
from hotline.core.storage.crypto import Vault
from hotline.core.storage.database import Database
from hotline.core.storage.keys.keyring import Keyring, KeysInMemory
from hotline.core.storage.keys.rewrapping import count_unopened_record_keys
from workers.backup import catalogue, opening, postgres
from workers.backup.catalogue import BackupNote
from workers.backup.opening import Opened
from workers.backup.snapshot import count_rows
from workers.migrations import run as migrations

Step = Callable[[str], None]


class BackupBroken(HotlineError):
    """A backup that would not do, and why."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found. ``revision``: the schema's, before it was brought up to date."""

    name: str
    at: str
    revision: str
    upgraded: bool
    tables: int
    rows: int
    reports: int
    audit_sealed: int
    audit_open: int
    audit_compared: int
    records_opened: int

    def to_json(self) -> Mapping[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Trial:
    """A backup in its scratch database, verified."""

    verified: Verified
    context: Context
    opened: Opened


@contextmanager
def trying_backup(
    context: Context,
    note: BackupNote,
    identities: Sequence[x25519.Identity],
    keys_identities: Sequence[x25519.Identity] | None = None,
    *,
    scratch_url: str = "",
    step: Step = lambda _: None,
) -> Iterator[Trial]:
    """``keys_identities``: the keys of the backup's own archive; those in use where it is None."""
    settings = context.settings
    step("Comparing the archives with their digests")
    require_whole(settings, note)
    keyring = context.keyring
    if keys_identities is not None:
        path = catalogue.keys_path(settings, note.name)
        keys = opening.load_keys(path, keys_identities)
        keyring = Keyring(Path(), source=KeysInMemory(keys))
    with ExitStack() as stack:
        folder = Path(
            tempfile.mkdtemp(prefix=".verify-", dir=settings.data_dir)
        )
        # First in, last out: the scratch database is closed before its folder
        # goes.
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        target = stack.enter_context(
            _scratch(note, settings, folder, scratch_url)
        )
        step("Putting it into a scratch database")
        opened = opening.load_data(
            catalogue.data_path(settings, note.name),
            identities,
            target,
            settings,
        )
        database = Database(target.render_as_string(hide_password=False))
        stack.callback(database.dispose)
        # The heads that came with the archive, because those of the machine
        # have gone on since.
        heads = folder / "audit-heads.jsonl"
        heads.write_bytes(opened.heads)
        scratch = replace(
            context,
            database=database,
            keyring=keyring,
            vault=Vault(keyring),
            settings=settings.model_copy(update={"audit_heads_file": heads}),
        )
        yield Trial(_check(scratch, note, opened, step), scratch, opened)


def require_whole(settings: Settings, note: BackupNote) -> None:
    """The archives are there, and are the ones that were made."""
    for path, digest in (
        (catalogue.data_path(settings, note.name), note.data_sha256),
        (catalogue.keys_path(settings, note.name), note.keys_sha256),
    ):
        if not path.is_file():
            raise BackupBroken(
                f"{path.name} is not in {path.parent}.",
                hint="If it is kept elsewhere, put it there for now.",
            )
        if catalogue.digest_of_file(path) != digest:
            raise BackupBroken(
                f"{path.name} is not the file that was written."
            )


@contextmanager
def _scratch(
    note: BackupNote, settings: Settings, folder: Path, scratch_url: str
) -> Iterator[URL]:
    if scratch_url:
        yield make_url(scratch_url)
    elif note.dialect == "sqlite":
        yield make_url(f"sqlite:///{folder / 'scratch.db'}")
    else:
        own = postgres.driver_url(settings.database_url.get_secret_value())
        with postgres.scratch_database(own) as url:
            yield url


def _check(
    scratch: Context, note: BackupNote, opened: Opened, step: Step
) -> Verified:
    database, manifest = scratch.database, opened.manifest
    step("Counting its rows")
    with database.engine.connect() as connection:
        counted = count_rows(connection)
    if differing := opening.differing_rows(manifest, counted):
        name, (written, there) = next(iter(differing.items()))
        raise BackupBroken(
            f"The table {name} has {there} rows and was written with {written}."
        )
    # After the counting, since a migration may add and drop rows.
    upgraded = _bring_up_to_date(database, manifest.revision, step)
    step("Verifying its audit log")
    path = scratch.settings.audit_heads_file
    assert path is not None
    with database.reading() as session:
        log = audit.verify_chain(session, path, scratch.keyring)
        step("Opening the key of each record")
        unopened = count_unopened_record_keys(session, scratch.vault)
    if not log.intact:
        raise BackupBroken(f"Its audit log is broken: {log.fault}.")
    if unopened:
        raise BackupBroken(
            f"The keys of {unopened} records do not open.",
            hint="Was a master key retired since? Give --keys-identity, so that the keys of the "
            "backup itself are used.",
        )
    return Verified(
        name=note.name,
        at=manifest.at,
        revision=manifest.revision,
        upgraded=upgraded,
        tables=len(counted),
        rows=sum(counted.values()),
        reports=counted.get("report", 0),
        audit_sealed=log.sealed,
        audit_open=log.open,
        audit_compared=log.compared,
        records_opened=counted.get("record_key", 0),
    )


def _bring_up_to_date(database: Database, revision: str, step: Step) -> bool:
    """A backup of an older version is upgraded; one of a newer version is refused."""
    if revision == migrations.newest_revision():
        return False
    if not migrations.knows_revision(revision):
        raise BackupBroken(
            f"The backup has schema {revision}, which this program does not know.",
            hint="Use the program that made it, or a newer one.",
        )
    step(f"Bringing its schema up to date from {revision}")
    migrations.upgrade_schema(database)
    return True
