"""What belongs to the case of a page."""

from __future__ import annotations

import uuid
from typing import TypeVar

from sqlalchemy.orm import Session

from hotline.core.errors import NotFound, phrase
from partners.notices.models import Notice
from partners.referrals.models import Hold, Plan, Referral
from triage.cases.listing.queue import by_reference
from triage.cases.models import Case

OfCase = TypeVar("OfCase", Plan, Hold, Referral, Notice)
Letter = TypeVar("Letter", Referral, Notice)
"""What tells somebody of the case."""


def find_of_case(
    session: Session, kind: type[OfCase], entity_id: uuid.UUID, reference: str
) -> OfCase:
    """What belongs to this case; anything else does not exist here."""
    case: Case = by_reference(session, reference)
    entity = session.get(kind, entity_id)
    if entity is None or entity.case_id != case.id:
        raise NotFound(phrase("There is no such thing in this case."))
    return entity
