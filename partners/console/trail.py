"""What the audit log's page asks this package: whose plans, referrals and notices these are."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from partners.console.log_words import PARTNERS_SAYERS
from partners.directory.models import Partner
from partners.duty.models import Alert
from partners.notices.models import Notice
from partners.referrals.models import Hold, Plan, Referral
from partners.sending.models import Delivery
from partners.watching.models import Watch
from triage.cases.models import Case
from triage.console.audit.trails import Ids, Thing, Things

OF_CASE: Mapping[str, Any] = {
    "plan": Plan,
    "referral": Referral,
    "hold": Hold,
    "notice": Notice,
    "watch": Watch,
    "duty_alert": Alert,
}
LETTERS = ("notice", "referral", "package")
"""What a delivery may be of; named, as its index begins with it."""


class PartnersTrail:
    """Everything that was told of a case, and to whom."""

    sayers = PARTNERS_SAYERS

    def find_things(self, session: Session, entity: str, ids: Ids) -> Things:
        if entity == "partner":
            rows = session.execute(
                select(Partner.id, Partner.name).where(Partner.id.in_(ids))
            )
            return {row_id: Thing(name=name) for row_id, name in rows}
        if entity == "delivery":
            return _find_cases_of_letters(session, ids)
        model = OF_CASE.get(entity)
        if model is None:
            return {}
        rows = session.execute(
            select(model.id, Case.reference)
            .join(Case, Case.id == model.case_id)
            .where(model.id.in_(ids))
        )
        return {row_id: Thing(case=case) for row_id, case in rows}

    def list_ids(
        self, session: Session, case_id: uuid.UUID
    ) -> Iterable[uuid.UUID]:
        subjects: list[uuid.UUID] = []
        for model in OF_CASE.values():
            subjects += session.scalars(
                select(model.id).where(model.case_id == case_id)
            )
        yield from subjects
        packages = select(Referral.package_id).where(
            Referral.case_id == case_id, Referral.package_id.is_not(None)
        )
        yield from session.scalars(
            select(Delivery.id).where(
                Delivery.subject.in_(LETTERS),
                or_(
                    Delivery.subject_id.in_(subjects),
                    Delivery.subject_id.in_(packages),
                ),
            )
        )


def _find_cases_of_letters(session: Session, ids: Ids) -> Things:
    """Of letters about one case; a package is of many, which its referrals name."""
    rows = session.execute(
        select(Delivery.id, Case.reference)
        .outerjoin(Referral, Referral.id == Delivery.subject_id)
        .outerjoin(Notice, Notice.id == Delivery.subject_id)
        .join(Case, Case.id == func.coalesce(Referral.case_id, Notice.case_id))
        .where(Delivery.id.in_(ids))
    )
    return {row_id: Thing(case=case) for row_id, case in rows}
