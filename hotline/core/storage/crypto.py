"""Sealing: personal data is encrypted per record, so that destroying one key erases one record.

Each record (a report, a person) has a data key of its own, wrapped by the master key. A field is
sealed with AES-256-GCM under the data key with ``table.column:record id`` as associated data, so
that a value copied to another row or column does not open. Erasing is deleting the wrapped key
("crypto-erase"): backups that hold only ciphertext then hold nothing.

Which keys there are and where they lie: ``hotline.core.storage.keys.key_files``. What is under
which of them stands in one table, ``workers.keys.holdings``. Those of a database in use are never
made anew: see ``hotline.core.storage.keys.own_keys``.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection
from contextlib import suppress
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.errors import HotlineError
from hotline.core.storage.database import Base
from hotline.core.storage.keys.key_files import KEY_BYTES
from hotline.core.storage.keys.keyring import Keyring

NONCE_BYTES = 12


class CannotOpen(HotlineError):
    """A sealed value does not open: its key was erased, or the value is not where it was sealed."""

    title = "Sealed"


class RecordKey(Base):
    """The wrapped data key of one record; no row, no data."""

    __tablename__ = "record_key"

    record_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class Vault:
    """Seals and opens fields of records."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    def new_record(self, session: Session, record_id: uuid.UUID) -> bytes:
        """Give ``record_id`` a data key of its own; returns the key, for sealing at once."""
        key, wrapped = self.new_key(record_id)
        session.add(RecordKey(record_id=record_id, wrapped=wrapped))
        return key

    def new_key(self, record_id: uuid.UUID) -> tuple[bytes, bytes]:
        """A data key for ``record_id`` and its wrapped form, for a caller that writes the row."""
        key = AESGCM.generate_key(bit_length=KEY_BYTES * 8)
        return key, self.wrap(record_id, key)

    def wrap(self, record_id: uuid.UUID, key: bytes) -> bytes:
        """A data key under the master key that is in use."""
        nonce = os.urandom(NONCE_BYTES)
        master = _cipher_of(self.keyring.bytes_of("master"))
        # With the record's id, so that a key copied to another record's row
        # does not open.
        return nonce + master.encrypt(nonce, key, _place_of(record_id))

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
        # The one in use stands first, and a record is rarely under an older
        # one.
        for master in self.keyring.keys_of("master"):
            key = unwrap_under(master, record_id, wrapped)
            if key is not None:
                return key
        raise CannotOpen(
            "A record's key does not open with this master key.",
            hint="Is this the secrets directory that belongs to this database?",
        )

    def key_for(self, session: Session, record_id: uuid.UUID) -> bytes:
        """The record's data key, made where it has none yet: for what is sealed bit by bit."""
        key = self.key_of(session, record_id)
        if key is None:
            key = self.new_record(session, record_id)
            # Stored before anything is sealed: a value without its key's row
            # would never open.
            session.flush()
        return key

    @staticmethod
    def seal(key: bytes, where: str, record_id: uuid.UUID, text: str) -> bytes:
        """``where`` is ``table.column``."""
        # Never the same one twice under one key: GCM would give the text away.
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


def unwrap_under(
    master: bytes, record_id: uuid.UUID, wrapped: bytes
) -> bytes | None:
    """The data key, if it was wrapped by this very master key."""
    with suppress(InvalidTag):
        return _cipher_of(master).decrypt(
            wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _place_of(record_id)
        )
    return None


def _place_of(record_id: uuid.UUID) -> bytes:
    return b"record_key:" + record_id.bytes


@lru_cache(maxsize=16)
def _cipher_of(key: bytes) -> AESGCM:
    """Made once: to prepare a key takes longer than to open a short value."""
    return AESGCM(key)


def _associated_data(where: str, record_id: uuid.UUID) -> bytes:
    return f"{where}:{record_id}".encode()
