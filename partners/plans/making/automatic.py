"""The one act towards others that no person decides: telling the police of a known match.

Only on lists that were switched on for it (``triage.hashlists.police_switch``), once a case, and
with the same hold as ever: the host is told nothing before the police let it go. The class, the
notices and everything else stay with people.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import Unavailable
from hotline.core.jobs.task import Task
from hotline.core.storage import audit
from hotline.core.storage.ids import new_id
from partners.directory.lookup import find_candidates, propose_partner
from partners.plans.making.basis import routing_digest
from partners.plans.making.places import municipality_of
from partners.referrals import service
from partners.referrals.models import Plan, Referral
from partners.referrals.routes import PlannedRoute
from partners.referrals.telling.evidence import Evidence
from partners.states import PlanEvent
from triage.cases.examination.police import find_evidence, police_route
from triage.cases.locking import lock_case
from triage.cases.models import Case
from triage.hashlists.models import MediaMatch

NOTE = "Made by the service itself on a known match; nobody has assessed the case for it."


def refer_automatically(task: Task) -> None:
    """Everything is looked at anew: a list may have been switched off since, or a person quicker.

    An office whose address nobody confirmed yet gets it once somebody has; ``Unavailable`` where
    the directory names no police at all.
    """
    with task.context.database.writing() as session:
        case = lock_case(session, task.id_of("case_id"))
        task.mark_done(session)
        # Asked by the rules and lists of now: hours may lie between the match
        # and this job.
        match, route = find_evidence(session, case), police_route(case)
        if match is None or route is None or _is_told(session, case):
            return
        offices = find_candidates(session, route.to, route.country, route.name)
        if not offices:
            raise Unavailable(
                f"The directory has no police in {route.country} to tell of {case.reference}.",
                hint="Add and confirm them.",
            )
        office = propose_partner(offices, municipality_of(case))
        if office is None:
            raise Unavailable(
                f"Several offices of {route.country} could be told of {case.reference}.",
                hint="Tell one of them by hand, or leave one for the whole country enabled.",
            )
        act = Act(session, task.context, audit.SYSTEM, task.now)
        _refer_to_office(act, case, PlannedRoute(route, office.id), match)


def _is_told(session: Session, case: Case) -> bool:
    """Also a referral that was withdrawn: then a person has said no."""
    referrals = select(Referral.id).where(
        Referral.case_id == case.id, Referral.kind == "police"
    )
    return session.scalar(referrals.limit(1)) is not None


def _refer_to_office(
    act: Act, case: Case, route: PlannedRoute, match: MediaMatch
) -> None:
    evidence = Evidence.of_match(match)
    plan = _approve_by_itself(act, case, route, evidence)
    referral = service.create_referral(act, plan, route, evidence=evidence)
    act.record(
        "referral.automatic",
        "case",
        case.id,
        case=case.reference,
        referral=referral.reference,
        **evidence.to_json(),
    )


def _approve_by_itself(
    act: Act, case: Case, route: PlannedRoute, evidence: Evidence
) -> Plan:
    plan = Plan(
        id=new_id(),
        case_id=case.id,
        case=case,
        routes=[route.to_json()],
        note=NOTE,
        requested_at=act.now,
        requested_by=act.actor,
        # Nobody asked for it, so nobody could agree with themselves; the
        # database wants it said.
        two_person=False,
        round=case.round,
        routing_digest=routing_digest(case),
    )
    act.begin(plan, case=case.reference, routes=["police"])
    act.advance(plan, PlanEvent.APPROVED, **evidence.to_json())
    return plan
