"""Merging and splitting cases, as long as nobody outside was told of them.

A hold, a deadline and a letter are about the case as it was. So a case with a plan that waits or
was approved keeps its shape; what belongs to it is shown beside it as related.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.errors import Conflict, phrase
from partners.duty.alerts import pass_alerts
from partners.referrals.models import Plan
from partners.states import PlanState
from triage.cases import merging
from triage.cases.locking import lock_case, lock_cases
from triage.cases.models import Case

STANDING = (PlanState.REQUESTED, PlanState.APPROVED)


def merge_cases(
    act: Act, target: Case, part: Case, person: Person, why: str
) -> None:
    """Make ``part`` a part of ``target``; refused where somebody was told of either."""
    # Both at once: two people who merge them the other way round would wait
    # for each other.
    lock_cases(act.session, [target.id, part.id])
    for case in (target, part):
        _require_nobody_told(act.session, case)
    merging.merge_cases(act, target, part, person, why)
    act.session.flush()
    pass_alerts(act.session, part, target)


def split_case(
    act: Act,
    case: Case,
    item_ids: Collection[uuid.UUID],
    person: Person,
    why: str,
) -> Case:
    """Make a case of its own of some items; refused where somebody was told of the case."""
    lock_case(act.session, case.id)
    _require_nobody_told(act.session, case)
    new_case = merging.split_case(act, case, item_ids, person, why)
    if new_case.danger_now and not case.danger_now:
        act.session.flush()
        pass_alerts(act.session, case, new_case)
    return new_case


def is_told(session: Session, case: Case) -> bool:
    """Whether a plan of the case waits for approval or was approved."""
    plans = select(Plan.id).where(
        Plan.case_id == case.id, Plan.state.in_(STANDING)
    )
    return session.scalar(plans.limit(1)) is not None


def _require_nobody_told(session: Session, case: Case) -> None:
    if is_told(session, case):
        raise Conflict(
            phrase(
                "Somebody was told of %(case)s, or is about to be: it stays as it is."
            ),
            values={"case": case.reference},
            hint=phrase(
                "Tell those offices in a further letter that the cases belong together."
            ),
        )
