"""The one order of locks: the items, their case, then whatever belongs to the case.

Everybody who changes something of a case begins here, so that no two ever wait for each other.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.cases.models import Case, CaseItem
from triage.items.models import Item


def lock_case(session: Session, case_id: uuid.UUID) -> Case:
    """The case, locked. What the session read before it had the lock is read anew."""
    (case,) = lock_cases(session, [case_id])
    return case


def lock_cases(
    session: Session, case_ids: Iterable[uuid.UUID]
) -> Sequence[Case]:
    """Several cases, always in the same order."""
    session.flush()
    # What was read before the lock may have changed while it was waited for.
    session.expire_all()
    wanted_ids = set(case_ids)
    items = select(Item.id).join(CaseItem, CaseItem.item_id == Item.id)
    items = items.where(CaseItem.case_id.in_(wanted_ids))
    # All items are fetched before the first case: a lock is had when its row
    # arrives.
    session.execute(items.order_by(Item.id).with_for_update(of=Item)).all()
    cases = select(Case).where(Case.id.in_(wanted_ids)).order_by(Case.id)
    return session.scalars(
        cases.with_for_update(of=Case),
        execution_options={"populate_existing": True},
    ).all()
