"""Planning and closing many cases at once, by the rules for one.

A plan of many is a plan for each, and waits for another person each: nobody approves in bulk.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, phrase
from partners.plans import closing
from partners.plans.making import planning
from partners.plans.making.choosing import NOTICE_ROUTES, can_take
from partners.referrals.telling.offices import REFERRAL_ROUTES
from triage.cases.bulk.deeds import (
    Deed,
    Foreseen,
    Look,
    Values,
    why_alone,
    why_held,
)
from triage.cases.models import Case
from triage.cases.vocabulary import CaseState
from triage.jurisdiction import Routing

ROUTES = tuple(sorted(NOTICE_ROUTES | REFERRAL_ROUTES))


def _read_routes(
    _session: Session, _context: Context, form: Mapping[str, str]
) -> Values:
    chosen = [to for to in ROUTES if form.get(f"route-{to}")]
    if not chosen:
        missing = phrase("Choose at least one route.")
        raise InvalidInput(missing, fields={"/routes": missing})
    return {"routes": chosen}


def _foresee_plan(look: Look, case: Case) -> Foreseen:
    if case.state not in (CaseState.ASSESSED, CaseState.IN_PROGRESS):
        return Foreseen(obstacle=phrase("This case is not assessed yet."))
    obstacle = why_alone(case) or why_held(look, case)
    if obstacle:
        return Foreseen(obstacle=obstacle)
    if planning.find_open_plan(look.session, case.id) is not None:
        return Foreseen(
            obstacle=phrase("A plan for this case waits for approval already.")
        )
    if not _chosen_routes(case, look.values):
        return Foreseen(
            obstacle=phrase("The case has none of the chosen routes.")
        )
    return Foreseen(phrase("A plan is asked for; another person approves it"))


def _plan(
    act: Act, case: Case, _person: Person, values: Values, reason: str
) -> None:
    # Asked again when it is done: between the draft and the job the rules may
    # have named other routes.
    chosen = _chosen_routes(case, values)
    # To no chosen office: where several could take a route, a person has to
    # look at that case.
    planning.request_plan(act, case, dict.fromkeys(chosen, None), note=reason)


def _chosen_routes(case: Case, values: Values) -> list[str]:
    wanted = values["routes"]
    # Values went through JSON, which keeps no types.
    assert isinstance(wanted, list)
    return [
        route.id
        for route in Routing.from_json(case.routing).routes
        if route.to in wanted and can_take(route)
    ]


def _read_nothing(
    _session: Session, _context: Context, _form: Mapping[str, str]
) -> Values:
    return {}


def _foresee_closing(look: Look, case: Case) -> Foreseen:
    obstacle = (
        closing.find_obstacle(look.session, case)
        or why_alone(case)
        or why_held(look, case)
    )
    if obstacle:
        return Foreseen(obstacle=obstacle)
    return Foreseen(phrase("Closed; its reporters are told"))


def _close(
    act: Act, case: Case, _person: Person, _values: Values, reason: str
) -> None:
    closing.close_case(act, case, why=reason)


DEEDS = (
    Deed(
        "plan",
        phrase("Ask for a plan"),
        "bulk.plan",
        "plan.request",
        "partners/bulk_plan.html",
        _read_routes,
        _foresee_plan,
        _plan,
    ),
    Deed(
        "close",
        phrase("Close"),
        "bulk.close",
        "plan.approve",
        "",
        _read_nothing,
        _foresee_closing,
        _close,
    ),
)
