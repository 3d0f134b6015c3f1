"""Applying migrations from code, on the database that the settings name."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection

from hotline.core.errors import Conflict, Misconfigured
from hotline.core.storage.database import Database
from workers.migrations.serving import VERSION_BEFORE, is_served, note_served

log = structlog.get_logger(__name__)


def _alembic_config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade_schema(database: Database, revision: str = "head") -> None:
    """Bring the schema up to ``revision``; a newer one that serves this version stays as it is."""
    have = current_revision(database)
    if have is not None and not knows_revision(have):
        # Older programs meet this while machines are brought up to date one
        # after the other.
        require_current(database)
        return
    with _migrating(database) as connection:
        command.upgrade(_alembic_config(connection), revision)
        _note_served_now(connection)


@contextmanager
def _migrating(database: Database) -> Iterator[Connection]:
    """A connection for a migration, whose work is kept at the end.

    SQLite writes a table anew to change it; meanwhile rows of others refer to nothing. Checking
    is off as long as that takes, and made up for before the work is kept.
    """
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            yield connection
            connection.commit()
            return
        _set_checking(connection, on=False)
        try:
            yield connection
            # What was not checked meanwhile is checked here, while all of it
            # can still be taken back.
            broken = connection.exec_driver_sql(
                "PRAGMA foreign_key_check"
            ).all()
            if broken:
                raise Misconfigured(
                    f"After the migration, rows of {broken[0][0]} would refer to nothing."
                )
            connection.commit()
        finally:
            connection.rollback()
            _set_checking(connection, on=True)


def _set_checking(connection: Connection, *, on: bool) -> None:
    """SQLite takes this word between transactions only."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def postgresql_of(start: str, end: str) -> str:
    """The SQL that brings a PostgreSQL schema from revision ``start`` to ``end``; runs nothing."""
    written = io.StringIO()
    config = _alembic_config()
    config.output_buffer = written
    command.upgrade(config, f"{start}:{end}", sql=True)
    return written.getvalue()


def scripts_between(after: str | None, until: str) -> tuple[Script, ...]:
    """The migrations from ``after`` (None: an empty database) up to ``until``, in their order."""
    scripts = ScriptDirectory.from_config(_alembic_config())
    newest_first = list(scripts.iterate_revisions(until, after or "base"))
    return tuple(reversed(newest_first))


def statements_of(script: Script, *, down: bool = False) -> str | None:
    """The SQL of one migration on PostgreSQL; None where it asks the database for rows first."""
    written = io.StringIO()
    config = _alembic_config()
    config.output_buffer = written
    before = script.down_revision or "base"
    try:
        if down:
            span = f"{script.revision}:{before}"
            command.downgrade(config, span, sql=True)
        else:
            span = f"{before}:{script.revision}"
            command.upgrade(config, span, sql=True)
    except (AttributeError, TypeError):
        # There is no database to ask.
        return None
    return written.getvalue()


def downgrade_schema(database: Database, revision: str) -> None:
    """Back to ``revision``; ``Conflict`` with the migration's words where there is no way."""
    with _migrating(database) as connection:
        try:
            command.downgrade(_alembic_config(connection), revision)
            _note_served_now(connection)
        # A migration that cannot be undone says why by this error.
        except RuntimeError as error:
            raise Conflict(str(error)) from error


def _note_served_now(connection: Connection) -> None:
    """Write down which versions may run on the schema that this connection has just come to."""
    now = MigrationContext.configure(connection).get_current_revision()
    behind = [
        script.revision for script in scripts_between(None, now or "base")
    ]
    first = behind.index(VERSION_BEFORE) if VERSION_BEFORE in behind else -1
    note_served(connection, behind[first:])


def stamp_newest(database: Database) -> None:
    """Say that the schema is the newest one, without touching it (it was made from the models)."""
    with database.engine.connect() as connection:
        command.stamp(_alembic_config(connection), "head")
        connection.commit()


def current_revision(database: Database) -> str | None:
    """The revision that the database is at; None for an empty one."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    head = ScriptDirectory.from_config(_alembic_config()).get_current_head()
    assert head is not None
    return head


def knows_revision(revision: str) -> bool:
    """Whether this program can go on from it."""
    scripts = ScriptDirectory.from_config(_alembic_config())
    return any(
        script.revision == revision for script in scripts.walk_revisions()
    )


def require_current(database: Database) -> None:
    """Refuse to serve on a schema that is not ours: a half-matching one loses data quietly.

    A newer one that says that it serves this version, too, is one: an upgrade goes on.
    """
    have, want = current_revision(database), newest_revision()
    if is_served_by_a_newer(database):
        log.warning("schema_is_newer", schema=have, known=want)
        return
    if have != want:
        where = database.engine.url.render_as_string(hide_password=True)
        raise Misconfigured(
            f"The database {where} is at schema {have or 'none'}, this program needs {want}.",
            hint="Run `hotline db upgrade`, or name the right one by HOTLINE_DATA_DIR or "
            "HOTLINE_DATABASE_URL.",
        )


def is_served_by_a_newer(database: Database) -> bool:
    """Whether a newer version migrated, and says that this one may run on what it made."""
    have = current_revision(database)
    if have is None or knows_revision(have):
        return False
    with database.engine.connect() as connection:
        return is_served(connection, newest_revision())
