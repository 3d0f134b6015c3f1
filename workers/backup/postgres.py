"""PostgreSQL's own programs: a consistent dump beside running work, and putting it back."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from hotline.core.errors import HotlineError, Misconfigured

_INSTALLED = Path("/usr/lib/postgresql")
_VARIABLES = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "host": "PGHOST",
    "port": "PGPORT",
}
CHUNK = 1 << 16


class DumpFailed(HotlineError):
    """A program of PostgreSQL's ended with an error."""


def find_program(name: str, folder: Path | None, *, server: int = 0) -> str:
    """The newest ``name`` on this machine; it must not be older than the server (major version)."""
    programs = {
        path: _version_of(path)
        for path in _candidates(name, folder)
        if path.is_file()
    }
    wanted = f"postgresql-client-{server}" if server else "postgresql-client"
    if not programs:
        where = f" in {folder}" if folder else ""
        raise Misconfigured(
            f"{name} is not installed{where}.",
            hint=f"Install it: `sudo apt-get install {wanted}`, or name its folder by the "
            "setting postgresql_bin.",
        )
    newest = max(programs, key=lambda path: programs[path])
    # pg_dump refuses a server that is newer than itself, and says so in the
    # middle of the night.
    if programs[newest] < server:
        raise Misconfigured(
            f"{name} is of version {programs[newest]}, and the server of {server}.",
            hint=f"Install a newer one: `sudo apt-get install {wanted}`.",
        )
    return str(newest)


def dump(
    url: URL, folder: Path | None, *, server: int, snapshot: str
) -> Iterator[bytes]:
    """The dump in PostgreSQL's custom format, as of the exported ``snapshot``."""
    program = find_program("pg_dump", folder, server=server)
    command = [
        program,
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        f"--snapshot={snapshot}",
    ]
    with _running(command, url, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while chunk := process.stdout.read(CHUNK):
            yield chunk


@contextmanager
def restoring(
    url: URL, folder: Path | None, server: int
) -> Iterator[IO[bytes]]:
    """Takes a dump and puts it into an empty database: all of it, or nothing."""
    program = find_program("pg_restore", folder, server=server)
    command = [
        program,
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
        # Half a dump leaves nothing, so that the schema before can take its
        # place again.
        "--single-transaction",
        f"--dbname={url.database}",
    ]
    with _running(command, url, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            yield process.stdin
            process.stdin.close()
        except BrokenPipeError:
            # The program has ended, and says why below.
            pass


@contextmanager
def scratch_database(url: URL) -> Iterator[URL]:
    """An empty database beside the service's own, gone again at the end."""
    name = f"hotline_scratch_{uuid.uuid4().hex[:12]}"
    engine = create_engine(
        url, isolation_level="AUTOCOMMIT", hide_parameters=True
    )
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except SQLAlchemyError:
        engine.dispose()
        raise Misconfigured(
            "No scratch database could be made beside the service's own.",
            hint=f"Allow it, as PostgreSQL's administrator: `ALTER ROLE {url.username} CREATEDB`, "
            "or name an empty one by --scratch-url.",
        ) from None
    try:
        yield url.set(database=name)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def driver_url(given: str) -> URL:
    """With the driver that is installed."""
    return make_url(given).set(drivername="postgresql+psycopg")


@contextmanager
def _running(
    command: list[str],
    url: URL,
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """The program, with the way to the database in its environment: others see its arguments."""
    process = subprocess.Popen(
        command,
        env=_environment(url),
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    except BaseException:
        # Whoever reads or writes has given up, and the program would wait for
        # it without end.
        process.kill()
        process.wait()
        raise
    finally:
        for stream in (process.stdout, process.stdin):
            if stream is not None:
                stream.close()
    assert process.stderr is not None
    said = process.stderr.read().decode("utf-8", "replace")
    process.stderr.close()
    if process.wait() != 0:
        # Its first line says what is wrong; the others may quote rows.
        first = next(iter(said.strip().splitlines()), "it said nothing")
        raise DumpFailed(f"{Path(command[0]).name} failed: {first[:300]}")


def _environment(url: URL) -> dict[str, str]:
    given = {
        "PGHOST": url.host,
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    for key, value in url.query.items():
        variable = _VARIABLES.get(key)
        if variable and isinstance(value, str):
            given[variable] = value
    return {
        **os.environ,
        **{key: value for key, value in given.items() if value},
    }


def _candidates(name: str, folder: Path | None) -> list[Path]:
    # Whoever names a folder wants none of the others, however new they are.
    if folder is not None:
        return [folder / name]
    on_path = shutil.which(name)
    beside = sorted(_INSTALLED.glob(f"*/bin/{name}"))
    return [*([Path(on_path)] if on_path else []), *beside]


def _version_of(path: Path) -> int:
    """The major version; 0 for what does not say one."""
    done = subprocess.run(
        [str(path), "--version"], capture_output=True, check=False, text=True
    )
    match = re.search(r"(\d+)", done.stdout)
    return int(match[1]) if match and done.returncode == 0 else 0
