"""How much was looked at, and how many cases were assessed without anybody seeing anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage.cases.models import Assessment, CaseItem
from triage.viewing.models import Outcome, Viewing


@dataclass(frozen=True, slots=True)
class ViewFigures:
    """``assessed``: cases that somebody assessed in this time; ``avoided``: those of them at whose
    files nobody ever looked here. ``failed``: looks for which nothing could be shown, by reason."""

    assessed: int
    avoided: int
    views: int
    failed: Mapping[str, int]


def count_views(
    session: Session, since: datetime, until: datetime
) -> ViewFigures:
    in_time = (Assessment.at >= since, Assessment.at < until)
    assessed = select(func.count(func.distinct(Assessment.case_id))).where(
        *in_time
    )
    # By their items: a case that became a part of another one took its looks along.
    looked_at = (
        select(CaseItem.case_id)
        .join(Viewing, Viewing.item_id == CaseItem.item_id)
        .where(Viewing.shown_at.is_not(None))
    )
    with_looks = assessed.where(Assessment.case_id.in_(looked_at))
    total = session.scalar(assessed) or 0
    outcomes: dict[str, int] = dict(
        session.execute(
            select(Viewing.outcome, func.count())
            .where(Viewing.asked_at >= since, Viewing.asked_at < until)
            .group_by(Viewing.outcome)
        ).all()
    )
    views = outcomes.pop(Outcome.SHOWN, 0)
    # What was never shown is no look, and nothing that failed.
    for open_one in (Outcome.ASKED, Outcome.FETCHING):
        outcomes.pop(open_one, None)
    return ViewFigures(
        assessed=total,
        avoided=total - (session.scalar(with_looks) or 0),
        views=views,
        failed=outcomes,
    )
