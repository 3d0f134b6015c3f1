"""The audit log: who did or read what, written in the transaction of the act itself.

Rows are appended freely by any transaction; one sealer chains them shortly afterwards, in order, so
that writers never queue behind the head of the chain. A sealed row's hash covers its content, its
number and its predecessor's hash: an edit, deletion, insertion or reordering breaks the chain. The
head is also written to a file outside the database, authenticated by a key of its own, so that
cutting off the end of the log shows too.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import LargeBinary, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.storage import audit_heads
from hotline.core.storage.audit_heads import ChainBroken, Head, Restore
from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.keys.keyring import Keyring

GENESIS = bytes(32)
SEAL_WITHIN = timedelta(minutes=5)
"""A scheduler that lives seals within seconds: what waits longer waits for none."""
SYSTEM = "system"
PUBLIC = "public"
COMMAND = "cli"
"""The command line; behind a colon stands whose account of the machine it was."""


class AuditEntry(Identified, Base):
    """One act or read. ``number``, ``hash`` are empty until the sealer has chained the row."""

    __tablename__ = "audit_entry"

    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(short_text(80), index=True)
    action: Mapped[str] = mapped_column(short_text(60), index=True)
    entity: Mapped[str] = mapped_column(short_text(40))
    entity_id: Mapped[str] = mapped_column(short_text(64), index=True)
    details: Mapped[Mapping[str, object]] = mapped_column(default=dict)
    number: Mapped[int | None] = mapped_column(unique=True)
    hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))


@dataclass(frozen=True, slots=True)
class Verification:
    """What ``verify`` found. ``sealed`` rows are chained, ``open`` ones wait for the sealer;
    ``compared`` heads from outside the database agree with the chain."""

    intact: bool
    sealed: int
    open: int
    fault: str = ""
    compared: int = 0


def record_entry(
    session: Session,
    *,
    actor: str,
    action: str,
    entity: str,
    entity_id: uuid.UUID | str,
    now: datetime,
    **details: Any,
) -> None:
    """Write down an act or a read of personal data, in the caller's transaction."""
    session.add(
        AuditEntry(
            at=now,
            actor=actor,
            action=action,
            entity=entity,
            entity_id=str(entity_id),
            details=details,
        )
    )


def seal_entries(session: Session, *, limit: int = 5_000) -> int:
    """Chain the rows that are not sealed yet; returns how many. One process at a time calls this.

    Only committed rows are visible here, so a row that commits late gets a later number: the chain
    tells the order of sealing, ``at`` tells the time of the act.
    """
    number, previous = _newest_head(session)
    waiting = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.number.is_(None))
        .order_by(AuditEntry.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for entry in waiting:
        number += 1
        previous = _hash_entry(entry, number, previous)
        entry.number, entry.hash = number, previous
    return len(waiting)


def is_sealing_late(session: Session, now: datetime) -> bool:
    """Whether an entry has waited for its seal for longer than a living sealer takes."""
    late = (
        select(AuditEntry.id)
        .where(AuditEntry.number.is_(None), AuditEntry.at < now - SEAL_WITHIN)
        .limit(1)
    )
    return session.scalar(late) is not None


def write_head(
    session: Session,
    path: Path,
    keyring: Keyring,
    now: datetime,
    *,
    restore: Restore | None = None,
) -> bool:
    """Append the committed head of the chain to ``path``, if it moved since the last line.

    To be called in a transaction that sealed nothing itself: a head of what is rolled back later
    would make an honest log look falsified.
    """
    number, digest = _newest_head(session)
    # Nothing is sealed yet, so there is no head to vouch for.
    if number == 0:
        return False
    return audit_heads.append_head(
        path, keyring, number=number, digest=digest, now=now, restore=restore
    )


def last_agreeing(session: Session, path: Path) -> int:
    """The number of the newest written head that the stored chain meets; 0 where it meets none."""
    for head in reversed(
        audit_heads.heads_in_force(list(audit_heads.read_heads(path)))
    ):
        stored = session.scalar(
            select(AuditEntry.hash).where(AuditEntry.number == head.number)
        )
        if stored is not None and stored.hex() == head.digest:
            return head.number
    return 0


def verify_chain(
    session: Session, heads: Path, keyring: Keyring
) -> Verification:
    """Walk the whole chain and compare it with the heads that were written outside the database.

    ``heads`` may be the file that this machine writes, or a copy of it from another machine.
    """
    waiting = session.scalar(
        select(func.count())
        .select_from(AuditEntry)
        .where(AuditEntry.number.is_(None))
    )
    progress = _Progress(waiting or 0)
    try:
        _walk_chain(session, _expected_heads(heads, keyring), progress)
    except ChainBroken as broken:
        return progress.done(intact=False, fault=broken.message)
    return progress.done(intact=True)


@dataclass(slots=True)
class _Progress:
    """How far ``verify`` has come."""

    waiting: int
    sealed: int = 0
    compared: int = 0

    def done(self, *, intact: bool, fault: str = "") -> Verification:
        return Verification(
            intact, self.sealed, self.waiting, fault, self.compared
        )


def _expected_heads(path: Path, keyring: Keyring) -> dict[int, Head]:
    """By the number of the entry that each was written for; raises where a line is not ours."""
    written = list(audit_heads.read_heads(path))
    # Before any is compared: a forged head would vouch for a forged log.
    if fault := audit_heads.fault_of(written, keyring):
        raise ChainBroken(fault)
    return {head.number: head for head in audit_heads.heads_in_force(written)}


def _walk_chain(
    session: Session, expected: dict[int, Head], progress: _Progress
) -> None:
    """Entry by entry; raises ``ChainBroken`` at the first that is not what was sealed."""
    previous = GENESIS
    for entry in _sealed_entries(session):
        if entry.number != progress.sealed + 1:
            raise ChainBroken(f"entry {progress.sealed + 1} is missing")
        previous = _hash_entry(entry, entry.number, previous)
        if previous != entry.hash:
            raise ChainBroken(f"entry {entry.number} was changed")
        progress.sealed = entry.number
        # Taken out, so that what is left in the end was cut off the log.
        head = expected.pop(entry.number, None)
        if head is None:
            continue
        if head.digest != previous.hex():
            raise ChainBroken(
                f"entry {head.number} is not the one whose head was written"
            )
        progress.compared += 1
    if expected:
        raise ChainBroken(
            f"the log ends at {progress.sealed}, but {max(expected)} had been written"
        )
    # Whoever can write the database can seal a log of his own: only a head elsewhere says no.
    if progress.sealed and not progress.compared:
        raise ChainBroken(
            "no head was written outside the database, so nothing vouches for it"
        )


def _sealed_entries(session: Session) -> Iterator[AuditEntry]:
    """In the order of the chain, a few at a time in memory."""
    query = (
        select(AuditEntry)
        .where(AuditEntry.number.is_not(None))
        .order_by(AuditEntry.number)
    )
    with closing(
        session.scalars(query.execution_options(yield_per=1000))
    ) as rows:
        for entry in rows:
            yield entry
            # The session would otherwise keep every row of the log in memory.
            session.expunge(entry)


def _newest_head(session: Session) -> tuple[int, bytes]:
    last = session.scalar(
        select(AuditEntry)
        .where(AuditEntry.number.is_not(None))
        .order_by(AuditEntry.number.desc())
        .limit(1)
    )
    if last is None:
        return 0, GENESIS
    assert last.number is not None
    assert last.hash is not None
    return last.number, last.hash


def _hash_entry(entry: AuditEntry, number: int, previous: bytes) -> bytes:
    # One spelling, for ever: what is hashed today is hashed again when the log is verified.
    body = json.dumps(
        [
            number,
            str(entry.id),
            entry.at.isoformat(),
            entry.actor,
            entry.action,
            entry.entity,
            entry.entity_id,
            entry.details,
        ],
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return hashlib.sha256(previous + body.encode()).digest()
