"""Routes of the rules that no channel of ours takes: what a person has to do, and whether they did.

A route must not end in nothing because there is no address. What was done by hand is recorded with
``partners.manual``; what is not yet stands on the case page, under what is to decide, and against
closing the case.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Index, Table, select, text
from sqlalchemy.orm import Session

from hotline.core.context import Context
from partners.directory.models import Partner
from partners.manual.models import ManualAct
from partners.manual.service import list_acts
from partners.manual.vocabulary import Outcome
from partners.plans.making.choosing import can_take
from partners.referrals.telling.offices import REFERRAL_ROUTES
from triage.cases.models import Case
from triage.cases.vocabulary import CaseState
from triage.jurisdiction import Destination, Gate, Route, Routing
from triage.locations.catalogue import load_platforms

# Nobody outside is told by these; and the call to the police is asked for by itself.
NOBODY_TOLD = frozenset(
    {
        Destination.CLOSE,
        Destination.SIGNPOST,
        Destination.MANUAL_REVIEW,
        Destination.EMERGENCY,
    }
)
ALWAYS_BY_HAND = (Destination.ICCAM,)
"""Of these a person decides nothing: they are simply to be done."""
LOOKED_AT = 500
"""Cases that are asked for at a time."""
SHOWN = 200
_NAMES_ONE = " OR ".join(
    # As SQL alone, word for word as the index has it.
    f"replace(CAST(routing AS TEXT), '\"{to}\"', '') <> CAST(routing AS TEXT)"
    for to in ALWAYS_BY_HAND
)
_MAY_NAME_ONE = f"state = '{CaseState.IN_PROGRESS}' AND ({_NAMES_ONE})"
Index(
    "ix_case_file_by_hand",
    "state_since",
    "id",
    postgresql_where=text(_MAY_NAME_ONE),
    sqlite_where=text(_MAY_NAME_ONE),
    _table=cast(Table, Case.__table__),
)


@dataclass(frozen=True, slots=True)
class HandRoute:
    """``is_due``: its time has come. ``report_url``: the page on which a platform takes reports;
    empty where none is known."""

    route: Route
    is_done: bool
    is_due: bool
    report_url: str


def list_hand_routes(
    context: Context,
    case: Case,
    acts: Sequence[ManualAct],
    candidates: Mapping[str, Sequence[Partner]],
) -> list[HandRoute]:
    """Every route of the case that is taken by hand or not at all; ``acts`` were recorded of it,
    ``candidates`` are by ``Route.id`` whom it could go to."""
    return [
        HandRoute(
            route,
            _is_done(route, acts, case.round),
            route.after is not Gate.NOTICE_DEADLINE,
            find_report_url(context, route.to, route.name),
        )
        for route in Routing.from_json(case.routing).routes
        if _is_by_hand(route, candidates[route.id])
    ]


def _is_by_hand(route: Route, offices: Iterable[Partner]) -> bool:
    if route.to in NOBODY_TOLD:
        return False
    if not can_take(route):
        return True
    if route.to not in REFERRAL_ROUTES | {Destination.PLATFORM}:
        # The contact of a notice is looked up or named, so nobody need be told by hand.
        return False
    # Without a confirmed address nothing can be sent, so it is a person's to
    # tell them.
    return not any(office.approved_at for office in offices)


def _is_done(route: Route, acts: Iterable[ManualAct], round_: int) -> bool:
    return any(
        done.route == route.id
        # Opened again, the case may be another one: what was done of the
        # former is not enough.
        and done.round == round_
        and Outcome(done.outcome).settles
        for done in acts
    )


def list_undone(session: Session, case: Case) -> list[Route]:
    """What is simply to be done by hand, as far as its time has come, and nobody has recorded."""
    acts = list_acts(session, case.id)
    return _leave_undone(case.routing, acts, case.round)


def _leave_undone(
    routing: Mapping[str, Any], acts: Collection[ManualAct], round_: int
) -> list[Route]:
    return [
        route
        for route in Routing.from_json(routing).routes
        if route.to in ALWAYS_BY_HAND
        and route.after in (None, Gate.ASSESSMENT)
        and not _is_done(route, acts, round_)
    ]


def list_cases_with_undone(session: Session) -> Sequence[Case]:
    """Cases whose measures have begun, and where such a route is still open; the first to begin
    come first, ``SHOWN`` at most.

    A case stays in progress until the material is gone, long after everything was done by hand:
    such cases are passed over, and take no place of one that waits.
    """
    begun = (
        select(Case.id, Case.round, Case.routing)
        # By the stored text alone, so that not every case's answer has to be read.
        .where(text(_MAY_NAME_ONE))
        .order_by(Case.state_since, Case.id)
        .execution_options(yield_per=LOOKED_AT)
    )
    waiting: list[uuid.UUID] = []
    with session.execute(begun) as answers:
        for rows in answers.partitions():
            acts = _acts_of(session, [row.id for row in rows])
            waiting += [
                row.id
                for row in rows
                if _leave_undone(row.routing, acts.get(row.id, ()), row.round)
            ]
            if len(waiting) >= SHOWN:
                break
    cases = select(Case).where(Case.id.in_(waiting[:SHOWN]))
    return session.scalars(cases.order_by(Case.state_since, Case.id)).all()


def _acts_of(
    session: Session, case_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[ManualAct]]:
    acts: dict[uuid.UUID, list[ManualAct]] = {}
    rows = select(ManualAct).where(ManualAct.case_id.in_(case_ids))
    for act in session.scalars(rows):
        acts.setdefault(act.case_id, []).append(act)
    return acts


def find_report_url(context: Context, to: str, name: str) -> str:
    """Where a platform takes reports by its own form; empty for others, and where none is known."""
    if to != Destination.PLATFORM:
        return ""
    platforms = load_platforms(context.settings.data_dir).platforms.values()
    urls = [each.report_url for each in platforms if each.name == name]
    return urls[0] if urls else ""
