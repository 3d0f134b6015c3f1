"""Which routes a plan takes, and to which office each of them goes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.orm import Session

from hotline.core.errors import Conflict, InvalidInput, NotFound, phrase
from hotline.intake.values import clean_reason
from partners.directory.kinds import KIND_NAMES, KIND_OF_ROUTE
from partners.directory.lookup import (
    find_usable_partners,
    office_of,
    propose_partner,
)
from partners.directory.models import Partner
from partners.directory.territory import coverage_of
from partners.plans.making.places import municipality_of, places_on_route
from partners.referrals.routes import PlannedRoute
from partners.referrals.telling.offices import REFERRAL_ROUTES
from triage.cases.models import Case
from triage.jurisdiction import HELPERS, Route, Routing

NOTICE_ROUTES = frozenset(
    {"provider_notice", "cdn_notice", "platform", "preservation_request"}
)


def can_take(route: Route) -> bool:
    """Whether a plan may hold the route; the others tell a person what to do by hand."""
    return route.to in NOTICE_ROUTES | REFERRAL_ROUTES


def choose_routes(
    session: Session,
    case: Case,
    chosen: Mapping[str, uuid.UUID | None],
    reasons: Mapping[str, str],
) -> list[PlannedRoute]:
    """The routes with the partner that was picked for each, in the order of the rules."""
    offered = [
        route
        for route in Routing.from_json(case.routing).routes
        if can_take(route)
    ]
    if not chosen:
        nothing = phrase("Choose at least one route.")
        raise InvalidInput(nothing, fields={"/routes": nothing})
    # The rules may have changed while the page was open.
    if chosen.keys() - {route.id for route in offered}:
        raise InvalidInput(
            phrase("This route is not one of the case's."),
            hint=phrase("Reload the page."),
        )
    place = municipality_of(case)
    return [
        replace(
            _plan_route(
                session, route, chosen[route.id], reasons.get(route.id), place
            ),
            item_ids=_name_items(case, route),
        )
        for route in offered
        if route.id in chosen
    ]


def _name_items(case: Case, route: Route) -> tuple[uuid.UUID, ...]:
    """Empty where the route is about all of the case."""
    places = places_on_route(case, route)
    # Who helps a child is told of all that happened to it.
    if route.to in HELPERS or len(places) == len(case.located):
        return ()
    return tuple(place.item_id for place in places)


def _plan_route(
    session: Session,
    route: Route,
    partner_id: uuid.UUID | None,
    reason: str | None,
    municipality: str | None,
) -> PlannedRoute:
    # Its contact is looked up when the notice leaves, as hosts move.
    if route.to in NOTICE_ROUTES and partner_id is None:
        return PlannedRoute(route)
    partner = _choose_partner(session, route, partner_id, municipality)
    coverage = coverage_of(office_of(partner).territory, municipality)
    needed = _require_reason(partner, reason) if coverage.needs_reason else ""
    return PlannedRoute(route, partner.id, needed)


def _choose_partner(
    session: Session,
    route: Route,
    chosen: uuid.UUID | None,
    municipality: str | None,
) -> Partner:
    kind = KIND_OF_ROUTE[route.to]
    if chosen is not None:
        named = session.get(Partner, chosen)
        if (
            named is None
            or named.kind != kind
            or named.disabled_at is not None
        ):
            raise NotFound(phrase("There is no such partner for this route."))
        return named
    able = find_usable_partners(session, kind, route.country)
    if not able:
        raise Conflict(
            phrase(
                "Nobody who could take this route has a confirmed address: %(kind)s, %(country)s."
            ),
            values={
                "kind": KIND_NAMES[kind],
                "country": route.country or "?",
            },
            hint=phrase("Enter and confirm one in the directory."),
        )
    partner = propose_partner(able, municipality)
    # Several offices fit, and the first of a list is nobody's decision.
    if partner is None:
        to_whom = phrase("Choose to whom this goes.")
        raise InvalidInput(to_whom, fields={"/routes": to_whom})
    return partner


def _require_reason(partner: Partner, given: str | None) -> str:
    reason = clean_reason(given or "")
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
