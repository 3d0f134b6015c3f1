"""How people who left were reached is forgotten, and so is their place on the rota."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.context import Context
from hotline.core.storage import audit
from partners.duty.models import DutyContact, DutyTurn


def forget_contacts(
    session: Session, context: Context, *, now: datetime
) -> int:
    """Of everybody whose access has ended; returns of how many ways and turns."""
    del context
    gone = select(Person.id).where(Person.disabled_at.is_not(None))
    forgotten = 0
    for table in (DutyContact, DutyTurn):
        removed = session.execute(
            delete(table)
            .where(table.person_id.in_(gone))
            .returning(table.person_id)
        ).all()
        forgotten += len(removed)
    if forgotten:
        audit.record_entry(
            session,
            actor=audit.SYSTEM,
            action="duty.forgotten",
            entity="duty_contact",
            entity_id="gone",
            now=now,
            count=forgotten,
        )
    return forgotten
