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
from partners.notices.models import Notice
from partners.plans import closing, planning
from partners.plans.basis import remainder_of, routing_digest, why_outdated
from partners.plans.places import municipality_of
from partners.referrals import service
from partners.referrals.models import HOLDING, Hold, Plan
from partners.referrals.thread import list_messages
from partners.sending.models import Delivery
from partners.watching.models import Watch
from triage.cases.models import Case
from triage.cases.pages.words import ROUTES, URGENCY
from triage.cases.people.summaries import NOTHING_NOTED, digest_of_people
from triage.items.models import Visit
from triage.jurisdiction import Route, Routing

SHOWN_CHECKS = 20

Panel = Callable[[Session, Case, Person, datetime], Markup]


def plan_panel(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    """What could be done, chosen by one person; what is asked for, decided by another."""
    open_plan, earlier = (
        planning.open_plan(session, case.id),
        _earlier(session, case),
    )
    # The job that narrows an outdated plan may not have run yet: the page shows what it will find.
    outdated = why_outdated(open_plan, case) if open_plan else ""
    remainder = (
        remainder_of(open_plan, case) if open_plan and outdated else None
    )
    is_superseded = remainder is not None and not remainder.routes
    waiting = None if is_superseded else open_plan
    plan_routes = waiting.routes if waiting else []
    place = municipality_of(case)
    routes = [
        (route, _choices(_candidates(session, route), place))
        for route in Routing.from_json(case.routing).routes
        if planning.can_take(route)
    ]
    return _render(
        "plan",
        case,
        person,
        now,
        plan=waiting,
        plan_routes=remainder.routes if remainder else plan_routes,
        outdated=outdated,
        fallen_away=remainder.left_out if remainder else [],
        own=waiting is not None
        and waiting.two_person
        and waiting.requested_by == person.actor,
        chosen=_partners(session, waiting.routes) if waiting else {},
        routes=routes,
        seen_routes=routing_digest(case),
        has_people=digest_of_people(session, case) != NOTHING_NOTED,
        notices=planning.NOTICE_ROUTES,
        municipality=place,
        closable=not closing.obstacle(session, case),
        may_ask=case.state in ("assessed", "in_progress") or case.danger_now,
        earlier=earlier,
        changes=_changes(
            session, [plan for plan in (waiting, *earlier) if plan]
        ),
        told={
            one["to"]
            for plan in earlier
            if plan.state == "approved"
            for one in plan.routes
        },
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """An office that could be told. ``is_proposed``: it is the only one that fits the place."""

    partner: Partner
    coverage: Coverage
    is_proposed: bool


def _candidates(session: Session, route: Route) -> Sequence[Partner]:
    return find_candidates(session, route.to, route.country, route.name)


def _choices(
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


def referral_panel(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    found = service.of_case(session, case.id)
    holds = session.scalars(select(Hold).where(Hold.case_id == case.id)).all()
    return _render(
        "referrals",
        case,
        person,
        now,
        referrals=found,
        holds={hold.referral_id: hold for hold in holds},
        holding=HOLDING,
        deliveries=_deliveries(session, [one.id for one in found]),
        answers={one.id: _answers(session, one.id) for one in found},
        messages={
            one.id: list_messages(session, site.current_context(), one)
            for one in found
        },
        verbs=service.ANSWERS,
        events={event: verb for verb, event in service.ANSWERS.items()},
        zone=site.current_context().country.time_zone,
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
    found = session.scalars(query).all()
    return _render(
        "notices",
        case,
        person,
        now,
        notices=found,
        deliveries=_deliveries(session, [one.id for one in found]),
    )


def watch_panel(
    session: Session, case: Case, person: Person, now: datetime
) -> Markup:
    watch = session.scalar(select(Watch).where(Watch.item_id == case.item_id))
    checks = session.scalars(
        select(Visit)
        .where(Visit.item_id == case.item_id, Visit.purpose == "check")
        .order_by(Visit.at.desc(), Visit.id.desc())
        .limit(SHOWN_CHECKS)
    ).all()
    return _render("watch", case, person, now, watch=watch, checks=checks)


CASE_PANELS: Sequence[Panel] = (
    plan_panel,
    referral_panel,
    notice_panel,
    watch_panel,
)


def _render(
    name: str, case: Case, person: Person, now: datetime, **values: object
) -> Markup:
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
            here=url_for("triage.case", reference=case.reference),
            **values,
        )
    )


def _earlier(session: Session, case: Case) -> Sequence[Plan]:
    query = select(Plan).where(
        Plan.case_id == case.id, Plan.state != "requested"
    )
    return session.scalars(query.order_by(Plan.id)).all()


def _changes(
    session: Session, plans: Iterable[Plan]
) -> dict[uuid.UUID, list[machine.HistoryEntry]]:
    """What fell away from each plan because the case has changed since, and why."""
    return {
        plan.id: [
            entry
            for entry in machine.list_history(session, plan.id)
            if entry.event in ("narrowed", "superseded")
        ]
        for plan in plans
    }


def _partners(
    session: Session, routes: Iterable[dict[str, str]]
) -> dict[str, Partner]:
    ids = [
        uuid.UUID(route["partner_id"])
        for route in routes
        if route.get("partner_id")
    ]
    found = session.scalars(select(Partner).where(Partner.id.in_(ids)))
    return {str(one.id): one for one in found}


def _deliveries(
    session: Session, subjects: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[Delivery]]:
    found: dict[uuid.UUID, list[Delivery]] = {
        subject: [] for subject in subjects
    }
    query = (
        select(Delivery)
        .where(Delivery.subject_id.in_(subjects))
        .order_by(Delivery.id)
    )
    for delivery in session.scalars(query):
        found[delivery.subject_id].append(delivery)
    return found


def _answers(
    session: Session, referral_id: uuid.UUID
) -> list[machine.HistoryEntry]:
    told = set(service.ANSWERS.values())
    return [
        entry
        for entry in machine.list_history(session, referral_id)
        if entry.event in told
    ]
