"""Making the digests that find one identifier in several cases anew, under another key.

All rows of one identifier change in one transaction, so that two cases that share it never lose
sight of each other.
"""

from __future__ import annotations

import json
import uuid

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.storage.crypto import CannotOpen
from hotline.core.storage.keys.key_rotations import Moved
from triage.cases.people.keeping.sealing import opener_of
from triage.cases.people.models import CaseIdentifier
from triage.cases.people.service import content_place, identity_macs

BATCH = 200


def move_identifiers(session: Session, context: Context, cursor: str) -> Moved:
    """The next batch behind ``cursor``."""
    query = select(CaseIdentifier).order_by(CaseIdentifier.id).limit(BATCH)
    if cursor:
        query = query.where(CaseIdentifier.id > uuid.UUID(cursor))
    rows = session.scalars(query).all()
    moved = 0
    for row in rows:
        macs = _macs_of(session, context, row)
        # The second is usual: the row was moved with an earlier one of the
        # same identifier.
        if macs is None or row.mac == macs[0]:
            continue
        session.execute(
            update(CaseIdentifier)
            .where(CaseIdentifier.mac.in_(macs[1:]))
            .values(mac=macs[0])
            .execution_options(synchronize_session="fetch")
        )
        moved += 1
    # Rows that come in meanwhile are made under the new key.
    at_end = len(rows) < BATCH
    return Moved(len(rows), moved, "" if at_end else str(rows[-1].id))


def count_older_identifiers(session: Session, context: Context) -> int:
    """How many identifiers are found under an older key only."""
    left = 0
    query = select(CaseIdentifier).execution_options(yield_per=500)
    for row in session.scalars(query):
        macs = _macs_of(session, context, row)
        left += macs is not None and row.mac in macs[1:]
    return left


def _macs_of(
    session: Session, context: Context, row: CaseIdentifier
) -> tuple[bytes, ...] | None:
    """None for one that nobody can open any more: its case's people were forgotten."""
    open_sealed = opener_of(session, context, row.case_id)
    if open_sealed is None:
        return None
    try:
        content = json.loads(open_sealed(content_place(row.id), row.content))
    except CannotOpen:
        return None
    return identity_macs(context, content["identity"])
