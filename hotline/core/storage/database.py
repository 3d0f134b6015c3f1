"""The database: engine, sessions, column types, and what every table has in common.

PostgreSQL and SQLite carry the same tables. Two kinds of transaction exist, because SQLite has one
writer: ``reading`` never takes the write lock, ``writing`` takes it at its start (``BEGIN
IMMEDIATE``), so that a transaction that read first can't fail when it comes to write.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import SQLITE_CORRUPT, SQLITE_NOTADB
from typing import Any, cast
from urllib.parse import quote

from sqlalchemy import (
    JSON,
    URL,
    ClauseElement,
    ColumnElement,
    DateTime,
    Engine,
    MetaData,
    NullPool,
    Select,
    String,
    Table,
    TypeDecorator,
    Uuid,
    create_engine,
    delete,
    event,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.sql.dml import UpdateBase

from hotline.core.errors import Misconfigured
from hotline.core.storage.ids import new_id
from hotline.core.storage.servers.pools import (
    Pools,
    connection_options,
    unprepared,
)

_WRITING = "hotline_writing"
_AFTER_COMMIT = "hotline_after_commit"
SQLITE_BUSY_MS = 30_000
LOOK_SECONDS = 5
"""For a connection, and for a statement, of whoever only looks."""

Statement = UpdateBase | Select[*tuple[Any, ...]]
Json = JSON().with_variant(postgresql.JSONB(), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in UTC, on SQLite too; a naive value is a programming error."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        if value is None:
            return None
        return (
            value.replace(tzinfo=UTC)
            if value.tzinfo is None
            else value.astimezone(UTC)
        )


class Base(DeclarativeBase):
    metadata = MetaData(
        # Migrations drop constraints by name, and the two databases would choose different ones.
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        datetime: UtcDateTime(),
        uuid.UUID: Uuid(),
        dict[str, Any]: Json,
        dict[str, str]: Json,
        Mapping[str, object]: Json,
        list[Any]: Json,
        list[str]: Json,
    }


class Identified:
    """A UUIDv7 primary key: rows append to the end of the index."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)


def short_text(length: int) -> String:
    return String(length)


def insert_once(
    session: Session,
    model: type[Base],
    index_elements: Sequence[str],
    **values: Any,
) -> bool:
    """Insert a row unless one with the same ``index_elements`` exists; True if it was inserted."""
    insert = (
        postgresql.insert
        if session.get_bind().dialect.name == "postgresql"
        else sqlite.insert
    )
    # The statement goes past the session: what waits in it must be in the database before.
    session.flush()
    table = cast(Table, model.__table__)
    statement = (
        insert(table)
        .values(**values)
        .on_conflict_do_nothing(index_elements=index_elements)
        # A driver's row count may be "unknown"; a returned row is certain.
        .returning(*(column for column in table.c if column.primary_key))
    )
    return session.execute(statement).first() is not None


def delete_some(
    session: Session,
    model: type[Base],
    *conditions: ColumnElement[bool],
    limit: int,
) -> int:
    """Delete at most ``limit`` rows, the oldest ids first; returns how many."""
    table = cast(Table, model.__table__)
    (key,) = (column for column in table.c if column.primary_key)
    some = session.scalars(
        select(key)
        .where(*conditions)
        .order_by(key)
        .limit(limit)
        # What somebody is working on is deleted another time.
        .with_for_update(skip_locked=True)
    ).all()
    if some:
        session.execute(delete(table).where(key.in_(some)))
    return len(some)


class Database:
    """Engine and sessions. ``after_commit`` gets what a transaction noted for it.

    ``only_reading``: for whoever looks at a database that may be anybody's. Nothing is written,
    not even a file that is missing, and no statement takes longer than ``look_seconds``.
    """

    def __init__(
        self,
        url: str,
        *,
        after_commit: Callable[[list[str]], None] | None = None,
        only_reading: bool = False,
        pools: Pools = Pools(),  # noqa: B008  (it is frozen)
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self.engine = _make_engine(url, pools, only_reading=only_reading)
        self._autocommit = (
            None
            if self.is_sqlite or only_reading
            else _make_engine(
                # A ping would cost as much as the statement; a broken connection is met in
                # `_first_row`.
                url,
                pools,
                isolation_level="AUTOCOMMIT",
                pool_pre_ping=False,
            )
        )
        self._texts: dict[ClauseElement, str] = {}
        self._driver_error: type[Exception] = (
            self.engine.dialect.loaded_dbapi.Error
        )
        self.after_commit = after_commit
        if only_reading:
            _forbid_writing(self.engine, look_seconds)
        else:
            _install_begin(self.engine)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that writes nothing. What it loaded stays readable after its end."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on any error."""
        engine = self.engine.execution_options(**{_WRITING: True})
        # What was loaded is shown after the commit; expiring it would ask the database again.
        with Session(engine, expire_on_commit=False) as session:
            yield session
            session.commit()
            notes: list[str] = session.info.pop(_AFTER_COMMIT, [])
        # Only now: whoever is handed the work reads what was just stored.
        if notes and self.after_commit is not None:
            self.after_commit(notes)

    def alone(
        self,
        statement: Statement,
        values: Mapping[str, Any],
        *,
        notes: Sequence[str] = (),
    ) -> Sequence[Any] | None:
        """One statement as a transaction of its own; the first row that it returns.

        PostgreSQL commits it by itself, and the driver gets it as text that is made once: BEGIN and
        COMMIT, and what SQLAlchemy does to execute, take longer than a small statement. ``notes``
        are for ``after_commit``, where a row was returned.
        """
        row = self._first_row(statement, values)
        if row is not None and notes and self.after_commit is not None:
            self.after_commit(list(notes))
        return row

    def _first_row(
        self, statement: Statement, values: Mapping[str, Any]
    ) -> Sequence[Any] | None:
        if self._autocommit is not None:
            with suppress(self._driver_error):
                return self._at_once(self._autocommit, statement, values)
            # Perhaps the connection broke while it lay in the pool. The ordinary way looks first,
            # and if it is something else, it says what.
        with (
            self.reading()
            if statement.is_select
            else self.writing() as session
        ):
            return session.connection().execute(statement, values).first()

    def _at_once(
        self,
        engine: Engine,
        statement: Statement,
        values: Mapping[str, Any],
    ) -> Sequence[Any] | None:
        text = self._texts.get(statement)
        if text is None:
            text = str(statement.compile(dialect=engine.dialect))
            self._texts[statement] = text
        # Past SQLAlchemy no column type turns these into JSON.
        plain = {
            k: json.dumps(v) if isinstance(v, dict | list) else v
            for k, v in values.items()
        }
        with closing(engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(text, plain)
            row: Sequence[Any] | None = cursor.fetchone()
            return row

    def dispose(self) -> None:
        if self._autocommit is not None:
            self._autocommit.dispose()
        self.engine.dispose()


def is_damaged(error: SQLAlchemyError) -> bool:
    """Whether SQLite says that its file is no database, or not a whole one."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    # An extended code holds its plain one in the lowest byte.
    return code is not None and code & 0xFF in (SQLITE_CORRUPT, SQLITE_NOTADB)


def note_for_after_commit(session: Session, key: str) -> None:
    """Hand ``key`` to the database's ``after_commit`` once this transaction is safely stored."""
    session.info.setdefault(_AFTER_COMMIT, []).append(key)


def _make_engine(
    url: str, pools: Pools, *, only_reading: bool = False, **options: Any
) -> Engine:
    parsed = _parse_url(url)
    if (
        parsed.get_backend_name() == "postgresql"
        and "+" not in parsed.drivername
    ):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if only_reading:
        return _make_looking_engine(parsed)
    if parsed.get_backend_name() == "sqlite":
        # Without the driver's own transaction handling, BEGIN is ours (see _install_begin).
        return create_engine(
            parsed,
            hide_parameters=True,
            connect_args={"timeout": SQLITE_BUSY_MS / 1000},
        )
    # A connection may have died in the pool: it is tried, and replaced, before
    # a request has it.
    given = {"pool_pre_ping": True, **pools.engine_options(), **options}
    given["connect_args"] = connection_options(parsed, shared=pools.shared)
    # An error that quotes a statement must not quote what somebody reported.
    return create_engine(parsed, hide_parameters=True, **given)


def file_of_database(url: str) -> Path | None:
    """Of SQLite; None for a database that is a server's, or in memory."""
    parsed = _parse_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(parsed.database)


def _parse_url(url: str) -> URL:
    try:
        return make_url(url)
    except Exception as error:
        raise Misconfigured("database_url is not a database URL.") from error


def _make_looking_engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url,
            hide_parameters=True,
            poolclass=NullPool,
            connect_args={"connect_timeout": LOOK_SECONDS, **unprepared()},
        )
    file = f"file:{quote(url.database or '')}"
    return create_engine(
        url.set(database=file, query={"mode": "ro", "uri": "true"}),
        hide_parameters=True,
        poolclass=NullPool,
        connect_args={"timeout": LOOK_SECONDS},
    )


def _forbid_writing(engine: Engine, look_seconds: float) -> None:
    """Within each transaction, as a pool in front of PostgreSQL may hand the session on."""
    if engine.dialect.name == "sqlite":
        return  # its file was opened for reading

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql(
            f"SET LOCAL statement_timeout = {round(look_seconds * 1000)}"
        )


def _install_begin(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        # Others read on while one writes.
        cursor.execute("PRAGMA journal_mode=WAL")
        # An acknowledged report survives a power cut.
        cursor.execute("PRAGMA synchronous=FULL")
        # SQLite goes by foreign keys only where it is told to.
        cursor.execute("PRAGMA foreign_keys=ON")
        # Erased keys leave no copy in free pages.
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(_WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
