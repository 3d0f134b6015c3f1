"""Plans: a person chooses routes for a case, another one approves, and the measures begin.

Police first: where a plan tells the police, a hold is pending from the moment of approval, and a
notice that must wait for it does.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.errors import (
    Conflict,
    phrase,
)
from hotline.core.second_person import require_two
from hotline.core.storage import machine
from hotline.core.storage.ids import new_id
from hotline.intake.registry.vocabulary import PartEvent
from partners.notices import service as notices
from partners.plans.making.basis import IN_DANGER, routing_digest, why_outdated
from partners.plans.making.choosing import NOTICE_ROUTES, choose_routes
from partners.plans.making.once import (
    give_reasons,
    leave_out_told,
    list_unnoticed,
    require_once,
)
from partners.plans.making.police_first import (
    decide_without_police,
    require_police,
)
from partners.plans.review import review_measures
from partners.referrals import service as referrals
from partners.referrals.models import Plan
from partners.referrals.routes import PlannedRoute
from partners.referrals.telling.offices import REFERRAL_ROUTES
from partners.referrals.telling.told import require_substance
from partners.states import PlanEvent, PlanState
from partners.watching.service import start_watches
from triage.cases.examination.appraise import appraise_by_rules_of_now
from triage.cases.examination.reporters import tell_reporters_of_case
from triage.cases.locking import lock_case
from triage.cases.models import Case
from triage.cases.people.summaries import digest_of_people
from triage.cases.vocabulary import CaseEvent, CaseState


def request_plan(
    act: Act,
    case: Case,
    chosen: Mapping[str, uuid.UUID | None],
    *,
    note: str,
    reasons: Mapping[str, str] | None = None,
    again: Mapping[str, str] | None = None,
    without_police: str = "",
    seen_routes: str | None = None,
) -> Plan:
    """Ask for routes to be taken. ``chosen``: ``Route.id`` -> partner, None = any.

    ``reasons``: why a route goes to an office of another municipality than the child's, which the
    second person reads. ``again``: why whoever has a letter or notice about the case gets another.
    ``without_police``: why the police are not told, where the rules leave it to people.
    ``seen_routes``: the digest of the routing that the person chose from.
    """
    session = act.session
    lock_case(session, case.id)
    appraise_by_rules_of_now(session, act.context, case, act.now)
    # Only now: what the person chose from is compared with what today's rules
    # say.
    _require_seen(case, seen_routes)
    review_measures(session, act.context, case, now=act.now)
    routes = give_reasons(
        choose_routes(session, case, chosen, reasons or {}), again or {}
    )
    routes = decide_without_police(routes, without_police)
    _require_ready(case, routes)
    require_police(session, case, routes)
    require_once(session, case, routes)
    _require_substance(act, case, routes)
    return _begin_plan(act, case, routes, note)


def _require_seen(case: Case, seen_routes: str | None) -> None:
    if seen_routes is not None and seen_routes != routing_digest(case):
        raise Conflict(
            phrase("The routes of this case have changed."),
            hint=phrase("Look at them again, then choose."),
        )


def _begin_plan(
    act: Act, case: Case, routes: Sequence[PlannedRoute], note: str
) -> Plan:
    if find_open_plan(act.session, case.id) is not None:
        raise Conflict(
            phrase("A plan for this case waits for approval already.")
        )
    plan = Plan(
        id=new_id(),
        case_id=case.id,
        case=case,
        routes=[route.to_json() for route in routes],
        note=note.strip()[:4000],
        requested_at=act.now,
        requested_by=act.actor,
        two_person=act.context.settings.second_person,
        round=case.round,
        routing_digest=routing_digest(case),
    )
    act.begin(
        plan,
        case=case.reference,
        routes=[route.to for route in routes],
        **_list_exceptions(routes),
    )
    return plan


def _list_exceptions(
    routes: Sequence[PlannedRoute],
) -> dict[str, list[str]]:
    """For the history: who was chosen against the place, never where the child is; who again."""
    exceptions = {
        "chosen_against_place": [
            str(route.partner_id) for route in routes if route.territory_reason
        ],
        "told_again": [
            str(route.partner_id or route.to)
            for route in routes
            if route.again_reason
        ],
        "without_police": [
            route.to for route in routes if route.without_police
        ],
    }
    return {name: offices for name, offices in exceptions.items() if offices}


def find_open_plan(session: Session, case_id: uuid.UUID) -> Plan | None:
    query = select(Plan).where(
        Plan.case_id == case_id, Plan.state == PlanState.REQUESTED
    )
    return session.scalar(query)


def approve_plan(
    act: Act, plan: Plan, *, read_people: str | None = None
) -> None:
    """A second person says yes: referrals and notices are made and go their way.

    ``read_people``: the digest of what they read of the people, see ``digest_of_people``.

    Of a plan that rests on an older state of the case, only what the rules of now still allow is
    done: less than was asked for, never more, so that the police are told at once. Where nothing
    is left the plan is superseded; see its state.
    """
    session = act.session
    require_two(plan.requested_by, act.actor, is_needed=plan.two_person)
    lock_case(session, plan.case_id)
    appraise_by_rules_of_now(session, act.context, plan.case, act.now)
    # The job that reviews plans may not have come to this one yet.
    if plan.state == PlanState.REQUESTED and why_outdated(plan, plan.case):
        review_measures(session, act.context, plan.case, now=act.now)
    # The service may have told the police by itself, or a letter that failed
    # goes out again.
    if plan.state == PlanState.REQUESTED:
        leave_out_told(act, plan)
    if plan.state == PlanState.SUPERSEDED:
        return
    _require_ready(plan.case, plan.planned_routes)
    require_police(session, plan.case, plan.planned_routes)
    # After the lock, so that no word can be added between the look and the
    # letter.
    _require_read(session, plan.case, read_people)
    _require_substance(act, plan.case, plan.planned_routes)
    plan.approved_by = act.actor
    act.advance(plan, PlanEvent.APPROVED)
    _take_measures(act, plan)


def _take_measures(act: Act, plan: Plan) -> None:
    """Offices before hosts: a hold is on the case before a notice could leave."""
    case = plan.case
    # Not of a child in danger whose case nobody has assessed yet: it goes on
    # being assessed.
    if case.machine.allows(case.state, CaseEvent.PLAN_APPROVED):
        act.advance(case, CaseEvent.PLAN_APPROVED)
    for route in plan.planned_routes:
        if route.to in REFERRAL_ROUTES:
            referrals.create_referral(act, plan, route)
    for route in plan.planned_routes:
        if route.to in NOTICE_ROUTES:
            places = list_unnoticed(act.session, case, route)
            notices.create_notices(act, plan, route, places)
    if case.state == CaseState.IN_PROGRESS:
        tell_reporters_of_case(act, case, PartEvent.PASSED_ON)
        start_watches(act, case)


def refuse_plan(
    session: Session, plan: Plan, person: Person, *, note: str, now: datetime
) -> None:
    """Not like this: a second person rejects, or the one who asked withdraws."""
    lock_case(session, plan.case_id)
    event = (
        PlanEvent.WITHDRAWN
        if plan.requested_by == person.actor
        else PlanEvent.REJECTED
    )
    machine.advance_state(
        session,
        plan,
        event,
        actor=person.actor,
        now=now,
        note=note.strip()[:1000],
    )


def _require_ready(case: Case, routes: Sequence[PlannedRoute]) -> None:
    if case.state in (CaseState.ASSESSED, CaseState.IN_PROGRESS):
        return
    if case.danger_now and all(route.to in IN_DANGER for route in routes):
        return
    raise Conflict(
        phrase("This case is not assessed yet."),
        hint=phrase(
            "Only police and helpline can be told before, and only of a child in danger."
        ),
    )


def _require_substance(
    act: Act, case: Case, routes: Sequence[PlannedRoute]
) -> None:
    kinds = [route.to for route in routes if route.to in REFERRAL_ROUTES]
    require_substance(act.session, act.context, case, kinds)


def _require_read(
    session: Session, case: Case, read_people: str | None
) -> None:
    """Nobody approves words or facts that were written after they looked."""
    if read_people is None or read_people == digest_of_people(session, case):
        return
    raise Conflict(
        phrase("What is known of the people has changed since you looked."),
        hint=phrase("Read what would be told, and approve then."),
    )
