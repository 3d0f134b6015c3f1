"""One letter for one case and office, one notice for one place and host.

Two letters about one child, with two references, are two files on two desks. An office that has a
letter is told more under its reference; it gets another letter once it is done with the first, or
where a person says why. The letter then names the one before.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput, phrase
from hotline.intake.values import clean_reason
from partners.notices.models import UNDER_WAY, Notice, NoticeItem
from partners.notices.service import desk_of
from partners.plans.making.basis import LeftOut
from partners.plans.making.choosing import NOTICE_ROUTES
from partners.referrals.models import DONE_WITH, Plan, Referral
from partners.referrals.routes import PlannedRoute
from partners.referrals.telling.offices import REFERRAL_ROUTES
from partners.states import NoticeState, PlanEvent
from triage.cases.models import Case, CaseItem

TOLD_ALREADY = "it was told meanwhile"

# A host that has one of these has been told, and has objected or stayed
# silent, or it can be tried again.
_UNSETTLED = (
    NoticeState.DISPUTED,
    NoticeState.ESCALATED,
    NoticeState.FAILED,
)


def find_open_referrals(
    session: Session, case_id: uuid.UUID
) -> Mapping[uuid.UUID, Referral]:
    """As ``keep_open`` says, of the letters about the case."""
    query = select(Referral).where(Referral.case_id == case_id)
    return keep_open(session.scalars(query.order_by(Referral.id)))


def keep_open(
    referrals: Iterable[Referral],
) -> Mapping[uuid.UUID, Referral]:
    """By office, the newest of these letters that it is not done with; the oldest comes first."""
    return {
        referral.partner_id: referral
        for referral in referrals
        if referral.state not in DONE_WITH
    }


def give_reasons(
    routes: Sequence[PlannedRoute], reasons: Mapping[str, str]
) -> list[PlannedRoute]:
    """The routes, with why an office or a host is told once more; by the routes' ids."""
    return [
        replace(
            route,
            again_reason=clean_reason(reasons.get(route.route.id, "")),
        )
        for route in routes
    ]


def require_once(
    session: Session, case: Case, routes: Sequence[PlannedRoute]
) -> None:
    """Raises ``Conflict`` where somebody would get a second letter and nobody says why."""
    _require_first_letters(session, case, routes)
    _require_first_notices(session, case, routes)


def _require_first_letters(
    session: Session, case: Case, routes: Sequence[PlannedRoute]
) -> None:
    open_referrals = find_open_referrals(session, case.id)
    offices: set[uuid.UUID] = set()
    for route in routes:
        if route.to not in REFERRAL_ROUTES or route.partner_id is None:
            continue
        if route.partner_id in offices:
            twice = phrase("Two routes of this plan go to the same office.")
            raise InvalidInput(twice, fields={"/routes": twice})
        offices.add(route.partner_id)
        earlier = open_referrals.get(route.partner_id)
        if earlier is not None and not route.again_reason:
            raise Conflict(
                phrase(
                    "%(office)s has a letter about this case already: %(reference)s."
                ),
                values={
                    "office": earlier.partner.name,
                    "reference": earlier.reference,
                },
                hint=phrase(
                    "Say why it needs another one, or withdraw the first."
                ),
            )


def _require_first_notices(
    session: Session, case: Case, routes: Sequence[PlannedRoute]
) -> None:
    """A host that has a notice gets reminders, not a second notice of the same kind."""
    in_this_plan: set[tuple[str, uuid.UUID]] = set()
    for route in routes:
        if route.to not in NOTICE_ROUTES:
            continue
        noticed = {
            (route.to, place.item_id)
            for place in list_unnoticed(session, case, route)
        }
        is_twice = noticed & in_this_plan
        in_this_plan |= noticed
        if is_twice or not noticed:
            raise Conflict(
                phrase("Such a notice is under way already."),
                hint=phrase(
                    "Reminders are sent automatically; withdraw it first if it went to the "
                    "wrong host."
                ),
            )


def list_unnoticed(
    session: Session, case: Case, route: PlannedRoute
) -> list[CaseItem]:
    """The items of the route of which whoever hosts them now has no notice of this kind.

    Where it has one that it disputes, does not answer or could not be given, a reason lets it have
    another.
    """
    notices = session.scalars(
        select(Notice).where(
            Notice.case_id == case.id, Notice.kind == route.to
        )
    )
    standing = {
        entry.item_id
        for notice, entry in _list_standing(notices, route)
        if notice.state in UNDER_WAY or not route.again_reason
    }
    return [
        place
        for place in case.located
        if place.item_id not in standing
        and (not route.item_ids or place.item_id in route.item_ids)
    ]


def list_unsettled(
    notices: Iterable[Notice], route: PlannedRoute
) -> list[str]:
    """Of the case's notices, the references of those of this kind that need a reason before there
    is another."""
    return sorted(
        {
            notice.reference
            for notice, _ in _list_standing(notices, route)
            if notice.state in _UNSETTLED
        }
    )


def _list_standing(
    notices: Iterable[Notice], route: PlannedRoute
) -> list[tuple[Notice, NoticeItem]]:
    """Notices of this kind with their items, of which another one would be the second."""
    return [
        (notice, entry)
        for notice in notices
        if route.to in NOTICE_ROUTES
        and notice.kind == route.to
        and notice.state in (*UNDER_WAY, *_UNSETTLED)
        for entry in notice.items
        # Who hosts it now was told nothing by the one before.
        if notice.state in UNDER_WAY
        or notice.desk == desk_of(notice.kind, entry.item)
    ]


def leave_out_told(act: Act, plan: Plan) -> None:
    """Take out of a plan the offices that got a letter after it was asked for.

    The others do not wait for somebody to ask anew. Where none is left, the plan is superseded.
    """
    open_referrals = find_open_referrals(act.session, plan.case_id)
    routes, left_out = [], []
    for route in plan.planned_routes:
        is_told = (
            route.to in REFERRAL_ROUTES and route.partner_id in open_referrals
        )
        if is_told and not route.again_reason:
            left_out.append(LeftOut(route.to, route.country, TOLD_ALREADY))
        else:
            routes.append(route)
    if not left_out:
        return
    plan.routes = [route.to_json() for route in routes]
    act.advance(
        plan,
        PlanEvent.NARROWED if routes else PlanEvent.SUPERSEDED,
        reason=TOLD_ALREADY,
        left_out=[route.to_json() for route in left_out],
    )
