"""Database, schema and Redis."""

from __future__ import annotations

import os

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from hotline.core.errors import Misconfigured
from hotline.core.storage.database import Database, is_damaged
from hotline.core.storage.servers.replica import MOST_LAG, ask_replica_lag
from workers.doctor.finding import Finding, find_failed, find_well, warn_of
from workers.doctor.installation import Installation
from workers.migrations import run
from workers.processes.running import is_running
from workers.queues import redis_server
from workers.queues.redis_connection import connect

_MAKE_ONE = "`hotline db upgrade` makes it, and so does `hotline up`."


def look_at_database(installation: Installation) -> Finding:
    """Whether it answers, and would take something."""
    file = installation.database_file
    if file is not None and not file.exists():
        return find_failed(f"There is no database at {file}.", _MAKE_ONE)
    try:
        with installation.open_database() as database:
            return _answer_of(database)
    except SQLAlchemyError as error:
        if is_damaged(error):
            return find_failed(
                "The file of the database is damaged.",
                "Stop the service, keep the file as it is, and put the newest backup back "
                "(docs/operations.md, Backup and restore).",
            )
        return find_failed(
            f"The database does not answer ({type(error).__name__}).",
            "Look whether it runs, and whether database_url is right.",
        )


def _answer_of(database: Database) -> Finding:
    if database.is_sqlite:
        return _answer_of_file(database)
    with database.reading() as session:
        version = session.scalar(text("SHOW server_version"))
        is_copy = session.scalar(text("SELECT pg_is_in_recovery()"))
    if is_copy:
        return find_failed(
            "This PostgreSQL is a copy that takes nothing.",
            "Let database_url name the server that it is a copy of.",
        )
    return find_well(f"PostgreSQL {version} answers.")


def _answer_of_file(database: Database) -> Finding:
    with database.reading() as session:
        session.execute(text("SELECT count(*) FROM sqlite_master"))
        version = session.scalar(text("SELECT sqlite_version()"))
        (*_, file) = session.execute(text("PRAGMA database_list")).one()
    if not os.access(file, os.W_OK):
        return find_failed(
            f"This user may not write the database's file {file}.",
            "Run the command as the service's user, or give the file to that user.",
        )
    return find_well(f"SQLite {version} answers, and its file may be written.")


def look_at_migrations(installation: Installation) -> Finding:
    file = installation.database_file
    if file is not None and not file.exists():
        return find_failed(
            "There is no schema, as there is no database.", _MAKE_ONE
        )
    with installation.open_database() as database:
        have = run.current_revision(database)
        is_newer = run.is_served_by_a_newer(database)
    want = run.newest_revision()
    if have == want:
        return find_well(f"The schema is the newest one, {want}.")
    if is_newer:
        return warn_of(
            f"The schema {have} is that of a newer version, and serves this one ({want}) too.",
            "Go on with the upgrade: give this machine the newer version.",
        )
    return find_failed(
        f"The database is at schema {have or 'none'}, and this program needs {want}.",
        "Run `hotline db upgrade`. Where the database is newer, install the newer program.",
    )


def look_at_replica(installation: Installation) -> Finding:
    """The copy for figures and search: whether it answers, and how old it is."""
    url = installation.settings.database_replica_url.get_secret_value()
    if not url:
        return find_well("No copy for reading is set; the database is read.")
    lag = ask_replica_lag(url, installation.now)
    if lag is None:
        return warn_of(
            "The copy for reading does not answer, or the service never wrote to what it copies.",
            "Look whether it runs, and whether database_replica_url is right. Figures and search "
            "read the database itself meanwhile.",
        )
    if lag > MOST_LAG:
        return warn_of(
            f"The copy for reading is {lag.total_seconds():.0f} seconds behind.",
            "Where the service runs, look at pg_stat_replication on the database. Figures and "
            "search read the database itself meanwhile.",
        )
    return find_well(
        f"The copy for reading is {lag.total_seconds():.0f} seconds behind."
    )


def look_at_redis(installation: Installation) -> Finding:
    settings = installation.settings
    # Nobody has started it, and nobody should: whether it can be is the
    # question.
    if settings.redis_is_embedded and not is_running(settings.run_dir):
        try:
            program = redis_server.command(settings.run_dir)[0]
        except Misconfigured as error:
            return find_failed(error.message, error.hint)
        return find_well(f"`hotline up` will start {program}.")
    try:
        with connect(settings) as client:
            client.ping()
            return _look_at_persistence(client)
    except redis.AuthenticationError:
        return find_failed(
            "Redis refuses the password.", "Correct it in redis_url."
        )
    except redis.RedisError as error:
        return find_failed(
            f"Redis does not answer ({type(error).__name__}).",
            "Look whether it runs, and whether redis_url is right. Reports are stored meanwhile, "
            "and worked on once it is back.",
        )


def _look_at_persistence(client: redis.Redis) -> Finding:
    try:
        saves = client.config_get("save").get("save")
        appends = client.config_get("appendonly").get("appendonly")
    except redis.ResponseError:
        # A server that is somebody else's may hide its settings.
        return find_well("Redis answers.")
    if saves or appends == "yes":
        return warn_of(
            "Redis answers, and writes what it holds to a disk.",
            'Switch that off (save "" and appendonly no): it is transport only, and a dump file '
            "is one more thing that would have to be erased.",
        )
    return find_well("Redis answers, and writes nothing to a disk.")
