"""Sealing: personal data is encrypted per record, so that destroying one key erases one record.

Each record (a report, a person) has a data key of its own, wrapped by the master key. A field is
sealed with AES-256-GCM under the data key with ``table.column:record id`` as associated data, so
that a value copied to another row or column does not open. Erasing is deleting the wrapped key
("crypto-erase"): backups that hold only ciphertext then hold nothing.

Keys are files of 32 random bytes in the secrets directory, made at first start, mode 0600:
``master.key`` wraps data keys, ``receipts.key`` is the key of receipt look-ups, ``links.key`` signs
and hashes links, ``sessions.key`` is Flask's secret key, ``audit.key`` authenticates audit heads
and ``identifiers.key`` finds one telephone number, account or wallet again in another case.
Those of a database in use are never made anew: see ``hotline.core.storage.own_keys``.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import uuid
from collections.abc import Collection
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.errors import HotlineError, Misconfigured
from hotline.core.storage.database import Base

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_NAMES = (
    "master",
    "receipts",
    "links",
    "sessions",
    "audit",
    "identifiers",
)


class CannotOpen(HotlineError):
    """A sealed value does not open: its key was erased, or the value is not where it was sealed."""

    title = "Sealed"


class RecordKey(Base):
    """The wrapped data key of one record; no row, no data."""

    __tablename__ = "record_key"

    record_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class Keyring:
    """The key files. Made at first use; a short or unreadable file is refused, never replaced."""

    def __init__(self, directory: Path) -> None:
        self._keys = {
            name: _key_file(path_of_key(directory, name)) for name in KEY_NAMES
        }

    def bytes_of(self, name: str) -> bytes:
        return self._keys[name]

    def mac(self, name: str, message: bytes) -> bytes:
        """HMAC-SHA-256 (32 bytes) under key ``name``."""
        return hmac.digest(self._keys[name], message, hashlib.sha256)


def path_of_key(directory: Path, name: str) -> Path:
    return directory / f"{name}.key"


class Vault:
    """Seals and opens fields of records."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring
        self._master = AESGCM(keyring.bytes_of("master"))

    def new_record(self, session: Session, record_id: uuid.UUID) -> bytes:
        """Give ``record_id`` a data key of its own; returns the key, for sealing at once."""
        key, wrapped = self.new_key(record_id)
        session.add(RecordKey(record_id=record_id, wrapped=wrapped))
        return key

    def new_key(self, record_id: uuid.UUID) -> tuple[bytes, bytes]:
        """A data key for ``record_id`` and its wrapped form, for a caller that writes the row."""
        key = AESGCM.generate_key(bit_length=KEY_BYTES * 8)
        nonce = os.urandom(NONCE_BYTES)
        return key, nonce + self._master.encrypt(
            nonce, key, b"record_key:" + record_id.bytes
        )

    def key_of(self, session: Session, record_id: uuid.UUID) -> bytes | None:
        """The record's data key, or None where it was erased."""
        wrapped = session.scalar(
            select(RecordKey.wrapped).where(RecordKey.record_id == record_id)
        )
        return None if wrapped is None else self._unwrap(record_id, wrapped)

    def keys_of(
        self, session: Session, record_ids: Collection[uuid.UUID]
    ) -> dict[uuid.UUID, bytes]:
        """The data keys of several records, with one query; an erased one is left out."""
        rows = session.execute(
            select(RecordKey.record_id, RecordKey.wrapped).where(
                RecordKey.record_id.in_(record_ids)
            )
        )
        return {
            record_id: self._unwrap(record_id, wrapped)
            for record_id, wrapped in rows
        }

    def _unwrap(self, record_id: uuid.UUID, wrapped: bytes) -> bytes:
        try:
            return self._master.decrypt(
                wrapped[:NONCE_BYTES],
                wrapped[NONCE_BYTES:],
                b"record_key:" + record_id.bytes,
            )
        except InvalidTag:
            raise CannotOpen(
                "A record's key does not open with this master key.",
                hint="Is this the secrets directory that belongs to this database?",
            ) from None

    def key_for(self, session: Session, record_id: uuid.UUID) -> bytes:
        """The record's data key, made where it has none yet: for what is sealed bit by bit."""
        key = self.key_of(session, record_id)
        if key is None:
            key = self.new_record(session, record_id)
            session.flush()
        return key

    @staticmethod
    def seal(key: bytes, where: str, record_id: uuid.UUID, text: str) -> bytes:
        """``where`` is ``table.column``."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(
            nonce, text.encode(), _associated_data(where, record_id)
        )

    @staticmethod
    def open(
        key: bytes, where: str, record_id: uuid.UUID, sealed: bytes
    ) -> str:
        try:
            plain = AESGCM(key).decrypt(
                sealed[:NONCE_BYTES],
                sealed[NONCE_BYTES:],
                _associated_data(where, record_id),
            )
        except InvalidTag:
            raise CannotOpen(f"The value of {where} does not open.") from None
        return plain.decode()

    @staticmethod
    def erase(session: Session, record_id: uuid.UUID) -> bool:
        """Destroy the record's key; True if there was one."""
        gone = session.execute(
            delete(RecordKey).where(RecordKey.record_id == record_id)
        )
        return bool(getattr(gone, "rowcount", 0))


def _associated_data(where: str, record_id: uuid.UUID) -> bytes:
    return f"{where}:{record_id}".encode()


def _key_file(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return _make_key(path)
    except OSError as error:
        raise Misconfigured(
            f"Key file {path.name} cannot be read: {error.strerror}."
        ) from error
    if len(key) != KEY_BYTES:
        raise Misconfigured(
            f"Key file {path.name} has {len(key)} bytes, not {KEY_BYTES}.",
            hint="Restore it from your backup; a new key cannot open what the old one sealed.",
        )
    return key


def _make_key(path: Path) -> bytes:
    """Written beside and linked into place: of two processes that start at once, one wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(
        f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}"
    )
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_bytes()
