"""Wrapping every record's key under another master key, a batch at a time.

What a record's key seals stays as it is: its key alone is opened with the old master key and
wrapped with the one in use. Each batch is a transaction of its own, so nobody waits, and a row that
was done is known by opening with the key in use: beginning anew does no harm.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hotline.core.storage.crypto import RecordKey, Vault, unwrap_under
from hotline.core.storage.keys.key_rotations import Moved

BATCH = 500
"""Rows of a transaction: some ten milliseconds."""


def move_record_keys(session: Session, vault: Vault, cursor: str) -> Moved:
    """The next batch behind ``cursor``, under the master key in use."""
    batch = (
        select(RecordKey.record_id, RecordKey.wrapped)
        .order_by(RecordKey.record_id)
        .limit(BATCH)
    )
    if cursor:
        # By the key and not by an offset: rows may go while it runs.
        batch = batch.where(RecordKey.record_id > uuid.UUID(cursor))
    rows = session.execute(batch).all()
    present, *older = vault.keyring.keys_of("master")
    moved = 0
    for record_id, wrapped in rows:
        if unwrap_under(present, record_id, wrapped) is not None:
            continue
        opened = (unwrap_under(key, record_id, wrapped) for key in older)
        key = next((key for key in opened if key is not None), None)
        if key is None:
            continue  # no key of ours opens it, and none ever will
        # Only what was read: a record may be erased, or moved by somebody else, meanwhile.
        session.execute(
            update(RecordKey)
            .where(
                RecordKey.record_id == record_id, RecordKey.wrapped == wrapped
            )
            .values(wrapped=vault.wrap(record_id, key))
            .execution_options(synchronize_session=False)
        )
        moved += 1
    at_end = len(rows) < BATCH
    return Moved(len(rows), moved, "" if at_end else str(rows[-1].record_id))


def count_older_record_keys(session: Session, vault: Vault) -> int:
    """How many records' keys are still wrapped under an older master key; reads all of them."""
    present, *older = vault.keyring.keys_of("master")
    return sum(
        unwrap_under(present, record_id, wrapped) is None
        and any(unwrap_under(key, record_id, wrapped) for key in older)
        for record_id, wrapped in _all_record_keys(session)
    )


def count_unopened_record_keys(session: Session, vault: Vault) -> int:
    """How many records' keys open with no master key that is here."""
    masters = vault.keyring.keys_of("master")
    return sum(
        all(unwrap_under(key, record_id, wrapped) is None for key in masters)
        for record_id, wrapped in _all_record_keys(session)
    )


def _all_record_keys(
    session: Session,
) -> Iterator[tuple[uuid.UUID, bytes]]:
    query = select(RecordKey.record_id, RecordKey.wrapped)
    # A few at a time: there is a row for every report that was not erased.
    for row in session.execute(query.execution_options(yield_per=2_000)):
        yield row.record_id, row.wrapped
