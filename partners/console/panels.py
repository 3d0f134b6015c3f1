"""What the case's page shows of this package: plan, referrals, notices, watch.

Each panel is a function of (session, case, person, now) that returns HTML; it changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from flask import render_template, url_for
from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from hotline.accounts.models import Person
from hotline.accounts.permissions import role_allows
from hotline.core.storage import machine
from hotline.core.web import site
from partners import words
from partners.directory.lookup import (
    find_candidates,
    office_of,
    propose_partner,
)
from partners.directory.models import Partner
from partners.directory.territory import Coverage, coverage_of
from partners.manual.service import OTHER, list_acts, list_route_ids
from partners.manual.vocabulary import ManualWay, Outcome
from partners.notices.models import Notice
from partners.notices.preservation import find_wait_end
from partners.plans import closing, planning
from partners.plans.basis import (
    LeftOut,
    remainder_of,
    routing_digest,
    why_outdated,
)
from partners.plans.by_hand import find_report_url, list_hand_routes
from partners.plans.choosing import NOTICE_ROUTES, can_take
from partners.plans.places import municipality_of, places_on_route
from partners.referrals.models import HOLDING, Hold, Plan, Referral
from partners.referrals.routes import PlannedRoute
from partners.referrals.service import ANSWERS, list_referrals
from partners.referrals.thread import list_messages
from partners.sending.models import Delivery
from partners.states import NoticeEvent, PlanEvent, PlanState, ReferralEvent
from partners.watching.models import Watch
from triage.cases.models import Case
from triage.cases.pages.words import ROUTES, STATES, URGENCY
from triage.cases.people.summaries import NOTHING_NOTED, digest_of_people
from triage.cases.places import item_ids_of
from triage.cases.vocabulary import CaseState
from triage.items.models import Visit
from triage.jurisdiction import Route, Routing

SHOWN_CHECKS = 20

Panel = Callable[[Session, Case, Person, datetime], Markup]


def plan_panel(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    """What could be done, chosen by one person; what is asked for, decided by another."""
    asked = _look_at_open_plan(session, case)
    plan, earlier = asked.plan, _list_earlier_plans(session, case)
    place = municipality_of(case)
    is_own = plan is not None and plan.requested_by == person.actor
    return render_panel(
        "plan",
        case,
        person,
        now,
        plan=plan,
        plan_routes=asked.routes,
        outdated=asked.outdated,
        fallen_away=asked.fallen_away,
        own=plan is not None and plan.two_person and is_own,
        offices=_find_offices(session, asked.routes),
        routes=_list_choices(session, case, place),
        about=_number_items(case),
        desks=_list_desks(case),
        seen_routes=routing_digest(case),
        has_people=digest_of_people(session, case) != NOTHING_NOTED,
        notices=NOTICE_ROUTES,
        municipality=place,
        closable=not closing.find_obstacle(session, case),
        may_ask=case.state in (CaseState.ASSESSED, CaseState.IN_PROGRESS)
        or case.danger_now,
        earlier=earlier,
        changes=_find_changes(session, [*([plan] if plan else []), *earlier]),
        taken_before=_list_taken(earlier),
    )


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


def _look_at_open_plan(session: Session, case: Case) -> OpenPlan:
    plan = planning.find_open_plan(session, case.id)
    if plan is None:
        return OpenPlan()
    outdated = why_outdated(plan, case)
    if not outdated:
        return OpenPlan(plan, plan.planned_routes)
    rest = remainder_of(plan, case)
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


@dataclass(frozen=True, slots=True)
class Choice:
    """An office that could be told. ``is_proposed``: it is the only one that fits the place."""

    partner: Partner
    coverage: Coverage
    is_proposed: bool


def _list_choices(
    session: Session, case: Case, municipality: str | None
) -> list[tuple[Route, list[Choice]]]:
    """Every route that can be taken, with the offices that it could go to."""
    return [
        (route, _sort_offices(_find_candidates(session, route), municipality))
        for route in Routing.from_json(case.routing).routes
        if can_take(route)
    ]


def _number_items(case: Case) -> dict[str, list[int]]:
    """By ``Route.id``, the numbers of the items that a route is about, where not of all."""
    numbers: dict[str, list[int]] = {}
    for route in Routing.from_json(case.routing).routes:
        places = places_on_route(case, route)
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


def _find_candidates(session: Session, route: Route) -> Sequence[Partner]:
    return find_candidates(session, route.to, route.country, route.name)


def _sort_offices(
    partners: Sequence[Partner], municipality: str | None
) -> list[Choice]:
    """Those of the child's own place first; which one is proposed does not hang on the order."""
    best = propose_partner(partners, municipality)
    choices = [
        Choice(
            partner,
            coverage_of(office_of(partner).territory, municipality),
            is_proposed=partner is best,
        )
        for partner in partners
    ]
    order = list(Coverage)
    return sorted(choices, key=lambda choice: order.index(choice.coverage))


def by_hand_panel(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    """What no channel takes: what is to be done, and what people have done."""
    acts = list_acts(session, case.id)
    route_ids = [*list_route_ids(case), *(done.route for done in acts)]
    return render_panel(
        "by_hand",
        case,
        person,
        now,
        acts=acts,
        hand_routes=list_hand_routes(session, site.current_context(), case),
        names={route_id: name_route(route_id) for route_id in route_ids},
    )


def name_route(route_id: str) -> str:
    """ "iccam-RS" in the reader's words; the id itself where a rule has gone."""
    to, _, country = route_id.partition("-")
    if route_id == OTHER:
        return str(gettext("Somebody else (the note says who)"))
    name = str(ROUTES.get(to, to))
    return f"{name} ({country})" if country else name


def referral_panel(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    referrals = list_referrals(session, case.id)
    holds = session.scalars(select(Hold).where(Hold.case_id == case.id)).all()
    return render_panel(
        "referrals",
        case,
        person,
        now,
        referrals=referrals,
        told_event=ReferralEvent.TOLD_BY_HAND,
        holds={hold.referral_id: hold for hold in holds},
        holding=HOLDING,
        deliveries=_find_deliveries(session, referrals),
        answers={
            referral.id: _list_answers(session, referral.id)
            for referral in referrals
        },
        messages={
            referral.id: list_messages(
                session, site.current_context(), referral
            )
            for referral in referrals
        },
        second_person=site.current_context().settings.second_person,
        verbs=ANSWERS,
        events={event: verb for verb, event in ANSWERS.items()},
    )


def notice_panel(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    query = (
        select(Notice)
        .where(Notice.case_id == case.id)
        .options(selectinload(Notice.answers))
        .order_by(Notice.id)
    )
    notices = session.scalars(query).all()
    return render_panel(
        "notices",
        case,
        person,
        now,
        notices=notices,
        told_event=NoticeEvent.TOLD_BY_HAND,
        report_urls={
            notice.id: _find_report_url(session, notice) for notice in notices
        },
        kept_until={
            notice.id: find_wait_end(
                session, site.current_context(), notice, now
            )
            for notice in notices
        },
        deliveries=_find_deliveries(session, notices),
    )


def _find_report_url(session: Session, notice: Notice) -> str:
    """The page on which the notice's platform takes reports, as its plan named it."""
    plan = session.get_one(Plan, notice.plan_id)
    urls = [
        find_report_url(site.current_context(), route.to, route.route.name)
        for route in plan.planned_routes
        if route.to == notice.kind
    ]
    return urls[0] if urls else ""


def watch_panel(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    watches = session.scalars(
        select(Watch).where(Watch.item_id.in_(item_ids_of(case.id)))
    ).all()
    by_item = {watch.item_id: watch for watch in watches}
    return render_panel(
        "watch",
        case,
        person,
        now,
        watches=[
            (place, by_item[place.item_id])
            for place in case.places
            if place.item_id in by_item
        ],
        checks={
            watch.item_id: _list_checks(session, watch.item_id)
            for watch in watches
        },
    )


def _list_checks(session: Session, item_id: uuid.UUID) -> Sequence[Visit]:
    return session.scalars(
        select(Visit)
        .where(Visit.item_id == item_id, Visit.purpose == "check")
        .order_by(Visit.at.desc(), Visit.id.desc())
        .limit(SHOWN_CHECKS)
    ).all()


MEASURES: Sequence[Panel] = (
    plan_panel,
    by_hand_panel,
    referral_panel,
    notice_panel,
    watch_panel,
)


def render_panel(
    name: str, case: Case, person: Person, now: datetime, **values: object
) -> Markup:
    """A section of the case page from its template, with the words that all of them use."""
    return Markup(  # noqa: S704  # what Jinja made, with everything escaped
        render_template(
            f"partners/panel_{name}.html",
            case=case,
            person=person,
            now=now,
            may=partial(role_allows, person.role),
            words=words,
            route_words=ROUTES,
            urgency_words=URGENCY,
            zone=site.current_context().country.time_zone,
            ways=list(ManualWay),
            outcomes=list(Outcome),
            case_states=STATES,
            here=url_for("triage.case", reference=case.reference),
            **values,
        )
    )


def _list_earlier_plans(session: Session, case: Case) -> Sequence[Plan]:
    query = select(Plan).where(
        Plan.case_id == case.id, Plan.state != PlanState.REQUESTED
    )
    return session.scalars(query.order_by(Plan.id)).all()


def _find_changes(
    session: Session, plans: Iterable[Plan]
) -> dict[uuid.UUID, list[machine.HistoryEntry]]:
    """What fell away from each plan because the case has changed since, and why."""
    return {
        plan.id: [
            entry
            for entry in machine.list_history(session, plan.id)
            if entry.event in (PlanEvent.NARROWED, PlanEvent.SUPERSEDED)
        ]
        for plan in plans
    }


def _find_offices(
    session: Session, routes: Iterable[PlannedRoute]
) -> dict[uuid.UUID, Partner]:
    ids = {route.partner_id for route in routes if route.partner_id}
    offices = session.scalars(select(Partner).where(Partner.id.in_(ids)))
    return {office.id: office for office in offices}


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
    wanted = {*deliveries, *in_package.values()}
    query = (
        select(Delivery)
        .where(Delivery.subject_id.in_(wanted))
        .order_by(Delivery.id)
    )
    for delivery in session.scalars(query):
        for subject_id, its_own in deliveries.items():
            if delivery.subject_id in (subject_id, in_package.get(subject_id)):
                its_own.append(delivery)
    return deliveries


def _list_answers(
    session: Session, referral_id: uuid.UUID
) -> list[machine.HistoryEntry]:
    events = set(ANSWERS.values())
    return [
        entry
        for entry in machine.list_history(session, referral_id)
        if entry.event in events
    ]
