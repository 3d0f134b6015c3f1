"""A database to measure on, in a folder that is gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from hotline.core.context import Context, build_context
from hotline.core.settings import Settings, load_settings
from hotline.core.storage.database import Database
from hotline.core.storage.keys.key_files import KEY_NAMES
from workers.bench.serving.postgres import create_database
from workers.migrations.run import upgrade_schema


@contextmanager
def open_own_context(database: str) -> Iterator[Context]:
    """``database``: URL of an empty one; a SQLite file in the folder if left out."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as name:
        folder = Path(name)
        settings = load_settings(
            data_dir=folder,
            secrets_dir=folder / "secrets",
            database_url=database or f"sqlite:///{folder / 'hotline.db'}",
        )
        # Whether the database is empty is the bench's own question, and its answer is a better one.
        context = build_context(settings, renewed_keys=KEY_NAMES)
        try:
            yield context
        finally:
            context.close()


@contextmanager
def open_new_context(
    folder: Path, server: str, name: str, **settings: Any
) -> Iterator[Context]:
    """On a database of its own called ``name``, with the newest schema.

    ``server``: URL of a PostgreSQL server; a SQLite file in ``folder`` where it is empty.
    """
    with ExitStack() as stack:
        given: dict[str, Any] = {
            "data_dir": folder / name,
            "rdap_enabled": False,
            **settings,
        }
        if server:
            given["database_url"] = stack.enter_context(
                create_database(server, name)
            )
        context = build_context(Settings(**given))
        stack.callback(context.close)
        upgrade_schema(context.database)
        yield context


def gather_statistics(database: Database) -> None:
    """As a server does by itself, after a while."""
    # One that was filled in a minute has none, and would be measured with bad plans.
    with database.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
