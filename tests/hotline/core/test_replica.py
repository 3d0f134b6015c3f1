"""A copy for reading: asked while it is fresh, left alone when it is not, never written to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from hotline.core.context import Context, utc_now
from hotline.core.storage.database import Database
from hotline.core.storage.servers.presence import ServiceMachine, note_alive
from hotline.core.storage.servers.replica import (
    LEFT_ALONE_SECONDS,
    MOST_LAG,
    Replica,
)
from hotline.core.storage.servers.write_mark import touch_mark
from workers.migrations.tables import metadata


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Database]:
    """A database with other rows than the first one, so that it shows which of them was read."""
    database = Database(f"sqlite:///{tmp_path / 'copy.db'}")
    metadata.create_all(database.engine)
    with database.writing() as session:
        touch_mark(session, utc_now())
        note_alive(session, "from-the-copy", utc_now())
    yield database
    database.dispose()


def _name_seen(replica: Replica) -> str | None:
    with replica.looking(utc_now()) as session:
        return session.scalar(select(ServiceMachine.name))


def _url_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def test_a_fresh_copy_is_read_and_takes_nothing(
    context: Context, copy: Database
) -> None:
    replica = Replica(context.database, _url_of(copy))
    assert _name_seen(replica) == "from-the-copy"
    with (
        pytest.raises(OperationalError, match="readonly"),
        replica.looking(utc_now()) as session,
    ):
        note_alive(session, "another", utc_now())
        session.commit()
    replica.dispose()


def test_without_one_the_database_itself_is_read(context: Context) -> None:
    with context.database.writing() as session:
        note_alive(session, "from-the-first", utc_now())
    assert _name_seen(context.replica) == "from-the-first"


@pytest.mark.parametrize("fault", ["stale", "never written", "gone"])
def test_a_copy_that_cannot_be_relied_on_is_left_alone_for_a_while(
    context: Context, copy: Database, tmp_path: Path, fault: str
) -> None:
    with context.database.writing() as session:
        note_alive(session, "from-the-first", utc_now())
    url = _url_of(copy)
    with copy.writing() as session:
        if fault == "stale":
            touch_mark(session, utc_now() - MOST_LAG - timedelta(seconds=1))
        elif fault == "never written":
            session.execute(text("DELETE FROM write_mark"))
    if fault == "gone":
        url = f"sqlite:///{tmp_path / 'nowhere.db'}"
    now = [0.0]
    replica = Replica(context.database, url, clock=lambda: now[0])
    assert _name_seen(replica) == "from-the-first"
    if fault == "gone":
        return
    with copy.writing() as session:
        touch_mark(session, utc_now())
    assert _name_seen(replica) == "from-the-first"
    now[0] = LEFT_ALONE_SECONDS + 1
    assert _name_seen(replica) == "from-the-copy"
    replica.dispose()


def test_on_postgresql_a_look_cannot_write(
    make_context: Callable[..., Context], postgres_url: str
) -> None:
    """Not even where the URL names the first database by mistake."""
    context = make_context("postgresql", database_replica_url=postgres_url)
    with context.database.writing() as session:
        touch_mark(session, utc_now())
    with (
        pytest.raises(SQLAlchemyError, match="read-only"),
        context.replica.looking(utc_now()) as session,
    ):
        note_alive(session, "another", utc_now())
        session.commit()
