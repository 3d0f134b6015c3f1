"""A case's section on what could be done: chosen by one person, decided by another."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.storage import machine
from hotline.core.web import site
from partners.console.case.of_case import Dealings, ShownCase
from partners.console.case.rendering import render_panel
from partners.directory.models import Partner
from partners.directory.office_choice import OfficeChoices, offer_offices
from partners.plans import closing
from partners.plans.making.basis import (
    LeftOut,
    remainder_of,
    routing_digest,
    why_outdated,
)
from partners.plans.making.choosing import NOTICE_ROUTES, can_take
from partners.plans.making.once import keep_open, list_unsettled
from partners.plans.making.places import municipality_of, places_on_route
from partners.referrals.models import Plan
from partners.referrals.routes import PlannedRoute
from partners.referrals.without_police import has_police, may_be_decided
from partners.states import PlanEvent, PlanState
from triage.cases.models import Case
from triage.cases.people.summaries import NOTHING_NOTED, digest_of_people
from triage.cases.vocabulary import CaseState
from triage.jurisdiction import Gate, Route, Routing


def plan_section(page: ShownCase) -> Markup:
    """What could be done, chosen by one person; what is asked for, decided by another."""
    session, case, dealings = page.session, page.case, page.dealings
    asked = _look_at_open_plan(case, dealings)
    place = municipality_of(case)
    choices = _list_choices(case, dealings, place)
    plan, earlier = asked.plan, dealings.earlier_plans
    is_own = plan is not None and plan.requested_by == page.person.actor
    return render_panel(
        "plan",
        page.case,
        page.person,
        page.now,
        plan=plan,
        plan_routes=asked.routes,
        outdated=asked.outdated,
        fallen_away=asked.fallen_away,
        own=plan is not None and plan.two_person and is_own,
        offices=_find_offices(session, asked.routes),
        routes=choices,
        may_do_without_police=_may_do_without_police(session, case, choices),
        told_before=_list_told_before(dealings, choices),
        about=_number_items(case),
        desks=_list_desks(case),
        # Goes back with the form: who asks for a plan has seen these routes,
        # and no newer ones are planned unseen.
        seen_routes=routing_digest(case),
        # Asked only where somebody would read of them before they approve.
        has_people=plan is not None
        and digest_of_people(session, case) != NOTHING_NOTED,
        notices=NOTICE_ROUTES,
        municipality=place,
        closable=not closing.find_obstacle(session, case),
        may_ask=case.state in (CaseState.ASSESSED, CaseState.IN_PROGRESS)
        or case.danger_now,
        earlier=earlier,
        changes=_find_changes(session, [*([plan] if plan else []), *earlier]),
        taken_before=_list_taken(earlier),
    )


def _may_do_without_police(
    session: Session, case: Case, choices: Iterable[tuple[Route, object]]
) -> bool:
    """Whether a host waits for police who were not told, and the rules leave that to people."""
    waits = any(route.after is Gate.POLICE_RELEASE for route, _ in choices)
    return waits and may_be_decided(case) and not has_police(session, case)


@dataclass(frozen=True, slots=True)
class OpenPlan:
    """The plan that waits for approval, with what approving it would do now.

    The job that narrows an outdated plan may not have run yet: the page shows what it will find.
    Where nothing would be left, there is no plan to approve any more.
    """

    plan: Plan | None = None
    routes: Sequence[PlannedRoute] = ()
    outdated: str = ""
    fallen_away: Sequence[LeftOut] = ()


def _look_at_open_plan(case: Case, dealings: Dealings) -> OpenPlan:
    plan = dealings.open_plan
    if plan is None:
        return OpenPlan()
    outdated = why_outdated(plan, case)
    if not outdated:
        return OpenPlan(plan, plan.planned_routes)
    rest = remainder_of(plan, case)
    # The job that takes the plan back may not have run yet, and nobody should
    # approve nothing.
    left_plan = plan if rest.routes else None
    return OpenPlan(left_plan, rest.routes, outdated, rest.left_out)


def _list_taken(plans: Iterable[Plan]) -> set[str]:
    """To whom the routes of approved plans went."""
    return {
        route.to
        for plan in plans
        if plan.state == PlanState.APPROVED
        for route in plan.planned_routes
    }


def _list_choices(
    case: Case, dealings: Dealings, municipality: str | None
) -> list[tuple[Route, OfficeChoices]]:
    """Every route that can be taken, with the offices that it could go to."""
    data_dir = site.current_context().settings.data_dir
    return [
        (
            route,
            offer_offices(
                dealings.candidates[route.id], municipality, data_dir
            ),
        )
        for route in Routing.from_json(case.routing).routes
        if can_take(route)
    ]


def _list_told_before(
    dealings: Dealings,
    choices: Iterable[tuple[Route, OfficeChoices]],
) -> dict[str, list[str]]:
    """By ``Route.id``, the letters because of which a person has to say why there is another."""
    open_referrals = keep_open(dealings.referrals)
    return {
        route.id: [
            open_referrals[choice.partner.id].reference
            for choice in offices
            if choice.partner.id in open_referrals
        ]
        or list_unsettled(dealings.notices, PlannedRoute(route))
        for route, offices in choices
    }


def _number_items(case: Case) -> dict[str, list[int]]:
    """By ``Route.id``, the numbers of the items that a route is about, where not of all."""
    numbers: dict[str, list[int]] = {}
    for route in Routing.from_json(case.routing).routes:
        places = places_on_route(case, route)
        # A route about everything needs no numbers.
        if len(places) < len(case.located):
            numbers[route.id] = [place.number for place in places]
    return numbers


def _list_desks(case: Case) -> dict[str, list[str]]:
    """By ``Route.id``, the published contacts of those who host the route's items."""
    return {
        route.id: sorted(
            {
                place.item.abuse_contact
                for place in places_on_route(case, route)
                if place.item.abuse_contact
            }
        )
        for route in Routing.from_json(case.routing).routes
    }


def _find_changes(
    session: Session, plans: Iterable[Plan]
) -> dict[uuid.UUID, list[machine.HistoryEntry]]:
    """What fell away from each plan because the case has changed since, and why."""
    return machine.list_steps(
        session,
        [plan.id for plan in plans],
        (PlanEvent.NARROWED, PlanEvent.SUPERSEDED),
    )


def _find_offices(
    session: Session, routes: Iterable[PlannedRoute]
) -> dict[uuid.UUID, Partner]:
    ids = {route.partner_id for route in routes if route.partner_id}
    if not ids:
        return {}
    offices = session.scalars(select(Partner).where(Partner.id.in_(ids)))
    return {office.id: office for office in offices}
