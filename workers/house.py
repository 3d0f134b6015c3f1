"""What whoever begins to work asks of the database first: is it ours, in schema and in keys?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import text

from hotline.core.context import Context, build_context, utc_now
from hotline.core.errors import Misconfigured
from hotline.core.settings import Settings
from hotline.core.storage.database import Database, file_of_database
from hotline.core.storage.keys.own_keys import require_own_keys
from workers.migrations.run import require_current

# Any number that no other program uses on this database: "HTLP" as bytes.
PREPARING_LOCK = 0x48544C50
ASKED_AGAIN_SECONDS = 0.5


def open_own_context(
    settings: Settings,
    *,
    after_commit: Callable[[list[str]], None] | None = None,
) -> Context:
    """The context on a database that is ours; ``Misconfigured`` with what to do if it is not."""
    require_database(settings)
    context = build_context(settings, after_commit=after_commit)
    try:
        require_own_database(context)
    except BaseException:
        context.close()
        raise
    return context


@contextmanager
def preparing_alone(database: Database) -> Iterator[None]:
    """One machine at a time makes the schema, the directory and the first administrator.

    Machines that are started together would else all find nothing, and all make it. SQLite is one
    machine's own. The lock ends with the connection, also where the process is killed.
    """
    if database.is_sqlite:
        yield
        return
    # No transaction is open meanwhile: a migration that builds an index beside others' work waits
    # for the end of theirs.
    key = {"key": PREPARING_LOCK}
    with database.engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        # Asked again and again instead of waiting in the database: a statement
        # that waits is a transaction that is open.
        while not connection.scalar(
            text("SELECT pg_try_advisory_lock(:key)"), key
        ):
            time.sleep(ASKED_AGAIN_SECONDS)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)


def require_database(settings: Settings) -> None:
    """``Misconfigured`` where the file of a database is missing.

    Opening it would make an empty one, and keys beside it: whoever named a wrong directory would
    find a second installation there.
    """
    file = file_of_database(settings.database_url.get_secret_value())
    if file is not None and not file.exists():
        raise Misconfigured(
            f"There is no database at {file}.",
            hint="`hotline up` makes one, and so does `hotline db upgrade`; "
            "HOTLINE_DATA_DIR or HOTLINE_DATABASE_URL names another.",
        )


def require_own_database(context: Context) -> None:
    """``Misconfigured`` where the schema or a key belongs to something else."""
    require_current(context.database)
    require_own_keys(context.database, context.keyring, now=utc_now())
