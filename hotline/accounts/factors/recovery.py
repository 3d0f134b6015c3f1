"""Recovery codes: ten of 100 bits, shown once, each used once, stored only as hashes."""

from __future__ import annotations

import hashlib
import uuid

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hotline.accounts.models import Person, RecoveryCode
from hotline.core.act import Act
from hotline.core.storage.ids import new_id, new_receipt, normalise_receipt

HOW_MANY = 10


def make_codes(act: Act, person: Person) -> list[str]:
    """New codes; those of before are worth nothing any more."""
    act.session.execute(
        delete(RecoveryCode).where(RecoveryCode.person_id == person.id)
    )
    codes = [new_receipt() for _ in range(HOW_MANY)]
    for code in codes:
        act.session.add(
            RecoveryCode(
                id=new_id(),
                person_id=person.id,
                digest=_digest_of(person.id, code.replace("-", "")),
                created_at=act.now,
            )
        )
    act.record(
        "recovery_codes.made", "person", person.id, username=person.username
    )
    return codes


def use_code(act: Act, person: Person, typed: str) -> bool:
    """Whether it is a code of this person that was not used before; it is used up by that."""
    code = normalise_receipt(typed)
    if code is None:
        return False
    # One statement decides: of two requests with one code, one finds it
    # unused.
    used = act.session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == person.id,
            RecoveryCode.digest == _digest_of(person.id, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=act.now)
        .execution_options(synchronize_session=False)
    )
    return bool(getattr(used, "rowcount", 0))


def count_left(session: Session, person_id: uuid.UUID) -> int:
    """How many codes a person has left."""
    left = select(func.count()).where(
        RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None)
    )
    return session.scalar(left) or 0


def mark_of(session: Session, person_id: uuid.UUID) -> str:
    """Tells one set of codes from the next, for a form that may be sent a second time."""
    made = select(func.max(RecoveryCode.created_at)).where(
        RecoveryCode.person_id == person_id
    )
    at = session.scalar(made)
    return at.isoformat() if at else ""


def _digest_of(person_id: uuid.UUID, code: str) -> bytes:
    """100 random bits cannot be guessed from a hash, however fast it is."""
    return hashlib.sha256(person_id.bytes + code.encode()).digest()
