"""No host is told before the police let it go, or before people decided that they are not told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from hotline.core.errors import Conflict, InvalidInput, phrase
from hotline.intake.values import clean_reason
from partners.plans.making.basis import routing_digest
from partners.referrals.routes import PlannedRoute, tells_police
from partners.referrals.without_police import (
    has_police,
    is_decided,
    may_be_decided,
    may_go_without,
)
from triage.cases.models import Case


def decide_without_police(
    routes: Sequence[PlannedRoute], why: str
) -> list[PlannedRoute]:
    """The routes, with why those that wait for the police are taken without them.

    Whoever chooses the police as well has decided for them, whatever else was typed.
    """
    reason = "" if tells_police(routes) else clean_reason(why)
    return [
        replace(route, without_police=reason)
        if route.waits_for_police and may_go_without(route.to)
        else route
        for route in routes
    ]


def require_police(
    session: Session, case: Case, routes: Sequence[PlannedRoute]
) -> None:
    """A notice that waits for the police's release needs police who can release it, or people who
    decided with a reason that they are not told, as long as the rules leave it to them."""
    waiting = [route for route in routes if route.waits_for_police]
    if not waiting or tells_police(routes) or has_police(session, case):
        return
    are_hosts = all(may_go_without(route.to) for route in waiting)
    # Who asks for more on other facts says once more why: the two who decided saw none of those.
    as_of = routing_digest(case)
    if are_hosts and is_decided(session, case, as_of=as_of):
        return
    if not all(route.without_police for route in waiting):
        raise InvalidInput(
            phrase(
                "Such a notice leaves only after the police have released it."
            ),
            fields={"/routes": phrase("Choose the police as well.")},
            hint=phrase("Choose the police as well, or say why not.")
            if may_be_decided(case)
            else phrase("Choose the police as well."),
        )
    if not may_be_decided(case):
        raise Conflict(
            phrase("That the police are not told cannot be decided here."),
            hint=phrase("Choose the police as well."),
        )
