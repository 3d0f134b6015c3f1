"""Plans: a person chooses routes for a case, another one approves, and the measures begin.

Police first: where a plan tells the police, a hold is pending from the moment of approval, and a
notice that must wait for it does.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    phrase,
)
from hotline.core.storage import machine
from hotline.core.storage.ids import new_id
from partners.directory.kinds import KIND_OF_ROUTE
from partners.directory.lookup import (
    find_usable_partners,
    office_of,
    propose_partner,
)
from partners.directory.models import Partner
from partners.directory.territory import LONGEST_REASON, coverage_of
from partners.notices import service as notices
from partners.notices.models import UNDER_WAY, Notice
from partners.plans.basis import IN_DANGER, routing_digest, why_outdated
from partners.plans.places import municipality_of
from partners.plans.review import review_measures
from partners.referrals import service as referrals
from partners.referrals.models import Plan, Referral
from partners.watching.service import start_watch
from triage.cases.examination.appraise import appraise_by_rules_of_now
from triage.cases.examination.register import tell_reporters
from triage.cases.locking import lock_case
from triage.cases.models import Case
from triage.jurisdiction import Route, Routing

NOTICE_ROUTES = frozenset(
    {"provider_notice", "cdn_notice", "platform", "preservation_request"}
)
REFERRAL_ROUTES = frozenset(
    {
        "police",
        "interpol_ncb",
        "hotline",
        "ncmec",
        "helpline",
        "child_protection_unit",
    }
)


def can_take(route: Route) -> bool:
    """Whether a plan may hold the route; the others tell a person what to do by hand."""
    return route.to in NOTICE_ROUTES | REFERRAL_ROUTES


def request_plan(
    session: Session,
    context: Context,
    case: Case,
    person: Person,
    chosen: Mapping[str, uuid.UUID | None],
    *,
    note: str,
    now: datetime,
    reasons: Mapping[str, str] | None = None,
    seen_routes: str | None = None,
) -> Plan:
    """Ask for routes to be taken. ``chosen``: ``Route.id`` -> partner, None = any.

    ``reasons``: why a route goes to an office of another municipality than the child's, which the
    second person reads. ``seen_routes``: the digest of the routing that the person chose from.
    """
    lock_case(session, case.id)
    appraise_by_rules_of_now(session, context, case, now)
    if seen_routes is not None and seen_routes != routing_digest(case):
        raise Conflict(
            phrase("The routes of this case have changed."),
            hint=phrase("Look at them again and choose anew."),
        )
    review_measures(session, context, case, now=now)
    routes = _chosen(session, case, chosen, reasons or {})
    _require_ready(case, routes)
    _require_police(session, case, routes)
    _require_new(session, case, routes)
    if open_plan(session, case.id) is not None:
        raise Conflict(
            phrase("A plan for this case waits for approval already.")
        )
    plan = Plan(
        id=new_id(),
        case_id=case.id,
        case=case,
        routes=routes,
        note=note.strip()[:4000],
        requested_at=now,
        requested_by=person.actor,
        two_person=context.settings.second_person,
        round=case.round,
        routing_digest=routing_digest(case),
    )
    machine.begin_state(
        session,
        plan,
        actor=person.actor,
        now=now,
        case=case.reference,
        routes=[route["to"] for route in routes],
        **_elsewhere(routes),
    )
    return plan


def _elsewhere(routes: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """For the history: which offices were chosen against the place, never where the child is."""
    chosen = [
        route["partner_id"]
        for route in routes
        if route.get("territory_reason")
    ]
    return {"chosen_against_place": chosen} if chosen else {}


def open_plan(session: Session, case_id: uuid.UUID) -> Plan | None:
    query = select(Plan).where(
        Plan.case_id == case_id, Plan.state == "requested"
    )
    return session.scalar(query)


def approve_plan(
    session: Session,
    context: Context,
    plan: Plan,
    person: Person,
    *,
    now: datetime,
) -> None:
    """A second person says yes: referrals and notices are made and go their way.

    Of a plan that rests on an older state of the case, only what the rules of now still allow is
    done: less than was asked for, never more, so that the police are told at once. Where nothing
    is left the plan is superseded; see its state.
    """
    if plan.two_person and plan.requested_by == person.actor:
        raise Forbidden(
            "Whoever asked for a plan cannot approve it.",
            hint="Ask another analyst to look.",
        )
    lock_case(session, plan.case_id)
    appraise_by_rules_of_now(session, context, plan.case, now)
    if plan.state == "requested" and why_outdated(plan, plan.case):
        review_measures(session, context, plan.case, now=now)
        if plan.state == "superseded":
            return
    _require_ready(plan.case, plan.routes)
    _require_police(session, plan.case, plan.routes)
    plan.approved_by = person.actor
    machine.advance_state(
        session, plan, "approved", actor=person.actor, now=now
    )
    case = plan.case
    if case.machine.allows(case.state, "plan_approved"):
        machine.advance_state(
            session, case, "plan_approved", actor=person.actor, now=now
        )
    for route in plan.routes:
        if route["to"] not in REFERRAL_ROUTES or _knows_already(
            session, case, route
        ):
            continue
        referrals.create(
            session, context, plan, route, actor=person.actor, now=now
        )
    for route in plan.routes:
        if route["to"] in NOTICE_ROUTES:
            notices.create_notice(
                session, context, plan, route, actor=person.actor, now=now
            )
    if case.state == "in_progress":
        tell_reporters(
            session, case.item_id, "passed_on", actor=person.actor, now=now
        )
        start_watch(Act(session, context, person.actor, now), case)


def refuse_plan(
    session: Session, plan: Plan, person: Person, *, note: str, now: datetime
) -> None:
    """Not like this: a second person rejects, or the one who asked withdraws."""
    lock_case(session, plan.case_id)
    event = "withdrawn" if plan.requested_by == person.actor else "rejected"
    machine.advance_state(
        session,
        plan,
        event,
        actor=person.actor,
        now=now,
        note=note.strip()[:1000],
    )


def _require_ready(case: Case, routes: Sequence[Mapping[str, Any]]) -> None:
    if case.state in ("assessed", "in_progress"):
        return
    if case.danger_now and all(route["to"] in IN_DANGER for route in routes):
        return
    raise Conflict(
        phrase("This case is not assessed yet."),
        hint=phrase(
            "Only police and helpline can be told before, and only of a child in danger."
        ),
    )


def _require_police(
    session: Session, case: Case, routes: Sequence[Mapping[str, Any]]
) -> None:
    """A notice that waits for the police's release needs police who can release it."""
    if not any(route["after"] == "police_release" for route in routes):
        return
    if any(route["to"] == "police" for route in routes):
        return
    told = (
        select(Referral.id)
        .join(Plan, Plan.id == Referral.plan_id)
        .where(
            Referral.case_id == case.id,
            Referral.kind == "police",
            Referral.state != "withdrawn",
            Plan.round == case.round,
        )
    )
    if session.scalar(told.limit(1)) is None:
        raise InvalidInput(
            phrase(
                "Such a notice leaves only after the police have released it."
            ),
            fields={"/routes": "Choose the police as well."},
            hint=phrase("Choose the police as well."),
        )


def _knows_already(
    session: Session, case: Case, route: Mapping[str, Any]
) -> bool:
    """The service told this office by itself after the plan was asked for."""
    told = referrals.of_case(session, case.id)
    return any(
        one.automatic
        and str(one.partner_id) == route["partner_id"]
        and one.state != "withdrawn"
        for one in told
    )


def _require_new(
    session: Session, case: Case, routes: Sequence[Mapping[str, Any]]
) -> None:
    """A host that has a notice gets reminders, not a second notice of the same kind."""
    wanted = [route["to"] for route in routes if route["to"] in NOTICE_ROUTES]
    under_way = select(Notice.kind).where(
        Notice.case_id == case.id,
        Notice.state.in_(UNDER_WAY),
        Notice.kind.in_(wanted),
    )
    if (
        len(set(wanted)) < len(wanted)
        or session.scalar(under_way.limit(1)) is not None
    ):
        raise Conflict(
            phrase("Such a notice is under way already."),
            hint=phrase(
                "It is reminded of by itself; withdraw it first if it went to the wrong host."
            ),
        )


def _chosen(
    session: Session,
    case: Case,
    chosen: Mapping[str, uuid.UUID | None],
    reasons: Mapping[str, str],
) -> list[dict[str, Any]]:
    """The routes with the partner that was picked for each, in the order of the rules."""
    offered = [
        route
        for route in Routing.from_json(case.routing).routes
        if can_take(route)
    ]
    if not chosen:
        nothing = phrase("Choose at least one route.")
        raise InvalidInput(nothing, fields={"/routes": nothing})
    if chosen.keys() - {route.id for route in offered}:
        raise InvalidInput(
            "This route is not one of the case's.", hint="Reload the page."
        )
    routes = []
    place = municipality_of(case)
    for route in offered:
        if route.id not in chosen:
            continue
        planned, partner_id = route.to_json(), chosen[route.id]
        if route.to in REFERRAL_ROUTES or partner_id is not None:
            partner = _partner(session, route, partner_id, place)
            planned["partner_id"] = str(partner.id)
            covered = coverage_of(office_of(partner).territory, place)
            if covered.needs_reason:
                reason = _required_reason(partner, reasons.get(route.id))
                planned["territory_reason"] = reason
        routes.append(planned)
    return routes


def _partner(
    session: Session,
    route: Route,
    chosen: uuid.UUID | None,
    municipality: str | None,
) -> Partner:
    kind = KIND_OF_ROUTE[route.to]
    if chosen is not None:
        found = session.get(Partner, chosen)
        if (
            found is None
            or found.kind != kind
            or found.disabled_at is not None
        ):
            raise NotFound("There is no such partner for this route.")
        return found
    able = find_usable_partners(session, kind, route.country)
    if not able:
        raise Conflict(
            phrase(
                "Nobody who could take this route has a confirmed address: %(kind)s, %(country)s."
            ),
            values={
                "kind": kind.replace("_", " "),
                "country": route.country or "?",
            },
            hint=phrase("Enter and confirm one in the directory."),
        )
    partner = propose_partner(able, municipality)
    if partner is None:
        to_whom = phrase("Choose to whom this goes.")
        raise InvalidInput(to_whom, fields={"/routes": to_whom})
    return partner


def _required_reason(partner: Partner, given: str | None) -> str:
    reason = " ".join((given or "").split())[:LONGEST_REASON]
    if not reason:
        raise InvalidInput(
            phrase(
                "%(office)s is not the office of the child's municipality."
            ),
            values={"office": partner.name},
            fields={"/reason": "is missing"},
            hint=phrase("Choose another one, or say why it goes there."),
        )
    return reason
