"""Which keys belong to a database: a lost or swapped key file is refused, never replaced.

A key made anew opens nothing that the lost one sealed. So the database keeps a fingerprint of each
key from its first use on. A fingerprint is an HMAC of a fixed label under the 32 random bytes:
nobody gets from it to the key.

Two questions, at two times. Whether a missing file may be made is asked before it is made, and
the database is looked at only then: with all files in place nothing here waits for it. Whether the
files are the right ones is asked by whoever begins to work with a database whose schema is current.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.errors import Misconfigured
from hotline.core.storage.crypto import CannotOpen, RecordKey, Vault
from hotline.core.storage.database import (
    Base,
    Database,
    insert_once,
    short_text,
)
from hotline.core.storage.keys.key_files import KEY_NAMES, path_of_key
from hotline.core.storage.keys.keyring import Keyring, fingerprint_of_key

LATER_KEYS = frozenset({"identifiers"})
"""Keys that came after databases were in use: one from before may be without."""
_RESTORE = (
    "Restore it from the copy of the keys: a new key cannot open what the old one sealed. "
    "If it is lost for good, see `hotline db renew-key`."
)


class KeyFingerprint(Base):
    """What is remembered of one key file."""

    __tablename__ = "key_fingerprint"

    name: Mapped[str] = mapped_column(short_text(20), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(short_text(64))
    first_used: Mapped[datetime]


def refuse_lost_keys(
    directory: Path,
    database: Database,
    *,
    renewed: Collection[str] = (),
) -> None:
    """``Misconfigured`` where a key of a database in use has no file; asked before any is made.

    ``renewed``: keys that may be made all the same.
    """
    missing = {
        name
        for name in KEY_NAMES
        if name not in renewed and not path_of_key(directory, name).exists()
    }
    if not missing:
        return
    try:
        lost = sorted(missing & _keys_in_use(database))
    finally:
        database.dispose()  # a process that forks later must not share the connection
    if lost:
        files = ", ".join(str(path_of_key(directory, name)) for name in lost)
        raise Misconfigured(
            f"A key of this database is missing: {files}.", hint=_RESTORE
        )


def require_own_keys(
    database: Database, keyring: Keyring, *, now: datetime
) -> None:
    """``Misconfigured`` where a key is not the one that this database is used with.

    What is seen for the first time is remembered.
    """
    with database.reading() as session:
        stored = _read_fingerprints(session)
        swapped = find_swapped_keys(session, keyring)
    if swapped:
        raise Misconfigured(
            f"Not the keys that this database is used with: {', '.join(swapped)}.",
            hint=_RESTORE,
        )
    new_names = [name for name in KEY_NAMES if name not in stored]
    if new_names:
        _remember(database, keyring, new_names, now)


def find_swapped_keys(session: Session, keyring: Keyring) -> list[str]:
    """Names of the keys that are not the ones that this database is used with."""
    stored = _read_fingerprints(session)
    swapped = [
        name
        for name in KEY_NAMES
        if name in stored
        and stored[name] not in _fingerprints_in(keyring, name)
    ]
    # Such a database is older than the fingerprints: only what is sealed in it
    # can tell.
    if "master" not in stored and not _opens_a_record(session, keyring):
        swapped.append("master")
    return swapped


def fingerprint_of(keyring: Keyring, name: str) -> str:
    return fingerprint_of_key(name, keyring.bytes_of(name))


def _fingerprints_in(keyring: Keyring, name: str) -> set[str]:
    """Of all keys of the name: while one is rotated, the database may know the one before."""
    return {fingerprint_of_key(name, key) for key in keyring.keys_of(name)}


def replace_fingerprint(
    session: Session, keyring: Keyring, name: str, now: datetime
) -> None:
    """Note that ``name`` is another key from now on."""
    session.merge(
        KeyFingerprint(
            name=name,
            fingerprint=fingerprint_of(keyring, name),
            first_used=now,
        )
    )


def _keys_in_use(database: Database) -> set[str]:
    """Names of the keys that this database cannot do without."""
    if _is_new_file(database):
        return set()
    tables = set(inspect(database.engine).get_table_names())
    with database.reading() as session:
        if KeyFingerprint.__tablename__ in tables:
            stored = _read_fingerprints(session)
            if stored:
                return set(stored)
        if RecordKey.__tablename__ not in tables:
            return set()
        # Without fingerprints, a sealed record is what shows that the keys
        # were used.
        record = session.scalar(select(RecordKey.record_id).limit(1))
    return set() if record is None else set(KEY_NAMES) - LATER_KEYS


def _is_new_file(database: Database) -> bool:
    """To look into a SQLite file that is not there would make it."""
    if not database.is_sqlite:
        return False
    file = database.engine.url.database
    return not file or not Path(file).exists()


def _read_fingerprints(session: Session) -> Mapping[str, str]:
    rows = session.scalars(select(KeyFingerprint))
    return {row.name: row.fingerprint for row in rows}


def _opens_a_record(session: Session, keyring: Keyring) -> bool:
    """Whether the master key opens what is there; True where nothing is."""
    record_id = session.scalar(select(RecordKey.record_id).limit(1))
    if record_id is None:
        return True
    try:
        Vault(keyring).key_of(session, record_id)
    except CannotOpen:
        return False
    return True


def _remember(
    database: Database, keyring: Keyring, names: list[str], now: datetime
) -> None:
    try:
        with database.writing() as session:
            for name in names:
                # Several processes start at once, and each of them remembers.
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
