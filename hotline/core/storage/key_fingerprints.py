"""Which keys belong to a database: a lost or swapped key file is refused, never replaced.

A key made anew cannot open what the lost one sealed. So the database keeps a fingerprint of each
key from its first use on, and whoever opens the house compares. A fingerprint is an HMAC of a fixed
label under 32 random bytes: nobody gets from it to the key.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.errors import Misconfigured, Unavailable
from hotline.core.storage.crypto import KEY_NAMES, Keyring, RecordKey
from hotline.core.storage.database import Base, Database, insert_once, short

_LABEL = b"hotline key fingerprint 1:"
_RESTORE = "Restore it from the copy of the keys; a new key cannot open what the old one sealed."


class KeyFingerprint(Base):
    """What is remembered of one key file."""

    __tablename__ = "key_fingerprint"

    name: Mapped[str] = mapped_column(short(20), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(short(64))
    first_used: Mapped[datetime]


def open_keyring(directory: Path, database: Database, *, now: datetime) -> Keyring:
    """The keys of this database, made where the database is new; otherwise refused or as stored."""
    missing = [name for name in KEY_NAMES if not _path(directory, name).exists()]
    try:
        stored = _read_fingerprints(database)
        in_use = set(stored) or _keys_of_older_database(database)
    except SQLAlchemyError as error:
        if missing:
            raise Unavailable(
                f"Key file {_path(directory, missing[0])} is missing, and the database does not "
                "say whether it is new.",
                hint="Start the database first, or restore the file from the copy of the keys.",
            ) from error
        return Keyring(directory)  # whoever needs the database says what ails it
    finally:
        database.dispose()  # a process that forks later must not share the connection
    _refuse_missing(directory, [name for name in missing if name in in_use])
    keyring = Keyring(directory)
    _refuse_others(directory, keyring, stored)
    _remember(database, keyring, stored, now)
    return keyring


def fingerprint_of(keyring: Keyring, name: str) -> str:
    key = keyring.bytes_of(name)
    return hmac.new(key, _LABEL + name.encode(), hashlib.sha256).hexdigest()


def _path(directory: Path, name: str) -> Path:
    return directory / f"{name}.key"


def _has_table(database: Database, table: str) -> bool:
    file = database.engine.url.database if database.is_sqlite else None
    if file and not Path(file).exists():
        return False  # looking would make the file
    return inspect(database.engine).has_table(table)


def _read_fingerprints(database: Database) -> dict[str, str]:
    if not _has_table(database, KeyFingerprint.__tablename__):
        return {}
    with database.reading() as session:
        rows = session.scalars(select(KeyFingerprint))
        return {row.name: row.fingerprint for row in rows}


def _keys_of_older_database(database: Database) -> set[str]:
    """A database from before fingerprints that holds records was sealed with every key."""
    if not _has_table(database, RecordKey.__tablename__):
        return set()
    with database.reading() as session:
        record = session.scalar(select(RecordKey.record_id).limit(1))
    return set(KEY_NAMES) if record is not None else set()


def _refuse_missing(directory: Path, names: list[str]) -> None:
    if not names:
        return
    files = ", ".join(str(_path(directory, name)) for name in names)
    raise Misconfigured(
        f"Missing key of a database that is in use: {files}.", hint=_RESTORE
    )


def _refuse_others(
    directory: Path, keyring: Keyring, stored: Mapping[str, str]
) -> None:
    others = [
        str(_path(directory, name))
        for name in KEY_NAMES
        if name in stored and stored[name] != fingerprint_of(keyring, name)
    ]
    if others:
        raise Misconfigured(
            f"Not the key that this database was used with: {', '.join(others)}.",
            hint=_RESTORE,
        )


def _remember(
    database: Database, keyring: Keyring, stored: Mapping[str, str], now: datetime
) -> None:
    new_names = [name for name in KEY_NAMES if name not in stored]
    try:
        if not new_names or not _has_table(database, KeyFingerprint.__tablename__):
            return
        with database.writing() as session:
            for name in new_names:
                insert_once(
                    session,
                    KeyFingerprint,
                    ["name"],
                    name=name,
                    fingerprint=fingerprint_of(keyring, name),
                    first_used=now,
                )
    except SQLAlchemyError:
        return  # a database that takes nothing now is told of by others; the next start tries again
    finally:
        database.dispose()
