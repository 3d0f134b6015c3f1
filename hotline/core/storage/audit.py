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
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import LargeBinary, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.storage.crypto import Keyring
from hotline.core.storage.database import Base, Identified, short

GENESIS = bytes(32)
SYSTEM = "system"
PUBLIC = "public"


class AuditEntry(Identified, Base):
    """One act or read. ``number``, ``hash`` are empty until the sealer has chained the row."""

    __tablename__ = "audit_entry"

    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(short(80), index=True)
    action: Mapped[str] = mapped_column(short(60), index=True)
    entity: Mapped[str] = mapped_column(short(40))
    entity_id: Mapped[str] = mapped_column(short(64), index=True)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    number: Mapped[int | None] = mapped_column(unique=True)
    hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))


@dataclass(frozen=True, slots=True)
class Verification:
    """What ``verify`` found. ``sealed`` rows are chained, ``open`` ones wait for the sealer."""

    intact: bool
    sealed: int
    open: int
    fault: str = ""


def record(
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


def seal(session: Session, *, limit: int = 5_000) -> int:
    """Chain the rows that are not sealed yet; returns how many. One process at a time calls this.

    Only committed rows are visible here, so a row that commits late gets a later number: the chain
    tells the order of sealing, ``at`` tells the time of the act.
    """
    number, previous = _head(session)
    waiting = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.number.is_(None))
        .order_by(AuditEntry.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for entry in waiting:
        number += 1
        previous = _hash(entry, number, previous)
        entry.number, entry.hash = number, previous
    return len(waiting)


def write_head(session: Session, path: Path, keyring: Keyring, now: datetime) -> None:
    """Append the head of the chain to ``path`` (JSON lines), if it moved since the last line."""
    number, head = _head(session)
    known = list(_heads(path))
    if number == 0 or (known and known[-1]["number"] == number):
        return
    line = {"number": number, "hash": head.hex(), "at": now.isoformat()}
    line["mac"] = keyring.mac("audit", _head_message(line)).hex()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def verify(session: Session, heads: Path, keyring: Keyring) -> Verification:
    """Walk the whole chain and compare it with the heads that were written outside the database."""
    waiting = session.scalar(
        select(func.count()).select_from(AuditEntry).where(AuditEntry.number.is_(None))
    )
    sealed, previous = 0, GENESIS
    written = {head["number"]: head for head in _heads(heads)}
    query = (
        select(AuditEntry)
        .where(AuditEntry.number.is_not(None))
        .order_by(AuditEntry.number)
    )
    with closing(session.scalars(query.execution_options(yield_per=1000))) as rows:
        for entry in rows:
            if entry.number != sealed + 1:
                return _broken(sealed, waiting, f"entry {sealed + 1} is missing")
            previous = _hash(entry, entry.number, previous)
            if previous != entry.hash:
                return _broken(sealed, waiting, f"entry {entry.number} was changed")
            sealed = entry.number
            head = written.pop(sealed, None)
            if head is not None and (fault := _head_fault(head, previous, keyring)):
                return _broken(sealed, waiting, fault)
            session.expunge(entry)
    if written:
        last = max(written)
        return _broken(
            sealed, waiting, f"the log ends at {sealed}, but {last} had been written"
        )
    return Verification(True, sealed, waiting or 0)


def _broken(sealed: int, waiting: int | None, fault: str) -> Verification:
    return Verification(False, sealed, waiting or 0, fault)


def _head(session: Session) -> tuple[int, bytes]:
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


def _hash(entry: AuditEntry, number: int, previous: bytes) -> bytes:
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


def _heads(path: Path) -> Iterator[dict[str, Any]]:
    if path.is_file():
        with path.open(encoding="utf-8") as file:
            for line in file:
                if line.strip():
                    yield json.loads(line)


def _head_message(line: dict[str, Any]) -> bytes:
    return f"{line['number']}:{line['hash']}:{line['at']}".encode()


def _head_fault(head: dict[str, Any], actual: bytes, keyring: Keyring) -> str:
    if keyring.mac("audit", _head_message(head)).hex() != head.get("mac"):
        return f"the written head {head['number']} was not written by this service"
    if head["hash"] != actual.hex():
        return f"entry {head['number']} is not the one whose head was written"
    return ""
