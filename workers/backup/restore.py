"""Going on with a backup in the place of the present data, which stay put aside.

The backup is first tried in a scratch database. Only one that was verified there, and for which two
people answered, takes the place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pyrage import x25519
from sqlalchemy import func, inspect, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError

from hotline.core.act import Act
from hotline.core.context import Context, build_context, utc_now
from hotline.core.errors import Conflict, Misconfigured
from hotline.core.settings import Settings
from hotline.core.storage import audit, audit_heads
from hotline.core.storage.database import Database
from hotline.core.storage.keys import key_files
from hotline.core.storage.keys.key_files import KEY_NAMES, Keys
from hotline.intake.models import Report
from partners.directory.service import seed_directory
from partners.sending.models import UNSETTLED, Delivery
from workers.backup import catalogue, opening, postgres
from workers.backup.archive import FOLDERS, Member
from workers.backup.catalogue import BackupNote
from workers.backup.opening import Opened
from workers.house import require_own_database
from workers.migrations import run as migrations
from workers.processes.running import is_running


@dataclass(frozen=True, slots=True)
class LostReport:
    """A report that came in after the backup: its receipt opens nothing any more."""

    report_id: str
    received_at: str
    channel: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What happened. ``lost``: None where the data before could not be read. ``kept``: where they
    stay until somebody deletes them. ``waiting``: letters that had not left at the backup."""

    name: str
    at: str
    lost: tuple[LostReport, ...] | None
    lost_entries: int
    kept: str
    keys_added: tuple[str, ...]
    waiting: int
    erased: Mapping[str, int]

    def to_json(self) -> Mapping[str, object]:
        return asdict(self)


def require_no_tree(settings: Settings) -> None:
    """``hotline up`` does not run here."""
    if is_running(settings.run_dir):
        raise Conflict(
            "The service is running here.", hint="Stop it first, everywhere."
        )


def require_no_connections(database: Database) -> None:
    """Nobody may write while the database is exchanged."""
    if database.is_sqlite:
        return
    # A database that cannot be reached has no connections, and is perhaps why
    # a backup is restored.
    with suppress(SQLAlchemyError), database.engine.connect() as connection:
        others = connection.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        )
        if others:
            raise Conflict(
                f"{others} connections are open to the database.",
                hint="Stop web, workers and scheduler on every machine first.",
            )


def list_lost(
    database: Database, moment: datetime
) -> tuple[LostReport, ...] | None:
    """Reports in the present database that the backup of ``moment`` has not."""
    try:
        with database.reading() as session:
            rows = session.execute(
                select(Report.id, Report.received_at, Report.channel)
                .where(Report.received_at >= moment)
                .order_by(Report.received_at)
            ).all()
    # The present data may be the very thing that is broken.
    except SQLAlchemyError:
        return None
    return tuple(
        LostReport(str(row.id), row.received_at.isoformat(), row.channel)
        for row in rows
    )


def restore_keys(settings: Settings, keys: Keys) -> tuple[str, ...]:
    """Put the keys of a backup beside those that are here; returns the names of which some came.

    A machine without keys gets them as they were. Where a key was rotated since, the one of the
    backup is only read with.
    """
    directory = settings.secrets_dir
    assert directory is not None
    added = []
    for name in KEY_NAMES:
        path = key_files.path_of_key(directory, name)
        present: set[bytes] = set()
        if path.exists():
            present = {key_files.read_key(path)}
            present |= {
                key_files.read_key(old)
                for old in key_files.paths_of_old(directory, name)
            }
        missing = [key for key in keys[name] if key not in present]
        if missing:
            added.append(name)
        if missing and not path.exists():
            key_files.write_key(path, missing.pop(0))
        # Each is put before those that are there, so the newest comes last.
        for key in reversed(missing):
            key_files.add_old_key(directory, name, key)
    return tuple(added)


@contextmanager
def keys_taken_back(settings: Settings) -> Iterator[None]:
    """Unless the block ends well, the key files are afterwards as they were before it.

    A restore that was given up must not bring back a key that was retired, or leave one that came
    with an archive that nobody vouched for.
    """
    directory = settings.secrets_dir
    assert directory is not None
    before = set(directory.iterdir()) if directory.is_dir() else set()
    try:
        yield
    except BaseException:
        # Keys are only ever added: none that was there was changed.
        for path in sorted(directory.glob("*.key")):
            if path not in before:
                path.unlink()
        raise


def exchange_data(
    settings: Settings,
    note: BackupNote,
    identities: Sequence[x25519.Identity],
    now: datetime,
) -> tuple[Opened, str]:
    """Put the backup in the place of the data, which stay beside; returns where."""
    stamp = f"before-restore-{now:%Y%m%dT%H%M%S}"
    if note.dialect == "sqlite":
        opened, kept = _exchange_file(settings, note, identities, stamp)
    else:
        opened, kept = _exchange_schema(settings, note, identities, stamp)
    _exchange_files(settings.data_dir, opened.files, stamp)
    heads = settings.audit_heads_file
    assert heads is not None
    # Heads that are here know more than those of the backup: they show what
    # the log has lost.
    if opened.heads and not heads.exists():
        heads.write_bytes(opened.heads)
    return opened, kept


def _exchange_file(
    settings: Settings,
    note: BackupNote,
    identities: Sequence[x25519.Identity],
    stamp: str,
) -> tuple[Opened, str]:
    url = make_url(settings.database_url.get_secret_value())
    if not url.database:
        raise Misconfigured("database_url names no file.")
    place = Path(url.database)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = place.with_name(f"{place.name}.restoring")
    draft.unlink(missing_ok=True)
    opened = opening.load_data(
        catalogue.data_path(settings, note.name),
        identities,
        url.set(database=str(draft)),
        settings,
    )
    kept = place.with_name(f"{place.name}.{stamp}")
    # SQLite's own journals belong to the file before: beside the new one they
    # would be played into it.
    for ending in ("", "-wal", "-shm"):
        present = place.with_name(place.name + ending)
        if present.exists():
            present.replace(kept.with_name(kept.name + ending))
    draft.replace(place)
    return opened, str(kept) if kept.exists() else ""


def _exchange_schema(
    settings: Settings,
    note: BackupNote,
    identities: Sequence[x25519.Identity],
    stamp: str,
) -> tuple[Opened, str]:
    url = postgres.driver_url(settings.database_url.get_secret_value())
    database = Database(url.render_as_string(hide_password=False))
    name = stamp.replace("-", "_").lower()
    is_used = bool(inspect(database.engine).get_table_names())
    if is_used:
        with database.engine.begin() as connection:
            # Renaming moves no row and is undone by another renaming, however
            # large the data are.
            connection.execute(text(f"ALTER SCHEMA public RENAME TO {name}"))
            connection.execute(text("CREATE SCHEMA public"))
    try:
        opened = opening.load_data(
            catalogue.data_path(settings, note.name),
            identities,
            url,
            settings,
        )
    except BaseException:
        if is_used:
            with database.engine.begin() as connection:
                connection.execute(text("DROP SCHEMA public CASCADE"))
                connection.execute(
                    text(f"ALTER SCHEMA {name} RENAME TO public")
                )
        raise
    finally:
        database.dispose()
    return opened, f"schema {name}" if is_used else ""


def _exchange_files(
    data_dir: Path, members: Sequence[Member], stamp: str
) -> None:
    for folder in FOLDERS:
        wanted = {
            member.name: member.content
            for member in members
            if member.name.startswith(f"{folder}/")
        }
        place = data_dir / folder
        present = {
            path.relative_to(data_dir).as_posix(): path.read_bytes()
            for path in place.rglob("*")
            if path.is_file()
        }
        # Most restores change nothing here; a folder that is put aside would
        # ask to be looked at.
        if wanted == present:
            continue
        if present:
            place.replace(data_dir / f"{folder}.{stamp}")
        for name, content in wanted.items():
            target = data_dir / name
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            target.write_bytes(content)


def go_on(
    settings: Settings, persons: tuple[str, str], reason: str
) -> tuple[Context, int]:
    """Bring the restored database up to date and note the restore; what was lost of the log."""
    context = build_context(settings)
    now = utc_now()
    migrations.upgrade_schema(context.database)
    require_own_database(context)
    with context.database.writing() as session:
        # The program may be newer than the backup and know offices that it
        # does not.
        seed_directory(Act(session, context, audit.SYSTEM, now))
    # Last: the log says that it was restored once everything of it is there.
    lost = note_restore(context, persons, reason, now)
    return context, lost


def note_restore(
    context: Context, persons: tuple[str, str], reason: str, now: datetime
) -> int:
    """In the log and, once it is sealed, in the file of heads; how many entries were lost."""
    path = context.settings.audit_heads_file
    assert path is not None
    last = audit_heads.last_head(path)
    first, second = persons
    with context.database.writing() as session:
        restore = audit_heads.Restore(
            persons=persons,
            reason=reason,
            kept=audit.last_agreeing(session, path),
            lost=last.number if last else 0,
        )
        audit.record_entry(
            session,
            actor=f"person:{first}",
            action="audit.restored",
            entity="audit",
            entity_id="log",
            now=now,
            second=f"person:{second}",
            why=restore.reason,
            lost=restore.lost,
        )
        audit.seal_entries(session)
    with context.database.reading() as session:
        audit.write_head(session, path, context.keyring, now, restore=restore)
    return max(0, restore.lost - restore.kept)


def count_waiting_deliveries(context: Context) -> int:
    """Letters that had not left when the backup was made: they may have left since."""
    with context.database.reading() as session:
        count = session.scalar(
            select(func.count())
            .select_from(Delivery)
            .where(Delivery.state.in_(UNSETTLED))
        )
    return count or 0
