"""What an item keeps only while its case is open."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage import audit
from triage.cases.models import Case, CaseItem
from triage.cases.vocabulary import CaseState
from triage.items.access import clear_access
from triage.items.models import ItemAccess


def forget_idle(session: Session, context: Context, *, now: datetime) -> int:
    """Forget it of every item whose case is over, watched or not; returns of how many."""
    # A way in is for working on the case, and goes with it.
    over = (
        select(ItemAccess.item_id)
        .join(CaseItem, CaseItem.item_id == ItemAccess.item_id)
        .join(Case, Case.id == CaseItem.case_id)
        .where(Case.state.in_((CaseState.CLOSED, CaseState.NOT_ILLEGAL)))
    )
    act = Act(session, context, audit.SYSTEM, now)
    return sum(
        clear_access(act, item_id) for item_id in session.scalars(over).all()
    )
