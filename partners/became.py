"""What became of cases: removals that checks saw, and what offices say came of their referrals.

Of one person: of the cases that they assessed. Of the team: of all. Nothing here counts by person.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from partners.referrals.models import Referral, ReferralOutcome
from partners.referrals.vocabulary import OfficeOutcome
from triage.cases.models import Assessment, Case, CaseItem
from triage.cases.vocabulary import PlaceState

LATEST = 20
"""How many of the newest are listed."""
GOOD = (
    OfficeOutcome.CHILD_FOUND,
    OfficeOutcome.CHILD_SAFE,
    OfficeOutcome.SUPPORTED,
    OfficeOutcome.PLAN_MADE,
    OfficeOutcome.PERSON_IDENTIFIED,
    OfficeOutcome.PROSECUTED,
    OfficeOutcome.THANKS,
)
"""In the order of the page. What came to nothing stands with the case, and is not held up here."""


class Removal(StrEnum):
    """Stands beside the words of offices for what the service's own checks saw."""

    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that came of a case. ``what``: an ``OfficeOutcome``, or that it is removed."""

    case: str
    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Became:
    """``removed``: locations that are gone now. ``outcomes``: in how many cases each came about."""

    removed: int
    outcomes: Mapping[OfficeOutcome, int]
    latest: Sequence[Happening]

    @property
    def is_empty(self) -> bool:
        return not self.removed and not any(self.outcomes.values())


def find_what_became(
    session: Session, since: datetime, person: Person | None = None
) -> Became:
    """What came about since then; of the cases of ``person`` only, where one is given."""
    removed = [
        CaseItem.state == PlaceState.VERIFIED_REMOVED,
        CaseItem.state_since >= since,
    ]
    said = [
        ReferralOutcome.outcome.in_(GOOD),
        ReferralOutcome.at >= since,
    ]
    if person is not None:
        own = _cases_of(person.id)
        removed.append(CaseItem.case_id.in_(own))
        said.append(Referral.case_id.in_(own))
    count = select(func.count()).select_from(CaseItem).where(*removed)
    return Became(
        removed=session.scalar(count) or 0,
        outcomes=_count_outcomes(session, said),
        latest=_list_latest(session, removed, said),
    )


def _cases_of(person_id: uuid.UUID) -> Any:
    """Those that the person assessed, and what these became a part of."""
    assessed = select(Assessment.case_id.label("id")).where(
        Assessment.person_id == person_id
    )
    own = assessed.cte("own_case", recursive=True)
    # A case that became a part may itself belong to one that was merged later.
    own = own.union(
        select(Case.merged_into_id)
        .join(own, Case.id == own.c.id)
        .where(Case.merged_into_id.is_not(None))
    )
    return select(own.c.id)


def _count_outcomes(
    session: Session, said: Sequence[ColumnElement[bool]]
) -> dict[OfficeOutcome, int]:
    """Two offices that say the same of one case said it of one child."""
    rows = session.execute(
        select(
            ReferralOutcome.outcome,
            func.count(func.distinct(Referral.case_id)),
        )
        .join(Referral, Referral.id == ReferralOutcome.referral_id)
        .where(*said)
        .group_by(ReferralOutcome.outcome)
    )
    counts: dict[str, int] = dict(rows.all())
    return {outcome: counts.get(outcome, 0) for outcome in GOOD}


def _list_latest(
    session: Session,
    removed: Sequence[ColumnElement[bool]],
    said: Sequence[ColumnElement[bool]],
) -> list[Happening]:
    gone = session.execute(
        select(Case.reference, func.max(CaseItem.state_since).label("at"))
        .join(CaseItem, CaseItem.case_id == Case.id)
        .where(*removed)
        # One line for a case, however many of its locations went: a thousand
        # of one would hide all others.
        .group_by(Case.reference)
        .order_by(func.max(CaseItem.state_since).desc(), Case.reference)
        .limit(LATEST)
    )
    happened = [Happening(case, Removal.REMOVED, at) for case, at in gone]
    spoken = session.execute(
        select(Case.reference, ReferralOutcome.outcome, ReferralOutcome.at)
        .join(Referral, Referral.id == ReferralOutcome.referral_id)
        .join(Case, Case.id == Referral.case_id)
        .where(*said)
        .order_by(ReferralOutcome.at.desc(), ReferralOutcome.id)
        .limit(LATEST)
    )
    happened += [Happening(case, what, at) for case, what, at in spoken]
    # Each half was cut to the newest of its own; only together it shows which
    # are the newest of all.
    happened.sort(key=lambda each: each.at, reverse=True)
    return happened[:LATEST]
