"""Who approves whose requests: pairs that always agree are for the auditor to look at.

The rule of two holds for two accounts. It cannot tell whether two accounts are one human, nor
whether two people have agreed to wave everything through: this page shows where to ask.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hotline.accounts.approvals.models import Approval
from hotline.accounts.models import PersonRequest
from hotline.accounts.signing_in.auth import requires
from hotline.core.context import utc_now
from hotline.core.web import site
from partners.referrals.models import Plan

PERIODS = (30, 90, 365)
USUAL = 90
ENOUGH = 5
"""Of fewer requests nothing can be said."""


@dataclass(frozen=True, slots=True)
class Pair:
    """``count`` requests of ``asking`` were approved by ``approving``, of ``all_of_asking``."""

    asking: str
    approving: str
    count: int
    all_of_asking: int
    is_mutual: bool
    """Whether it holds the other way round as well: all of theirs were approved by ``asking``."""

    @property
    def percent(self) -> int:
        return round(100 * self.count / self.all_of_asking)

    @property
    def is_always(self) -> bool:
        """Whether nobody else ever approved what ``asking`` asked for."""
        return self.count == self.all_of_asking >= ENOUGH


Counted = tuple[str, str, int]


@requires("audit.see")
def show_pairs() -> ResponseReturnValue:
    """Approvals of plans, of acts on accounts and of all else, by who asked and who approved."""
    days = request.args.get("days", type=int)
    days = days if days in PERIODS else USUAL
    with site.reading() as session:
        counted = count_approvals(session, utc_now() - timedelta(days=days))
    return render_template(
        "partners/pairs.html",
        pairs=find_pairs(counted),
        days=days,
        periods=PERIODS,
        enough=ENOUGH,
    )


def count_approvals(session: Session, since: datetime) -> list[Counted]:
    """Asking, approving and how often, counted by the database."""
    sources: tuple[
        tuple[
            InstrumentedAttribute[str],
            InstrumentedAttribute[str | None],
            ColumnElement[bool],
        ],
        ...,
    ] = (
        (Plan.requested_by, Plan.approved_by, Plan.requested_at >= since),
        (
            PersonRequest.asked_by,
            PersonRequest.approved_by,
            PersonRequest.asked_at >= since,
        ),
        (
            Approval.asked_by,
            Approval.granted_by,
            Approval.asked_at >= since,
        ),
    )
    counted: list[Counted] = []
    for asking, approving, is_recent in sources:
        query = (
            select(asking, approving, func.count())
            .where(
                is_recent,
                # What the service asked for by itself has nobody who could
                # have agreed with anybody.
                asking.startswith("person:"),
                approving.is_not(None),
                # Where no second person is required, people approve their own;
                # that is no pair.
                approving != asking,
            )
            .group_by(asking, approving)
        )
        counted += [
            (who, str(by), many) for who, by, many in session.execute(query)
        ]
    return counted


def find_pairs(counted: Iterable[Counted]) -> list[Pair]:
    """The pairs, those that always agree first."""
    together: dict[tuple[str, str], int] = defaultdict(int)
    of_asking: dict[str, int] = defaultdict(int)
    for asking, approving, count in counted:
        together[asking, approving] += count
        of_asking[asking] += count

    def is_whole(asking: str, approving: str) -> bool:
        count = together.get((asking, approving), 0)
        return count == of_asking[asking] >= ENOUGH

    pairs = [
        Pair(
            asking,
            approving,
            count,
            of_asking[asking],
            is_mutual=is_whole(asking, approving)
            and is_whole(approving, asking),
        )
        for (asking, approving), count in list(together.items())
    ]
    return sorted(
        pairs,
        key=lambda pair: (
            not pair.is_mutual,
            not pair.is_always,
            -pair.count,
            pair.asking,
            pair.approving,
        ),
    )
