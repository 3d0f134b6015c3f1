"""What belongs to the case of a page."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload, selectinload

from hotline.accounts.models import Person
from hotline.core.errors import NotFound, phrase
from partners.directory.lookup import list_candidates
from partners.directory.models import Partner
from partners.manual.models import ManualAct
from partners.manual.service import list_acts
from partners.notices.models import Notice
from partners.referrals.models import Hold, Plan, Referral
from partners.sending.models import Delivery
from partners.states import PlanState
from triage.cases.listing.queue import by_reference
from triage.cases.models import Case
from triage.jurisdiction import Routing

OfCase = TypeVar("OfCase", Plan, Hold, Referral, Notice)
Letter = TypeVar("Letter", Referral, Notice)
"""What tells somebody of the case."""


@dataclass(frozen=True, slots=True)
class Dealings:
    """What was done about a case, the oldest first: asked once for all sections of its page.

    ``deliveries``: by what was delivered. ``candidates``: by ``Route.id``, to whom a route of now
    could go.
    """

    plans: Sequence[Plan]
    referrals: Sequence[Referral]
    holds: Mapping[uuid.UUID, Hold]
    notices: Sequence[Notice]
    deliveries: Mapping[uuid.UUID, Sequence[Delivery]]
    acts: Sequence[ManualAct]
    candidates: Mapping[str, Sequence[Partner]]

    @property
    def open_plan(self) -> Plan | None:
        """The one that waits for approval."""
        for plan in self.plans:
            if plan.state == PlanState.REQUESTED:
                return plan
        return None

    @property
    def earlier_plans(self) -> Sequence[Plan]:
        return [
            plan for plan in self.plans if plan.state != PlanState.REQUESTED
        ]


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A case as its page shows it to one person now."""

    session: Session
    case: Case
    person: Person
    now: datetime
    dealings: Dealings


def gather_dealings(session: Session, case: Case) -> Dealings:
    # Their case is the one of the page: it would be loaded again with each of them.
    plans = select(Plan).options(lazyload(Plan.case))
    referrals = select(Referral).options(lazyload(Referral.case))
    # With all answers in one query more, instead of one for each notice.
    notices = select(Notice).options(
        lazyload(Notice.case), selectinload(Notice.answers)
    )
    holds = select(Hold).options(lazyload(Hold.referral))
    letters = session.scalars(
        referrals.where(Referral.case_id == case.id).order_by(Referral.id)
    ).all()
    told_hosts = session.scalars(
        notices.where(Notice.case_id == case.id).order_by(Notice.id)
    ).all()
    return Dealings(
        plans=session.scalars(
            plans.where(Plan.case_id == case.id).order_by(Plan.id)
        ).all(),
        referrals=letters,
        holds={
            hold.referral_id: hold
            for hold in session.scalars(holds.where(Hold.case_id == case.id))
        },
        notices=told_hosts,
        deliveries=_find_deliveries(session, [*letters, *told_hosts]),
        acts=list_acts(session, case.id),
        candidates=list_candidates(
            session, Routing.from_json(case.routing).routes
        ),
    )


def _find_deliveries(
    session: Session, subjects: Sequence[Referral | Notice]
) -> dict[uuid.UUID, list[Delivery]]:
    deliveries: dict[uuid.UUID, list[Delivery]] = {
        subject.id: [] for subject in subjects
    }
    in_package = {
        subject.id: subject.package_id
        for subject in subjects
        if isinstance(subject, Referral) and subject.package_id
    }
    # What left together with others has no delivery of its own.
    wanted = {*deliveries, *in_package.values()}
    if not wanted:
        return deliveries
    query = (
        select(Delivery)
        # Whom it went to stands with what it delivered.
        .options(lazyload(Delivery.partner))
        .where(Delivery.subject_id.in_(wanted))
        .order_by(Delivery.id)
    )
    for delivery in session.scalars(query):
        for subject_id, its_own in deliveries.items():
            if delivery.subject_id in (subject_id, in_package.get(subject_id)):
                its_own.append(delivery)
    return deliveries


def find_of_case(
    session: Session, kind: type[OfCase], entity_id: uuid.UUID, reference: str
) -> OfCase:
    """What belongs to this case; anything else does not exist here."""
    case: Case = by_reference(session, reference)
    entity = session.get(kind, entity_id)
    if entity is None or entity.case_id != case.id:
        raise NotFound(phrase("There is no such thing in this case."))
    return entity
